// Configuration and calls for tests of refresh tokens, opaque tokens, introspection and revocation.
import assert from 'node:assert/strict';
import { API, BACKEND, client, exchange, gateway } from './basics.ts';
import { type Configuration, changed, type Entry, entries } from './configuration.ts';
import { type Answer, encode, type Form, type TestServer, type } from './harness.ts';

/** An API with opaque tokens. */
export const VAULT = 'https://vault.example';

const EXCHANGES = ['client_credentials', 'token_exchange'];
const REFRESHES = [...EXCHANGES, 'refresh_token'];

/** `gateway` and `other` exchange and refresh, `agent` acts, `api` and `vault` are APIs that introspect. */
const CLIENTS = [
  client('gateway', { grants: REFRESHES, audiences: [API, BACKEND, VAULT], scopes: ['read', 'write'] }),
  client('other', { grants: REFRESHES }),
  client('plain', { grants: EXCHANGES }),
  client('agent', { auth: 'client_secret_basic' }),
  introspecting('api', API),
  introspecting('vault', VAULT),
];

/** The entry of a client that is an API and introspects tokens. */
export function introspecting(id: string, resource: string): Configuration {
  const { audiences, scopes, ...entry } = client(id, { auth: 'client_secret_basic', resource });
  return entry;
}

/** A rule that grants everything, with a refresh token. */
export const BESIDE: Configuration = {
  name: 'beside',
  client: ['gateway', 'other', 'plain'],
  subject: {
    issuer: 'self',
    types: ['refresh_token', 'access_token', 'jwt'],
    clients: ['gateway', 'other', 'plain'],
  },
  actor: { issuer: 'self', types: ['access_token'], clients: ['agent', 'gateway'] },
  grant: {
    audiences: [API, BACKEND, VAULT],
    scopes: ['read', 'write'],
    types: ['access_token', 'jwt', 'refresh_token'],
    refreshToken: true,
  },
};

/** The same rule for tokens of the issuer `idp`. */
export const FOREIGN_BESIDE: Configuration = changed(BESIDE, {
  name: 'foreign',
  subject: { issuer: 'idp', clients: undefined },
});

export const ISSUER = 'https://login.example';

/** @param issuer one that stays the same when the server restarts on another port */
export const life = (
  rules: readonly Entry[] = [BESIDE],
  issuers: readonly Entry[] = [],
  issuer: string = ISSUER,
): Configuration => ({
  issuer,
  server: { port: `\${PORT}` },
  store: 'sqlite:cambio.db',
  resources: [
    { audience: API, locations: [`${API}/v1`], scopes: ['read', 'write', 'admin'] },
    { audience: BACKEND, scopes: ['read'] },
    { audience: VAULT, scopes: ['read'], token: { format: 'opaque' } },
  ],
  clients: CLIENTS,
  issuers: entries(issuers),
  rules: entries(rules),
});

export const other = { client_id: 'other', client_secret: 'other-secret' };
export const plain = { client_id: 'plain', client_secret: 'plain-secret' };
export const basic = (id: string): Record<string, string> => ({ authorization: `Basic ${btoa(`${id}:${id}-secret`)}` });

/** Gets a refresh token of the gateway, as requested token or beside an access token. */
export async function refreshTokenOf(server: TestServer, form: Form = {}): Promise<string> {
  const answer = await exchange(server, form);
  assert.equal(answer.status, 200, answer.text);
  return String(form.requested_token_type === undefined ? answer.body.refresh_token : answer.body.access_token);
}

export const refresh = (server: TestServer, refresh_token: unknown, form: Form = {}): Promise<Answer> =>
  server.token({ grant_type: 'refresh_token', ...gateway, refresh_token: String(refresh_token), ...form });

/** Introspects as the gateway, unless form or headers name another client. */
export const introspect = (server: TestServer, token: unknown, form: Form = gateway, headers = {}): Promise<Answer> =>
  server.post('/oauth/introspect', encode({ token: String(token), ...form }), headers);

export const revoke = (server: TestServer, token: unknown, form: Form = gateway, headers = {}): Promise<Answer> =>
  server.post('/oauth/revoke', encode({ token: String(token), ...form }), headers);

/** Exchanges a token of ours for another. */
export const exchanged = async (server: TestServer, token: unknown, form: Form = {}): Promise<string> => {
  const answer = await exchange(server, { subject_token: String(token), ...form });
  assert.equal(answer.status, 200, answer.text);
  return String(answer.body.access_token);
};

export const REFRESH = { requested_token_type: type('refresh_token') };
