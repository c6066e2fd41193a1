// When is a person asked to sign in, and when to agree? Adapts the interaction policy of oidc-provider.
import type { interactionPolicy, KoaContextWithOIDC } from 'oidc-provider';
import { type Clock, seconds } from '../primitives/clock.ts';
import { Refusal } from '../primitives/refusal.ts';
import type { WantedSignIn } from './authorization-request.ts';
import { packedRequestOf } from './codes.ts';

export interface PromptContext {
  readonly clock: Clock;
  readonly judge: (asked: string, clientId: string) => WantedSignIn;
  /** @returns the `sub` of `id_token_hint` */
  readonly hinted: (asked: string) => string | undefined;
  /** Could another program on the person's machine impersonate this client? */
  readonly isNative: (clientId: string) => boolean;
  /** Is it a page of this server? */
  readonly isOwn: (clientId: string) => boolean;
}

export function createPrompts(
  { base, Check, Prompt }: typeof interactionPolicy,
  context: PromptContext,
): interactionPolicy.DefaultPolicy {
  const prompts = base();
  const signIn = prompts.get('login')?.checks;
  signIn?.add(
    new Check('redirect_uri', 'the redirect URI is no longer registered', ({ oidc: { params, client } }) => {
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
      const hinted = context.hinted(packedRequestOf({ params }));
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
 * Consent is remembered for the session, by client, target and scope. The person is always asked for an actor, for offline access, for
 * a device, after the document of the client changed, and for a client that another program could impersonate (RFC 8252 section 8.6).
 */
function isAgreed(
  { result, entities, client, params, route }: KoaContextWithOIDC['oidc'],
  context: PromptContext,
): boolean {
  if (result?.consent !== undefined) return true;
  const { Grant: grant } = entities;
  if (client !== undefined && context.isOwn(client.clientId)) return true;
  if (grant === undefined || client === undefined || /device|code_verification/.test(route)) return false;
  const { targets, scope, document, actor } = context.judge(packedRequestOf({ params }), client.clientId);
  if (actor !== undefined || scope.has('offline_access') || context.isNative(client.clientId)) return false;
  if (document !== (grant as { readonly document?: string }).document) return false;
  return targets.every(({ audience }) => {
    const agreed = new Set(grant.getResourceScope(audience).split(' '));
    return scope.isSubsetOf(agreed);
  });
}
