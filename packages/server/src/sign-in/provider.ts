// Configures oidc-provider for the part in the browser. It does not authenticate clients and does not sign or answer tokens.
import { generateKeyPairSync } from 'node:crypto';
import type { Configuration, Provider } from 'oidc-provider';
import type { FailureLimit } from '../client-auth/failure-limit.ts';
import type { Revocable } from '../issuing/revocations.ts';
import type { Suspensions } from '../issuing/suspensions.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import { type Client, isPublic } from '../model/client.ts';
import { SIGN_IN_SCOPES } from '../narrowing/narrow.ts';
import { publicAnswer, Refusal } from '../primitives/refusal.ts';
import { tagCode } from '../regions/tag.ts';
import { createArtifactHooks, keepEpochs, type StartEpochs } from './artifact-hooks.ts';
import { createAdapter } from './artifacts.ts';
import { ASKED, evaluateRequestOf } from './authorization-request.ts';
import { clientAdapter } from './client-metadata.ts';
import type { CodeContext } from './codes.ts';
import type { Cookies } from './cookies.ts';
import { describeFeatures } from './features.ts';
import { readHint } from './id-token-hint.ts';
import { INNER_COOKIES } from './library.ts';
import { describeLifetimes } from './lifetimes.ts';
import { interactionPath, routes } from './paths.ts';
import { createPrompts } from './prompts.ts';
import { isRegistered } from './redirect-uri.ts';
import type { Upstream } from './upstream.ts';

export interface ProviderContext extends CodeContext {
  readonly issuer: string;
  readonly keys: KeyRing;
  /** Undefined if the server has one region. */
  readonly regions: { readonly name: string } | undefined;
  readonly failures: FailureLimit;
  /** The upstream provider, if people sign in there. */
  readonly upstream: (Upstream & { readonly first: boolean }) | undefined;
  /** The key of form tokens. */
  readonly cookieKey: string;
  /** Called when a person signs out: revokes what was issued in the session. @param session its handle */
  readonly endSession: (session: string) => Promise<void>;
  /** The last bulk revocation known to this process. */
  readonly epoch: () => number;
  /** Was a session, an interaction or a consent revoked since it began? @throws Refusal store_unavailable */
  readonly isRevoked: (kept: Revocable) => boolean;
  readonly suspensions: Pick<Suspensions, 'find'>;
}

/** Loading takes a while. The library prints a warning on Node versions without long-term support, which is suppressed. */
async function load(): Promise<typeof import('oidc-provider')> {
  const { warn } = console;
  console.warn = () => undefined;
  try {
    return await import('oidc-provider');
  } finally {
    console.warn = warn;
  }
}

/** Call it only if sign-in is configured: it loads the library. */
export async function createProvider(context: ProviderContext, cookies: Cookies): Promise<Provider> {
  const { default: Provider, errors, interactionPolicy } = await load();
  const { issuer, clients, accounts, clock } = context;
  const began: StartEpochs = new WeakMap();
  const prompts = createPrompts(interactionPolicy, {
    clock,
    judge: (asked, clientId) => evaluateRequestOf(asked, clientId, context),
    isNative: (clientId) => isNative(clients.get(clientId)),
    isOwn: (clientId) => clients.get(clientId)?.ownPage === true,
    hinted: (asked) => readHint(new URLSearchParams(asked).get('id_token_hint') ?? undefined, context)?.sub,
  });
  /** Converts our refusals to errors that the library can send to the client. */
  const checkAsked = (_context: unknown, asked: string | undefined, { clientId }: { clientId: string }): void => {
    try {
      evaluateRequestOf(asked ?? '', clientId, context);
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
        ? clientAdapter((id) => clients.find(id))
        : createAdapter(kind, context, createArtifactHooks(kind, Provider, began, context)),
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
  if (context.regions !== undefined) tagCodes(provider, context.regions.name);
  Object.assign(provider.Client.prototype, {
    redirectUriAllowed(this: { clientId: string }, uri: string) {
      return isRegistered(uri, clients.get(this.clientId) ?? { redirectUris: [] });
    },
    postLogoutRedirectUriAllowed(this: { clientId: string }, uri: string) {
      return clients.get(this.clientId)?.postLogoutRedirectUris.includes(uri) === true;
    },
  });
  return provider;
}

/** A code says which region has its record. The library makes the text. */
function tagCodes(provider: Provider, region: string): void {
  for (const { prototype } of [provider.AuthorizationCode, provider.DeviceCode] as const) {
    const { generateTokenId: make } = prototype as unknown as { readonly generateTokenId: () => string };
    Object.assign(prototype, {
      generateTokenId(this: unknown) {
        return tagCode(make.call(this), region);
      },
    });
  }
}

/** The protocol settings and lifetimes. */
function describeProtocol(
  { accounts, clients, clock, targeting }: ProviderContext,
  { sessionName, attributes }: Cookies,
): Configuration {
  return {
    clients: [],
    clientDefaults: { id_token_signed_response_alg: 'ES256', grant_types: [], response_types: [] },
    // Required by the library and never used: we sign tokens ourselves.
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
    pkce: { required: (_context, { clientId }) => clients.get(clientId)?.pkce !== 'optional' },
    allowOmittingSingleRegisteredRedirectUri: true,
    expiresWithSession: () => false,
    findAccount: async (_context, sub) =>
      (await accounts.find(sub)) && { accountId: sub, claims: async () => ({ sub }) },
    loadExistingGrant: async ({ oidc }) => {
      const { client, session, params, provider, result } = oidc;
      const clientId = client?.clientId ?? '';
      const known = result?.consent?.grantId ?? session?.grantIdFor(clientId);
      const found = known === undefined ? undefined : await provider.Grant.find(known);
      if (found !== undefined || clients.get(clientId)?.ownPage !== true) return found;
      // Nobody is asked whether this server may share with a page of its own.
      const grant = new provider.Grant({ accountId: session?.accountId ?? '', clientId });
      if (typeof params?.scope === 'string') grant.addOIDCScope(params.scope);
      await grant.save();
      return grant;
    },
    renderError: (ctx, out) => {
      ctx.body = out;
    },
    routes,
    ttl: describeLifetimes(clock),
  };
}

const isNative = (client: Client | undefined): boolean =>
  client !== undefined && isPublic(client) && !client.redirectUris.every((uri) => uri.startsWith('https:'));
