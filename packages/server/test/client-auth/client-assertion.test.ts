// private_key_jwt: the claims that an assertion needs, and the refusal of any other.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { assertIssued, assertRefused, CLIENT_REFUSED, exchange } from '../support/basics.ts';
import { ask, asserting, assertion, jwksOf, withClients } from '../support/client-credentials.ts';
import { changed } from '../support/configuration.ts';
import { start, type TestServer, type } from '../support/harness.ts';
import { type Claims, entry, FOREIGN_RULE, JWKS, newKey, startIssuer, status } from '../support/issuer.ts';

const key = newKey();
const entryOf = (members = jwksOf(key)): string => `id: batch, auth: private_key_jwt, ${members}`;
const startBatch = (t: Pick<TestContext, 'after'>, members?: string): Promise<TestServer> =>
  start(t, withClients(entryOf(members)));

type Attack = readonly [what: string, assertion: string, reason: string];

/** Each is refused with the same bytes, for its own reason. A valid one, sent last, is accepted. */
async function assertEachRefused(server: TestServer, attacks: readonly Attack[]): Promise<void> {
  for (const [what, text, reason] of attacks) {
    assertRefused(server, await ask(server, asserting(text)), { ...CLIENT_REFUSED, reason }, what);
    server.clock.now += 3000;
  }
  assertIssued(server, await ask(server, asserting(assertion(server, key))));
}

test('authenticates a client by a JWT that it signs, with or without client_id (RFC 7523 section 2.2; AS-01, AS-06, BC-01h)', async (t) => {
  const server = await startBatch(t);
  const issued = await ask(server, asserting(assertion(server, key)));
  assertIssued(server, issued);
  assert.equal(server.audit(issued)?.clientAuthentication, 'private_key_jwt');
  for (const typ of ['JWT', 'client-authentication+jwt', 'application/client-authentication+JWT']) {
    assertIssued(server, await ask(server, asserting(assertion(server, key, {}, { typ }))), typ);
  }
  assertIssued(server, await ask(server, { ...asserting(assertion(server, key)), client_id: 'batch' }));
  // agentgateway sends an nbf ten seconds in the past, and a certificate chain that is not needed.
  const nbf = Math.floor(server.clock.now / 1000) - 10;
  const header = { x5c: ['bm90IGEgY2VydGlmaWNhdGU='], 'x5t#S256': 'x' };
  assertIssued(server, await ask(server, asserting(assertion(server, key, { nbf, iat: nbf, exp: nbf + 300 }, header))));
});

test('accepts an assertion for as long as the entry says, and the issuer with or without its slash', async (t) => {
  const server = await startBatch(t, `assertionLifetime: 1h, ${jwksOf(key)}`);
  const claims = (seconds: number, more: Claims = {}): Claims => ({
    exp: Math.floor(server.clock.now / 1000) + seconds,
    ...more,
  });
  for (const aud of [server.issuer, `${server.issuer}/`])
    assertIssued(server, await ask(server, asserting(assertion(server, key, claims(3600, { aud })))), aud);
  const refusal = async (changed: Claims): Promise<readonly unknown[]> => {
    const { reason, detail } = server.audit(await ask(server, asserting(assertion(server, key, changed)))) ?? {};
    return [reason, detail];
  };
  assert.deepEqual(await refusal(claims(3640)), [
    'client_assertion_claims',
    'it expires in 3640 seconds; at most 3600 are allowed (assertionLifetime)',
  ]);
  assert.deepEqual(await refusal({ aud: `${server.issuer}/oauth/token` }), [
    'client_assertion_audience',
    `its aud is "${server.issuer}/oauth/token" and must be ${server.issuer}`,
  ]);
  assert.deepEqual(await refusal({ iss: 'someone' }), [
    'client_assertion_claims',
    'its iss is "someone"; iss, sub and client_id must all be batch',
  ]);
  const { status } = await ask(await startBatch(t), asserting(assertion(server, key, claims(3600))));
  assert.equal(status, 401, 'ten minutes without the key');
});

test('an issuer that ends in a slash may be named without it', async (t) => {
  const source = changed(withClients(entryOf()), { issuer: `\${ISSUER}/` });
  const server = await start(t, source);
  for (const aud of [server.issuer, `${server.issuer}/`])
    assertIssued(server, await ask(server, asserting(assertion(server, key, { aud }))), aud);
  assert.equal((await ask(server, asserting(assertion(server, key, { aud: `${server.issuer}//` })))).status, 401);
});

test('refuses a token of an issuer as a client assertion, and a client assertion as a subject token (AS-06, JW-12)', async (t) => {
  const idp = await startIssuer(t);
  const issuers = [entry(idp)];
  const server = await start(t, changed(withClients(entryOf()), { issuers, rules: [FOREIGN_RULE] }));
  await assertEachRefused(server, [
    ['a token of an issuer', idp.sign({ aud: server.issuer }), 'client_unknown'],
    [
      'a token of an issuer about the client',
      idp.sign({ aud: server.issuer, sub: 'batch' }),
      'client_assertion_unknown_key',
    ],
  ]);
  for (const name of ['jwt', 'id_token', 'access_token']) {
    const answer = await exchange(server, { subject_token: assertion(server, key), subject_token_type: type(name) });
    assert.match(
      server.audit(answer)?.reason ?? '',
      /^subject_token_(unknown_issuer|wrong_type|type_unsupported)$/,
      name,
    );
  }
});

test('caches keys of jwksUri like those of an issuer, fetches them again for a new key, and answers 503 if that fails', async (t) => {
  const keys = await startIssuer(t);
  const [first] = keys.keys;
  assert.ok(first);
  const server = await startBatch(t, `jwksUri: '${keys.url}${JWKS}', allowPrivateNetwork: true`);
  keys.instead.set(JWKS, status(500));
  const down = await ask(server, asserting(assertion(server, first)));
  assert.deepEqual(
    [down.status, down.body.error, down.headers.get('retry-after')],
    [503, 'temporarily_unavailable', '1'],
  );
  assert.equal(server.audit(down)?.reason, 'issuer_unavailable');
  keys.instead.clear();
  server.clock.now += 10_000;
  for (let i = 0; i < 3; i++) assertIssued(server, await ask(server, asserting(assertion(server, first))));
  assert.equal(keys.count(JWKS), 2);
  const next = newKey();
  keys.keys.push(next);
  server.clock.now += 10_000;
  assertIssued(server, await ask(server, asserting(assertion(server, next))));
  const recent = await ask(server, asserting(assertion(server, newKey())));
  assert.deepEqual([recent.status, server.audit(recent)?.reason], [503, 'issuer_keys_recent']);
  server.clock.now += 10_000;
  const stranger = await ask(server, asserting(assertion(server, newKey())));
  assertRefused(server, stranger, { ...CLIENT_REFUSED, reason: 'client_assertion_unknown_key' });
});

test('refuses an assertion whose key is ambiguous (RFC 7515 section 4.1.4)', async (t) => {
  const [one, two] = [newKey('ES256', 'same'), newKey('ES256', 'same')];
  const encrypting = { ...newKey('ES256', 'enc').jwk, use: 'enc' };
  const server = await startBatch(t, jwksOf(key, one, two, encrypting));
  const cases: readonly (readonly [Claims, typeof key, string])[] = [
    [{}, one, 'client_assertion_unknown_key'],
    [{ kid: undefined }, key, 'client_assertion_unknown_key'],
    [{ kid: 'enc' }, key, 'client_assertion_unknown_key'],
    [{ kid: 'elsewhere' }, key, 'client_assertion_unknown_key'],
  ];
  await assertEachRefused(
    server,
    cases.map(([header, signer, reason]) => [JSON.stringify(header), assertion(server, signer, {}, header), reason]),
  );
});
