// The configuration of the server that the clients are tried against: one client for each way to authenticate.
import { generateKeyPairSync } from 'node:crypto';
import { type Configuration, changed } from '../packages/server/test/support/configuration.ts';

export const ORDERS = 'https://orders.example.com';
/** Signed with RS256. */
export const REPORTS = 'https://reports.example.com';

/** Signed with Ed25519, a name that some libraries do not know. */
const LEDGER = 'https://ledger.example.com';

/** Typed as Spring expects it, and signed with ES256 and RS256. */
const SHOPS = ['https://shop.example.com', 'https://store.example.com'];

/** Where the browser is sent back to. Nothing listens there: the trial reads the URL. */
export const CALLBACK = 'http://127.0.0.1:9/callback';
/** Of Spring Security and oauth2-proxy. The port may vary. */
const APPLICATIONS = ['http://127.0.0.1/login/oauth2/code/cambio', 'http://127.0.0.1/oauth2/callback'];

/** A secret, and an id, that form encoding changes. */
const ODD = { id: 'odd client', secret: 'p+ss%41:w/=&é' };

export interface ClientKey {
  readonly kid: string;
  readonly alg: string;
  readonly pem: string;
  readonly privateJwk: Configuration;
  readonly publicJwk: Configuration;
}

export function newClientKey(alg: 'ES256' | 'RS256'): ClientKey {
  const { privateKey, publicKey } =
    alg === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 });
  const kid = `key-${alg}`;
  const about = { kid, alg, use: 'sig' };
  return {
    kid,
    alg,
    pem: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    privateJwk: { ...privateKey.export({ format: 'jwk' }), ...about },
    publicJwk: { ...publicKey.export({ format: 'jwk' }), ...about },
  };
}

const secret = (id: string): Configuration => ({ secret: { plain: `${id}-secret` } });

interface Parties {
  readonly issuer: string;
  /** URL of the issuer whose tokens workloads bring. */
  readonly platform: string;
  /** URL of an MCP server. */
  readonly mcp: string;
  readonly keys: readonly ClientKey[];
}

export function configurationOf({ issuer, platform, mcp, keys }: Parties): Configuration {
  const jwks = { keys: keys.map(({ publicJwk }) => publicJwk) };
  const audiences = [ORDERS, REPORTS, LEDGER, ...SHOPS, mcp];
  const exchanging = { grants: ['token_exchange'], scopes: ['read', 'write'] };
  /** A client that may do everything that needs no person. */
  const machine = (id: string, auth: unknown, members: Configuration): Configuration => ({
    ...{ ...exchanging, id, auth, audiences, ...members },
    grants: ['client_credentials', 'token_exchange', 'refresh_token'],
  });
  /** A client that people sign in to. */
  const people = (id: string, auth: unknown, members: Configuration = {}): Configuration => ({
    ...{ id, auth, audiences, redirectUris: [CALLBACK], grants: ['authorization_code', 'refresh_token'] },
    scopes: ['openid', 'profile', 'email', 'offline_access', 'read'],
    ...members,
  });
  const clients = [
    machine('basic', 'client_secret_basic', secret('basic')),
    machine('post', 'client_secret_post', secret('post')),
    machine(ODD.id, 'client_secret_basic', { secret: { plain: ODD.secret } }),
    machine('key', 'private_key_jwt', { jwks }),
    machine('key-legacy', 'private_key_jwt', { jwks, assertionAudience: 'legacy' }),
    machine('key-hour', 'private_key_jwt', {
      jwks,
      assertionAudience: 'legacy',
      assertionLifetime: '1h',
      resource: ORDERS,
    }),
    { ...exchanging, id: 'public', auth: 'none', publicExchange: true },
    { ...exchanging, id: 'workload', auth: 'none', workload: { issuer: 'platform', audience: issuer } },
    { ...exchanging, id: 'api', auth: 'client_secret_basic', ...secret('api'), resource: ORDERS },
    people('web', 'client_secret_basic', { ...secret('web'), redirectUris: [CALLBACK, ...APPLICATIONS] }),
    people('web-post', 'client_secret_post', secret('web-post')),
    people('native', 'none'),
    people('tv', 'none', { grants: ['device_code', 'refresh_token'], redirectUris: [] }),
  ];
  const machines = ['basic', 'post', ODD.id, 'key', 'key-legacy', 'key-hour', 'public'];
  const all = [...machines, 'web', 'web-post', 'native', 'tv'];
  const grant = {
    audiences,
    scopes: ['read', 'write'],
    types: ['access_token', 'jwt', 'refresh_token'],
    refreshToken: true,
  };
  return changed({
    issuer,
    server: { host: 'localhost', port: `\${PORT}`, tls: { cert: 'cert.pem', key: 'key.pem' } },
    store: 'sqlite:cambio.db',
    resources: [
      { audience: ORDERS, scopes: ['read', 'write'] },
      { audience: REPORTS, scopes: ['read', 'write'], token: { alg: 'RS256' } },
      { audience: LEDGER, scopes: ['read', 'write'], token: { alg: 'Ed25519' } },
      { audience: SHOPS[0], scopes: ['read', 'write'], token: { typ: 'JWT' } },
      { audience: SHOPS[1], scopes: ['read', 'write'], token: { typ: 'JWT', alg: 'RS256' } },
      { audience: mcp, scopes: ['read'] },
    ],
    clients,
    registration: { open: true, audiences: [mcp], scopes: ['offline_access', 'read'] },
    accounts: [
      { username: 'ada', password: { plain: 'lovelace' }, claims: { name: 'Ada Lovelace', email: 'ada@example.com' } },
    ],
    issuers: [
      {
        issuer: platform,
        name: 'platform',
        accepts: ['jwt'],
        audiences: [issuer],
        allowPrivateNetwork: true,
      },
    ],
    rules: [
      {
        name: 'tokens of our own',
        client: machines,
        subject: { issuer: 'self', clients: all, types: ['access_token'] },
        actor: { issuer: 'self', clients: machines },
        grant,
      },
      {
        name: 'tokens of the platform',
        client: ['workload', ...machines],
        subject: { issuer: 'platform', types: ['jwt'] },
        grant,
      },
    ],
  });
}
