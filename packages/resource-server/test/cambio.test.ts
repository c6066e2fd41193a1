// Does the package accept the tokens of a real Cambio server from a real client? DPoP with nonces on both sides, exchange, opaque
// tokens, revocation.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import Fastify from 'fastify';
import { decodeJwt, decodeProtectedHeader, type JSONWebKeySet } from 'jose';
import * as client from 'openid-client';
import { EXCHANGE, freePort, start, type TestServer, type } from '../../server/test/support/harness.ts';
import { fetchAs, selfIssued } from '../../server/test/support/tls-client.ts';
import { createGuard } from '../src/fastify.ts';
import { actors, type VerifierOptions } from '../src/index.ts';

const ORDERS = 'https://orders.example';
const VAULT = 'https://vault.example';
const SPRING = 'https://spring.example';
const configuration = `
issuer: \${ISSUER}
server:
  port: \${PORT}
  dpopNonces: true
store: sqlite:cambio.db
resources:
  - { audience: ${ORDERS}, scopes: [read] }
  - { audience: ${VAULT}, scopes: [read], token: { format: opaque } }
  - { audience: ${SPRING}, scopes: [read], token: { typ: JWT } }
clients:
  - { id: gateway, auth: client_secret_post, secret: { plain: gateway-secret }, grants: [client_credentials, token_exchange], audiences: [${ORDERS}, ${VAULT}, ${SPRING}], scopes: [read] }
  - { id: vault, auth: client_secret_basic, secret: { plain: 'vault+secret:%' }, grants: [client_credentials], resource: ${VAULT} }
rules:
  - { client: gateway, grant: { audiences: [${ORDERS}, ${VAULT}], scopes: [read], types: [access_token, jwt] } }
`;

let server: TestServer;
const undo: (() => unknown)[] = [];
before(async () => {
  server = await start({ after: (work) => void undo.unshift(work as () => unknown) }, configuration);
});
after(async () => {
  for (const work of undo) await work();
});

/** Starts an API of one route, GET /orders. @returns its URL */
async function serve(audience: string, more: Partial<VerifierOptions> = {}): Promise<URL> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const guard = createGuard({ issuer: server.issuer, audience, baseUrl: url, ...more });
  const app = Fastify();
  app.get('/orders', { onRequest: guard.require({ scope: 'read' }) }, async (request) => {
    const token = guard.token(request);
    return { subject: token.subject, scheme: token.scheme, actors: actors(token).map(({ sub }) => sub) };
  });
  await app.listen({ port, host: '127.0.0.1' });
  undo.unshift(() => app.close());
  return new URL(`${url}/orders`);
}

const discover = (): Promise<client.Configuration> =>
  client.discovery(new URL(server.issuer), 'gateway', undefined, client.ClientSecretPost('gateway-secret'), {
    algorithm: 'oauth2',
    execute: [client.allowInsecureRequests],
  });

const accessToken = type('access_token');

test('openid-client gets a token bound to its key, exchanges it, and calls an API that requires nonces', async () => {
  const url = await serve(ORDERS, { nonceSecret: 'of this API' });
  const gateway = await discover();
  const DPoP = client.getDPoPHandle(gateway, await client.randomDPoPKeyPair('Ed25519'));
  const subject = await client.clientCredentialsGrant(gateway, { audience: ORDERS }, { DPoP });
  assert.equal(subject.token_type, 'dpop');
  const parameters = { subject_token: subject.access_token, subject_token_type: accessToken, audience: ORDERS };
  const exchanged = await client.genericGrantRequest(gateway, EXCHANGE, parameters, { DPoP });
  const call = async (token: string, handle?: client.DPoPHandle) => {
    const options = handle === undefined ? {} : { DPoP: handle };
    return client.fetchProtectedResource(gateway, token, url, 'GET', null, undefined, options);
  };
  const answer = await call(exchanged.access_token, DPoP);
  assert.deepEqual(await answer.json(), { subject: 'gateway', scheme: 'DPoP', actors: [] });
  // The token is refused without the key, and with another key.
  const challenged = (error: unknown) => error instanceof client.WWWAuthenticateChallengeError && error.status === 401;
  await assert.rejects(call(exchanged.access_token), challenged);
  const other = client.getDPoPHandle(gateway, await client.randomDPoPKeyPair());
  await assert.rejects(call(exchanged.access_token, other), challenged);
});

test('a token with typ: JWT at the server is verified like any other', async () => {
  const url = await serve(SPRING);
  const { access_token } = await client.clientCredentialsGrant(await discover(), { audience: SPRING });
  assert.equal(decodeProtectedHeader(access_token).typ, 'JWT');
  const call = async (token: string): Promise<number> =>
    (await fetch(url, { headers: { Authorization: `Bearer ${token}` } })).status;
  assert.equal(await call(access_token), 200);
  const claims = decodeJwt(access_token);
  assert.equal(await call(server.forge({ ...claims, typ: undefined }, { typ: 'JWT' })), 401);
  assert.equal(await call(server.forge(claims, { typ: 'JWT' })), 200);
});

test('an opaque token is introspected, bearer or bound, and refused once it is revoked', async () => {
  const introspection = { clientId: 'vault', clientSecret: 'vault+secret:%' };
  const url = await serve(VAULT, { introspection });
  const gateway = await discover();
  const call = async (token: string): Promise<number> =>
    (await fetch(url, { headers: { Authorization: `Bearer ${token}` } })).status;
  const { access_token: bearer } = await client.clientCredentialsGrant(gateway, { audience: VAULT });
  assert.equal(bearer.split('.').length, 1);
  assert.equal(await call(bearer), 200);
  assert.equal(await call(`${bearer}x`), 401);
  await client.tokenRevocation(gateway, bearer);
  assert.equal(await call(bearer), 401);

  const DPoP = client.getDPoPHandle(gateway, await client.randomDPoPKeyPair());
  const { access_token: bound } = await client.clientCredentialsGrant(gateway, { audience: VAULT }, { DPoP });
  assert.equal(await call(bound), 401);
  const answer = await client.fetchProtectedResource(gateway, bound, url, 'GET', null, undefined, { DPoP });
  assert.deepEqual(await answer.json(), { subject: 'gateway', scheme: 'DPoP', actors: [] });
});

test('answers 503 if the credentials of the API are wrong: the caller is not at fault', async () => {
  const { access_token } = await client.clientCredentialsGrant(await discover(), { audience: VAULT });
  const call = async (clientSecret: string): Promise<number> => {
    const url = await serve(VAULT, { introspection: { clientId: 'vault', clientSecret } });
    return (await fetch(url, { headers: { Authorization: `Bearer ${access_token}` } })).status;
  };
  assert.deepEqual([await call('wrong'), await call('vault+secret:%')], [503, 200]);
});

test('refuses a revoked JWT if all tokens are introspected; else accepts it until it expires', async () => {
  const audience = VAULT;
  const introspection = { clientId: 'vault', clientSecret: 'vault+secret:%' };
  const [curious, other] = [
    await serve(audience, { introspection: { ...introspection, tokens: 'all' } }),
    await serve(audience),
  ];
  const gateway = await discover();
  const { access_token: subject_token } = await client.clientCredentialsGrant(gateway, { audience });
  const { access_token, token_type } = await client.genericGrantRequest(gateway, EXCHANGE, {
    subject_token,
    subject_token_type: accessToken,
    requested_token_type: type('jwt'),
    audience,
  });
  assert.equal(token_type, 'bearer');
  const call = async (url: URL): Promise<number> =>
    (await fetch(url, { headers: { Authorization: `Bearer ${access_token}` } })).status;
  assert.deepEqual([await call(curious), await call(other)], [200, 200]);
  await client.tokenRevocation(gateway, access_token);
  assert.deepEqual([await call(curious), await call(other)], [401, 200]);
});

test('accepts a certificate-bound token only on connections with that certificate (MT-04, MT-05)', async (t) => {
  const loopback = { type: 'ip', value: '127.0.0.1' } as const;
  const tls = await selfIssued({ name: 'CN=server', names: [loopback] });
  const [gateway, stranger] = [await selfIssued({ name: 'CN=gateway' }), await selfIssued({ name: 'CN=stranger' })];
  const bound = configuration
    .replace('dpopNonces: true', 'tls: { cert: cert.pem, key: key.pem }')
    .replace('id: gateway,', 'id: gateway, certificateBoundAccessTokens: true,');
  const files = { 'cert.pem': tls.cert, 'key.pem': tls.key };
  const cambio = await start(t, bound, { files, fetch: fetchAs(gateway, tls.cert) });
  const form = {
    grant_type: 'client_credentials',
    client_id: 'gateway',
    client_secret: 'gateway-secret',
    audience: ORDERS,
  };
  const { status, body } = await cambio.token(form);
  assert.deepEqual([status, body.token_type], [200, 'Bearer']);

  const jwks = async () =>
    (await fetchAs(undefined, tls.cert)(`${cambio.issuer}/.well-known/jwks.json`)).json() as Promise<JSONWebKeySet>;
  const guard = createGuard({ issuer: cambio.issuer, audience: ORDERS, jwks });
  const app = Fastify({ https: { cert: tls.cert, key: tls.key, requestCert: true, rejectUnauthorized: false } });
  t.after(() => app.close());
  app.get('/orders', { onRequest: guard.require() }, async (request) => guard.token(request).subject);
  const url = `${await app.listen({ port: 0, host: '127.0.0.1' })}/orders`;
  const call = async (as?: typeof gateway): Promise<number> => {
    const headers = { Authorization: `Bearer ${body.access_token}` };
    return (await fetchAs(as, tls.cert)(url, { headers })).status;
  };
  assert.deepEqual([await call(gateway), await call(stranger), await call()], [200, 401, 401]);
});
