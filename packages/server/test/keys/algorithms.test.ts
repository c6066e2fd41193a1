// Every signature algorithm of resources: other libraries verify the tokens with the published keys, and the keys survive a
// restart.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { calculateJwkThumbprint, createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import { algorithmNames, signingAlgorithms } from '../../src/keys/algorithms.ts';
import { assertIssued, client, exchange, gateway, SUBJECT_REFUSED } from '../support/basics.ts';
import { ask, asserting, assertion, jwksOf, withClients } from '../support/client-credentials.ts';
import { type Configuration, changed, edited } from '../support/configuration.ts';
import { start, type TestServer } from '../support/harness.ts';
import { newKey } from '../support/issuer.ts';
import { eventually } from '../support/node.ts';

const HOUR = 3_600_000;
const api = (alg: string): string => `https://${alg.toLowerCase()}.example`;
const audiences = signingAlgorithms.map(api);

const configuration = {
  issuer: 'http://127.0.0.1:9',
  server: { port: `\${PORT}` },
  store: 'sqlite:cambio.db',
  resources: signingAlgorithms.map((alg) => ({ audience: api(alg), scopes: ['read'], token: { alg } })),
  clients: [client('gateway', { grants: ['client_credentials', 'token_exchange'], audiences })],
  rules: [{ client: 'gateway', grant: { audiences, scopes: ['read'] } }],
};

/** The published keys, in an order that does not matter. */
async function keysOf(server: TestServer): Promise<JSONWebKeySet> {
  const { keys } = (await (await fetch(`${server.issuer}/.well-known/jwks.json`)).json()) as JSONWebKeySet;
  return { keys: keys.toSorted((a, b) => (String(a.kid) < String(b.kid) ? -1 : 1)) };
}
const subjectToken = async (server: TestServer, audience: string): Promise<string> =>
  String((await server.token({ grant_type: 'client_credentials', ...gateway, audience })).body.access_token);

test('signs as the resource requires, in every algorithm, and accepts the token in an exchange (AT-01)', async (t) => {
  const server = await start(t, configuration);
  const keys = await keysOf(server);
  for (const [index, alg] of signingAlgorithms.entries()) {
    const next = api(signingAlgorithms[(index + 1) % signingAlgorithms.length] ?? alg);
    const token = await subjectToken(server, api(alg));
    const options = { issuer: 'http://127.0.0.1:9', typ: 'at+jwt', currentDate: new Date(server.clock.now) };
    const { protectedHeader } = await jwtVerify(token, createLocalJWKSet(keys), { ...options, audience: api(alg) });
    assert.equal(protectedHeader.alg, alg);
    const answer = await exchange(server, { subject_token: token, audience: next });
    assertIssued(server, answer, alg);
    await jwtVerify(String(answer.body.access_token), createLocalJWKSet(keys), { ...options, audience: next });
    const tampered = token.replace(/[^.]{8}$/, 'AAAAAAAA');
    const refused = await exchange(server, { subject_token: tampered });
    assert.deepEqual([refused.status, refused.body.error], [400, SUBJECT_REFUSED.error], alg);
    assert.match(server.audit(refused)?.reason ?? '', /^subject_token_(signature|malformed)$/);
  }
});

test('publishes one public key for each algorithm, with its thumbprint as kid (RFC 7638, RFC 9964)', async (t) => {
  const server = await start(t, configuration);
  const { keys } = await keysOf(server);
  assert.deepEqual(new Set(keys.map(({ alg }) => alg)), new Set(signingAlgorithms));
  for (const { kid, use, alg, ...key } of keys) {
    assert.equal(use, 'sig');
    assert.equal(kid, await calculateJwkThumbprint({ alg, ...key }), alg);
    for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']) assert.equal(secret in key, false, alg);
  }
});

test('keeps the keys over a restart, and publishes no new ones', async (t) => {
  const before = await start(t, configuration);
  const tokens = await Promise.all(signingAlgorithms.map((alg) => subjectToken(before, api(alg))));
  const published = await keysOf(before);
  await before.close();
  const after = await start(t, configuration, { folder: before.folder });
  assert.deepEqual(await keysOf(after), published);
  for (const token of tokens) {
    assertIssued(after, await exchange(after, { subject_token: token }), decodeProtectedHeader(token).alg);
  }
});

test('rotates keys of every algorithm, and accepts tokens of the former ones', async (t) => {
  const server = await start(t, changed(configuration, { keys: { rotateEvery: '2h', publishAhead: '1h' } }));
  const before = await Promise.all(signingAlgorithms.map((alg) => subjectToken(server, api(alg))));
  const first = await keysOf(server);
  server.clock.now += HOUR - 30_000;
  const both = await eventually(
    () => keysOf(server),
    ({ keys }) => keys.length === 2 * signingAlgorithms.length,
  );
  for (const token of before) {
    assertIssued(server, await exchange(server, { subject_token: token }), decodeProtectedHeader(token).alg);
  }
  server.clock.now += HOUR + 120_000;
  for (const alg of signingAlgorithms) {
    const token = await subjectToken(server, api(alg));
    const { kid } = decodeProtectedHeader(token);
    assert.equal(
      first.keys.some((key) => key.kid === kid),
      false,
      alg,
    );
    const options = { audience: api(alg), currentDate: new Date(server.clock.now) };
    assert.equal((await jwtVerify(token, createLocalJWKSet(both), options)).protectedHeader.alg, alg);
  }
});

test('signs with ES256 by default, or with keys.alg, for resources without alg', async (t) => {
  const algOf = async (keys: Configuration): Promise<unknown> => {
    const resources = edited(api('ES256'), { token: undefined });
    const server = await start(t, changed(configuration, { resources, keys }));
    return decodeProtectedHeader(await subjectToken(server, api('ES256'))).alg;
  };
  assert.equal(await algOf({}), 'ES256');
  assert.equal(await algOf({ alg: 'Ed25519' }), 'Ed25519');
});

test('authenticates clients with keys of all algorithms, including those that only others sign with', async (t) => {
  const keys = algorithmNames.map((alg) => newKey(alg));
  const entry = `id: batch, auth: private_key_jwt, ${jwksOf(...keys)}`;
  const server = await start(t, withClients(entry));
  for (const key of keys) {
    assertIssued(server, await ask(server, asserting(assertion(server, key))), key.alg);
    const another = keys.find(({ alg }) => alg !== key.alg) ?? key;
    const refused = await ask(
      server,
      asserting(assertion(server, { ...key, privateKey: another.privateKey, alg: another.alg }, {}, { alg: key.alg })),
    );
    assert.deepEqual([refused.status, refused.body.error], [401, 'invalid_client'], key.alg);
    server.clock.now += 3000;
  }
});
