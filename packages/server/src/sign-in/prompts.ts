// When is a person asked to sign in, and when to agree? The library's policy, with what only we know.
import type { interactionPolicy, KoaContextWithOIDC } from 'oidc-provider';
import { type Clock, seconds } from '../primitives/clock.ts';
import { Refusal } from '../primitives/refusal.ts';
import type { WantedSignIn } from './authorization-request.ts';
import { askedOf } from './codes.ts';

export interface PromptContext {
  readonly clock: Clock;
  readonly judge: (asked: string, clientId: string) => WantedSignIn;
  /** @returns the `sub` that the client has in mind */
  readonly hinted: (asked: string) => string | undefined;
  /** Could another program on the person's machine pretend to be this client? */
  readonly isNative: (clientId: string) => boolean;
}

export function createPrompts(
  { base, Check, Prompt }: typeof interactionPolicy,
  context: PromptContext,
): interactionPolicy.DefaultPolicy {
  const prompts = base();
  const signIn = prompts.get('login')?.checks;
  signIn?.add(
    new Check('redirect_uri', 'the redirect URI is registered no more', ({ oidc: { params, client } }) => {
      const { redirect_uri: uri } = params ?? {};
      if (typeof uri === 'string' && client?.redirectUriAllowed(uri) !== true)
        throw new Refusal('redirect_uri_unregistered');
      return Check.NO_NEED_TO_PROMPT;
    }),
  );
  signIn?.remove('max_age');
  signIn?.remove('id_token_hint');
  signIn?.add(
    new Check('max_age', 'the person signed in too long ago', 'login_required', ({ oidc }) => {
      const { params, session, result } = oidc;
      if (params?.max_age === undefined || result?.login !== undefined) return Check.NO_NEED_TO_PROMPT;
      return seconds(context.clock) - (session?.loginTs ?? 0) > Number(params.max_age);
    }),
  );
  signIn?.add(
    new Check('account_gone', 'the account is gone', 'login_required', ({ oidc: { session, account } }) => {
      return session?.accountId !== undefined && account === undefined;
    }),
  );
  signIn?.add(
    new Check('id_token_hint', 'another person is signed in', 'login_required', ({ oidc }) => {
      const { params, session } = oidc;
      const hinted = context.hinted(askedOf({ params }));
      return hinted !== undefined && hinted !== session?.accountId;
    }),
  );
  prompts.remove('consent');
  prompts.add(
    new Prompt(
      { name: 'consent', requestable: true },
      new Check('not_agreed', 'the person has not agreed', 'consent_required', ({ oidc }) => !isAgreed(oidc, context)),
    ),
  );
  return prompts;
}

/**
 * Remembered in the session for the same client, and for each target by scope. Who acts, what outlives the session, a device, and a
 * client that another program could pretend to be (RFC 8252 section 8.6) are asked about every time.
 */
function isAgreed(
  { result, entities, client, params, route }: KoaContextWithOIDC['oidc'],
  context: PromptContext,
): boolean {
  if (result?.consent !== undefined) return true;
  const { Grant: grant } = entities;
  if (grant === undefined || client === undefined || /device|code_verification/.test(route)) return false;
  const { targets, scope, actor } = context.judge(askedOf({ params }), client.clientId);
  if (actor !== undefined || scope.has('offline_access') || context.isNative(client.clientId)) return false;
  return targets.every(({ audience }) => {
    const agreed = new Set(grant.getResourceScope(audience).split(' '));
    return scope.isSubsetOf(agreed);
  });
}
