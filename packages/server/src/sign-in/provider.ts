// How is the library set up? The browser half alone: it signs nothing of ours, authenticates no client, and answers no token.
import { generateKeyPairSync } from 'node:crypto';
import type { Configuration, Provider } from 'oidc-provider';
import type { FailureLimit } from '../client-auth/failure-limit.ts';
import type { Revocable } from '../issuing/revocations.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import type { Client } from '../model/client.ts';
import { SIGN_IN_SCOPES } from '../narrowing/narrow.ts';
import { publicAnswer, Refusal } from '../primitives/refusal.ts';
import { createAdapter } from './artifacts.ts';
import { ASKED, judgeNow } from './authorization-request.ts';
import { clientAdapter } from './client-metadata.ts';
import type { CodeContext } from './codes.ts';
import type { Cookies } from './cookies.ts';
import { describeFeatures } from './features.ts';
import { readHint } from './id-token-hint.ts';
import { type Began, describeKept, keepEpochs } from './kept.ts';
import { INNER_COOKIES } from './library.ts';
import { describeLifetimes } from './lifetimes.ts';
import { interactionPath, routes } from './paths.ts';
import { createPrompts } from './prompts.ts';
import { isRegistered } from './redirect-uri.ts';
import type { Upstream } from './upstream.ts';

export interface ProviderContext extends CodeContext {
  readonly issuer: string;
  readonly keys: KeyRing;
  readonly failures: FailureLimit;
  /** Another provider at which people sign in. */
  readonly upstream: (Upstream & { readonly first: boolean }) | undefined;
  /** Signs what forms carry. */
  readonly cookieKey: string;
  /** Told when a session ends because its owner left: what was issued with it dies. @param session its handle */
  readonly endSession: (session: string) => Promise<void>;
  /** The last revocation of many tokens that is known here. */
  readonly epoch: () => number;
  /** Has a session, an interaction or a consent been revoked since it began? @throws Refusal store_unavailable */
  readonly isRevoked: (kept: Revocable) => boolean;
}

/** It takes its time, and warns of every Node that has no long-term support yet. */
async function load(): Promise<typeof import('oidc-provider')> {
  const { warn } = console;
  console.warn = () => undefined;
  try {
    return await import('oidc-provider');
  } finally {
    console.warn = warn;
  }
}

/** Loaded where somebody can sign in. */
export async function createProvider(context: ProviderContext, cookies: Cookies): Promise<Provider> {
  const { default: Provider, errors, interactionPolicy } = await load();
  const { issuer, clients, accounts, clock } = context;
  const began: Began = new WeakMap();
  const prompts = createPrompts(interactionPolicy, {
    clock,
    judge: (asked, clientId) => judgeNow(asked, clientId, context),
    isNative: (clientId) => isNative(clients.get(clientId)),
    hinted: (asked) => readHint(new URLSearchParams(asked).get('id_token_hint') ?? undefined, context)?.sub,
  });
  /** A refusal of ours, in a form that the library can send to the client. */
  const checkAsked = (_context: unknown, asked: string | undefined, { clientId }: { clientId: string }): void => {
    try {
      judgeNow(asked ?? '', clientId, context);
    } catch (cause) {
      if (!(cause instanceof Refusal)) throw cause;
      const { error, description } = publicAnswer(cause, 'invalid_grant');
      throw Object.assign(new errors.CustomOIDCProviderError(error, description), { cause });
    }
  };
  const provider = new Provider(issuer, {
    ...describeProtocol(context, cookies),
    adapter: (kind: string) =>
      kind === 'Client'
        ? clientAdapter((id) => clients.get(id))
        : createAdapter(kind, context, describeKept(kind, Provider, began, context)),
    extraParams: { [ASKED]: checkAsked as never },
    interactions: { policy: prompts, url: (_context, { uid }) => interactionPath(issuer, uid) },
    features: describeFeatures(
      {
        usernameOf: async (sub) => (await accounts.find(sub))?.username ?? sub,
        clientOf: (id) => clients.get(id) ?? { id },
      },
      (ctx, error) => provider.emit('code_verification.error', ctx, error),
    ),
  });
  keepEpochs(provider, began, context);
  Object.assign(provider.Client.prototype, {
    redirectUriAllowed(this: { clientId: string }, uri: string) {
      return isRegistered(uri, clients.get(this.clientId)?.redirectUris ?? []);
    },
    postLogoutRedirectUriAllowed(this: { clientId: string }, uri: string) {
      return clients.get(this.clientId)?.postLogoutRedirectUris.includes(uri) === true;
    },
  });
  return provider;
}

/** What of the protocols is spoken, and how long what they leave behind lives. */
function describeProtocol(
  { accounts, clock, targeting }: ProviderContext,
  { sessionName, attributes }: Cookies,
): Configuration {
  return {
    clients: [],
    clientDefaults: { id_token_signed_response_alg: 'ES256', grant_types: [], response_types: [] },
    // Never used: what it would sign we sign ourselves.
    jwks: { keys: [generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }) as never] },
    clientBasedCORS: () => false,
    conformIdTokenClaims: true,
    cookies: {
      names: { session: sessionName, ...INNER_COOKIES },
      long: { ...attributes, signed: false },
      short: { signed: false },
    },
    scopes: [...SIGN_IN_SCOPES, ...targeting.scopes],
    responseTypes: ['code'],
    pkce: { required: () => true },
    allowOmittingSingleRegisteredRedirectUri: true,
    expiresWithSession: () => false,
    findAccount: async (_context, sub) =>
      (await accounts.find(sub)) && { accountId: sub, claims: async () => ({ sub }) },
    renderError: (ctx, out) => {
      ctx.body = out;
    },
    routes,
    ttl: describeLifetimes(clock),
  };
}

const isNative = (client: Client | undefined): boolean =>
  client?.auth === 'none' && !client.redirectUris.every((uri) => uri.startsWith('https:'));
