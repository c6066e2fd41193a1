// What tests of a token's life share: refresh tokens, opaque tokens, introspection and revocation.
import assert from 'node:assert/strict';
import { API, BACKEND, exchange, gateway } from './basics.ts';
import { type Answer, encode, type Form, type TestServer, type } from './harness.ts';

/** Its tokens are opaque. */
export const VAULT = 'https://vault.example';

/** `gateway` and `other` exchange and refresh, `agent` acts, `api` and `vault` are APIs that introspect. */
const CLIENTS = `
  - { id: gateway, auth: client_secret_post, secret: { plain: gateway-secret }, grants: [client_credentials, token_exchange, refresh_token], audiences: [${API}, ${BACKEND}, ${VAULT}], scopes: [read, write] }
  - { id: other, auth: client_secret_post, secret: { plain: other-secret }, grants: [client_credentials, token_exchange, refresh_token], audiences: [${API}], scopes: [read] }
  - { id: plain, auth: client_secret_post, secret: { plain: plain-secret }, grants: [client_credentials, token_exchange], audiences: [${API}], scopes: [read] }
  - { id: agent, auth: client_secret_basic, secret: { plain: agent-secret }, grants: [client_credentials], audiences: [${API}], scopes: [read] }
  - { id: api, auth: client_secret_basic, secret: { plain: api-secret }, grants: [client_credentials], resource: ${API} }
  - { id: vault, auth: client_secret_basic, secret: { plain: vault-secret }, grants: [client_credentials], resource: ${VAULT} }`;

/** Everything that may be asked for, with a refresh token beside it. */
export const BESIDE = `{ name: beside, client: [gateway, other, plain], subject: { types: [refresh_token, access_token, jwt], issuer: self, clients: [gateway, other, plain] }, actor: { issuer: self, clients: [agent, gateway] }, grant: { audiences: [${API}, ${BACKEND}, ${VAULT}], scopes: [read, write], types: [access_token, jwt, refresh_token], refreshToken: true } }`;

export const ISSUER = 'https://login.example';

/** @param rules each a line of YAML @param issuers likewise @param issuer one that stays when the server comes back on another port */
export const life = (
  rules: readonly string[] = [BESIDE],
  issuers: readonly string[] = [],
  issuer: string = ISSUER,
): string => `
issuer: ${issuer}
server:
  port: \${PORT}
store: sqlite:cambio.db
resources:
  - { audience: ${API}, locations: [${API}/v1], scopes: [read, write, admin] }
  - { audience: ${BACKEND}, scopes: [read] }
  - { audience: ${VAULT}, scopes: [read], token: { format: opaque } }
clients:${CLIENTS}
issuers:${list(issuers)}
rules:${list(rules)}
`;

const list = (lines: readonly string[]): string => lines.map((line) => `\n  - ${line}`).join('') || ' []';

export const other = { client_id: 'other', client_secret: 'other-secret' };
export const plain = { client_id: 'plain', client_secret: 'plain-secret' };
export const basic = (id: string): Record<string, string> => ({ authorization: `Basic ${btoa(`${id}:${id}-secret`)}` });

/** A refresh token of the gateway's, asked for or beside an access token. */
export async function refreshTokenOf(server: TestServer, form: Form = {}): Promise<string> {
  const answer = await exchange(server, form);
  assert.equal(answer.status, 200, answer.text);
  return String(form.requested_token_type === undefined ? answer.body.refresh_token : answer.body.access_token);
}

export const refresh = (server: TestServer, refresh_token: unknown, form: Form = {}): Promise<Answer> =>
  server.token({ grant_type: 'refresh_token', ...gateway, refresh_token: String(refresh_token), ...form });

/** Asks as the gateway, unless the form or the headers name somebody else. */
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
