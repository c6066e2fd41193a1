// How is the library set up? The browser half alone: it signs nothing of ours, authenticates no client, and answers no token.
import { generateKeyPairSync } from 'node:crypto';
import type { AdapterPayload, ClientMetadata, Configuration, KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { Client } from '../client-auth/client.ts';
import type { FailureLimit } from '../client-auth/failure-limit.ts';
import { SIGN_IN_SCOPES } from '../exchange/narrow.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import { seconds } from '../primitives/clock.ts';
import { publicAnswer, Refusal } from '../primitives/refusal.ts';
import { createAdapter } from './artifacts.ts';
import { ASKED, judgeAsked, type Wanted } from './asked.ts';
import { askedOf, type CodeContext } from './codes.ts';
import { deviceCodePage, deviceConfirmPage } from './pages/device.ts';
import { logoutPage } from './pages/logout.ts';
import { donePage } from './pages/message.ts';
import type { FormTarget } from './pages/page.ts';
import { createPrompts } from './prompts.ts';
import { isRegistered } from './redirect-uri.ts';
import type { Upstream } from './upstream.ts';

export interface ProviderContext extends CodeContext {
  readonly issuer: string;
  readonly keys: KeyRing;
  readonly failures: FailureLimit;
  /** Another provider at which people sign in. */
  readonly upstream: Upstream | undefined;
  /** Signs cookies, and what forms carry. */
  readonly cookieKey: string;
  /** Told when a session ends because its owner left: what was issued with it dies. @param session its handle */
  readonly endSession: (session: string) => Promise<void>;
}

/** Seconds. */
export const SESSION = 28_800;
const VISIT = 3600;
const INTERACTION = 1800;
export const CODE = 60;
export const DEVICE_CODE = 600;

/** Below the issuer: what the library calls its routes, and where they are. */
export const routes = {
  authorization: '/oauth/authorize',
  pushed_authorization_request: '/oauth/par',
  device_authorization: '/oauth/device_authorization',
  code_verification: '/device',
  end_session: '/oauth/logout',
} as const;
export const INTERACTION_PATH = '/oauth/interaction';

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
export async function createProvider(context: ProviderContext): Promise<Provider> {
  const { default: Provider, errors, interactionPolicy } = await load();
  const { issuer, clients, clock, accounts, cookieKey, endSession, targeting } = context;
  const { pathname, protocol } = new URL(issuer);
  const base = pathname.replace(/\/$/, '');
  const cookie = { httpOnly: true, sameSite: 'lax', signed: true, secure: protocol === 'https:' } as const;

  const judge = (asked: string, clientId: string): Wanted => {
    const client = clients.get(clientId);
    if (client === undefined) throw new Refusal('sign_in_client_unknown');
    return judgeAsked(asked, client, context);
  };
  /** A refusal of ours, in a form that the library can send to the client. */
  const checkAsked = (_context: unknown, asked: string | undefined, { clientId }: { clientId: string }): void => {
    try {
      judge(asked ?? '', clientId);
    } catch (cause) {
      if (!(cause instanceof Refusal)) throw cause;
      const { error, description } = publicAnswer(cause, 'invalid_grant');
      throw Object.assign(new errors.CustomOIDCProviderError(error, description), { cause });
    }
  };
  const usernameOf = async (sub: string | undefined): Promise<string | undefined> =>
    sub === undefined ? undefined : ((await accounts.find(sub))?.username ?? sub);
  const isNative = (clientId: string): boolean => {
    const client = clients.get(clientId);
    return client?.auth === 'none' && !client.redirectUris.every((uri) => uri.startsWith('https:'));
  };

  const configuration: Configuration = {
    adapter: (kind: string) =>
      kind === 'Client'
        ? clientAdapter((id) => clients.get(id))
        : createAdapter(kind, context, {
            extra: () => askedBeside(kind, Provider.ctx),
            ends: endOf(Provider, endSession),
          }),
    clients: [],
    clientDefaults: { id_token_signed_response_alg: 'ES256', grant_types: [], response_types: [] },
    // Never used: what it would sign we sign ourselves.
    jwks: { keys: [generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }) as never] },
    clientBasedCORS: () => false,
    conformIdTokenClaims: true,
    cookies: {
      keys: [cookieKey],
      names: { session: 'cambio_session', interaction: 'cambio_interaction', resume: 'cambio_resume' },
      long: { ...cookie, path: base || '/' },
      short: cookie,
    },
    extraParams: { [ASKED]: checkAsked as never },
    scopes: [...SIGN_IN_SCOPES, ...targeting.scopes],
    responseTypes: ['code'],
    pkce: { required: () => true },
    allowOmittingSingleRegisteredRedirectUri: true,
    expiresWithSession: () => false,
    findAccount: async (_context, sub) =>
      (await accounts.find(sub)) && { accountId: sub, claims: async () => ({ sub }) },
    interactions: {
      policy: createPrompts(interactionPolicy, { clock, judge, isNative }),
      url: (_context, { uid }) => `${base}${INTERACTION_PATH}/${uid}`,
    },
    renderError: (ctx, out) => {
      ctx.body = out;
    },
    routes,
    ttl: {
      AuthorizationCode: CODE,
      DeviceCode: DEVICE_CODE,
      Interaction: INTERACTION,
      Grant: SESSION,
      // From when the person signed in, however busy it is.
      Session: (_context, { accountId, loginTs = 0 }) =>
        accountId === undefined ? VISIT : Math.max(1, loginTs + SESSION - seconds(clock)),
      AccessToken: 1,
      IdToken: 1,
      RefreshToken: 1,
      ClientCredentials: 1,
    },
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      dPoP: { enabled: false },
      resourceIndicators: { enabled: false },
      pushedAuthorizationRequests: { enabled: true },
      deviceFlow: {
        enabled: true,
        charset: 'base-20',
        mask: '****-****',
        deviceInfo: () => ({}),
        userCodeInputSource: (ctx, _form, _out, error) => {
          // The library keeps what it says on a page to itself.
          if (error !== undefined) provider.emit('code_verification.error', ctx, error);
          ctx.body =
            error?.name === 'AbortedError'
              ? donePage('device_refused')
              : deviceCodePage({
                  ...formOf(ctx.oidc, 'code_verification'),
                  userCode:
                    typeof ctx.query.typed === 'string'
                      ? ctx.query.typed
                      : (ctx.oidc.params?.user_code as string | undefined),
                  problem: error && (deviceProblems[error.name] ?? 'unknown'),
                });
        },
        userCodeConfirmSource: (ctx, _form, client, _info, userCode) => {
          ctx.body = deviceConfirmPage({ ...formOf(ctx.oidc, 'code_verification'), client: client.clientId, userCode });
        },
        successSource: (ctx) => {
          ctx.body = donePage('device_connected');
        },
      },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: async (ctx) => {
          const account = await usernameOf(ctx.oidc.session?.accountId);
          ctx.body = logoutPage({ ...formOf(ctx.oidc, 'end_session_confirm'), account });
        },
        postLogoutSuccessSource: (ctx) => {
          ctx.body = donePage('signed_out');
        },
      },
    },
  };
  const provider = new Provider(issuer, configuration);
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

const deviceProblems: Readonly<Record<string, 'unknown' | 'expired' | 'used' | 'missing'>> = {
  NotFoundError: 'unknown',
  ExpiredError: 'expired',
  AlreadyUsedError: 'used',
  NoCodeError: 'missing',
};

/** The library proves forms by a secret in the session: a page of another site has neither. */
export function formOf(oidc: KoaContextWithOIDC['oidc'], route: string): FormTarget {
  const { secret } = oidc.session?.state ?? {};
  return { action: new URL(oidc.urlFor(route)).pathname, csrf: typeof secret === 'string' ? secret : '' };
}

/** An authorization code remembers what was asked for, as a device code does by itself. */
const askedBeside = (kind: string, ctx: KoaContextWithOIDC | undefined): Partial<AdapterPayload> =>
  kind === 'AuthorizationCode' ? { params: { asked: askedOf({ params: ctx?.oidc.params }) } } : {};

/** A session whose cookie changes is written anew and goes on; one that its owner leaves ends. */
const endOf =
  (provider: { readonly ctx: KoaContextWithOIDC | undefined }, endSession: (handle: string) => Promise<void>) =>
  async (uid: string | undefined): Promise<void> => {
    if (provider.ctx?.oidc.route === 'end_session_confirm' && uid !== undefined) await endSession(uid);
  };

/** Clients are those of the configuration; the library need not authenticate them, for we have. */
const clientAdapter = (find: (id: string) => Client | undefined) => {
  const never = async (): Promise<undefined> => undefined;
  return {
    upsert: never,
    findByUid: never,
    findByUserCode: never,
    consume: never,
    destroy: never,
    revokeByGrantId: never,
    find: async (id: string): Promise<ClientMetadata | undefined> => {
      const client = find(id);
      return client === undefined || client.disabled ? undefined : describeClient(client);
    },
  };
};

const describeClient = ({ id, grants, redirectUris, postLogoutRedirectUris }: Client): ClientMetadata => ({
  client_id: id,
  token_endpoint_auth_method: 'none',
  application_type: redirectUris.every((uri) => /^https?:/.test(uri)) ? 'web' : 'native',
  redirect_uris: [...redirectUris],
  post_logout_redirect_uris: [...postLogoutRedirectUris],
  response_types: grants.has('authorization_code') ? ['code'] : [],
  response_modes: ['query'],
  grant_types: [
    ...(grants.has('authorization_code') ? ['authorization_code'] : []),
    ...(grants.has('device_code') ? ['urn:ietf:params:oauth:grant-type:device_code'] : []),
    ...(grants.has('refresh_token') ? ['refresh_token'] : []),
  ],
});
