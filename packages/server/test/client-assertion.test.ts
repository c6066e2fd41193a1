// private_key_jwt: what a client's own JWT must say, and what becomes of one that says something else.
import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { agentBasic, assertIssued, assertRefused, CLIENT_REFUSED, exchange, gateway, subjectToken } from './basics.ts';
import { ask, asserting, assertion, goodClaims, jwksOf, withClients } from './client-credentials.ts';
import { type Answer, base64url, start, type TestServer, type } from './harness.ts';
import { type Claims, entry, FOREIGN_RULE, hmacJws, JWKS, newKey, signJws, startIssuer, status } from './issuer.ts';

const key = newKey();
const entryOf = (members = jwksOf(key)): string => `id: batch, auth: private_key_jwt, ${members}`;
const startBatch = (t: Pick<TestContext, 'after'>, members?: string): Promise<TestServer> =>
  start(t, withClients(entryOf(members)));

type Attack = readonly [what: string, assertion: string, reason: string];

/** Every one is refused with the same bytes and for its own reason; a good one, asked last, is not. */
async function assertEachRefused(server: TestServer, attacks: readonly Attack[]): Promise<void> {
  for (const [what, text, reason] of attacks) {
    assertRefused(server, await ask(server, asserting(text)), { ...CLIENT_REFUSED, reason }, what);
    server.clock.now += 3000;
  }
  assertIssued(server, await ask(server, asserting(assertion(server, key))));
}

test('a client proves itself with a JWT that it signs, with or without client_id (RFC 7523 section 2.2; AS-01, AS-06, BC-01h)', async (t) => {
  const server = await startBatch(t);
  const issued = await ask(server, asserting(assertion(server, key)));
  assertIssued(server, issued);
  assert.equal(server.audit(issued)?.clientAuthentication, 'private_key_jwt');
  for (const typ of ['JWT', 'client-authentication+jwt', 'application/client-authentication+JWT']) {
    assertIssued(server, await ask(server, asserting(assertion(server, key, {}, { typ }))), typ);
  }
  assertIssued(server, await ask(server, { ...asserting(assertion(server, key)), client_id: 'batch' }));
  // What agentgateway sends: an nbf ten seconds back, and the chain of a certificate that is not asked for.
  const nbf = Math.floor(server.clock.now / 1000) - 10;
  const header = { x5c: ['bm90IGEgY2VydGlmaWNhdGU='], 'x5t#S256': 'x' };
  assertIssued(server, await ask(server, asserting(assertion(server, key, { nbf, iat: nbf, exp: nbf + 300 }, header))));
});

test('the algorithm is that of the key, and never a MAC (C08, AS-03, AS-04)', async (t) => {
  const server = await startBatch(t);
  const claims = JSON.stringify(goodClaims(server));
  const pem = createPublicKey(key.privateKey).export({ type: 'spki', format: 'pem' }) as string;
  const rsa = newKey('RS256', key.kid);
  const none = `${base64url(JSON.stringify({ alg: 'none' }))}.${base64url(claims)}.`;
  await assertEachRefused(server, [
    ['none', none, 'client_assertion_malformed'],
    ['none with a signature', `${none}AAAA`, 'client_assertion_algorithm'],
    ['HS256 with the public key', hmacJws({ alg: 'HS256', kid: key.kid }, claims, pem), 'client_assertion_algorithm'],
    ['HS256 with a secret', hmacJws({ alg: 'HS256' }, claims, 'gateway-secret'), 'client_assertion_algorithm'],
    [
      'RS256 under the name of the key',
      signJws({ alg: 'RS256', kid: key.kid }, claims, rsa),
      'client_assertion_algorithm',
    ],
    ['RS256 of another key', signJws({ alg: 'RS256' }, claims, rsa), 'client_assertion_unknown_key'],
    ['ES384', assertion(server, key, {}, { alg: 'ES384' }), 'client_assertion_algorithm'],
    ['another key', assertion(server, newKey('ES256', key.kid)), 'client_assertion_signature'],
    ['a key that it brings', assertion(server, newKey(), {}, { jwk: key.jwk }), 'client_assertion_unknown_key'],
    ['crit', assertion(server, key, {}, { crit: ['exp'] }), 'client_assertion_critical_header'],
  ]);
});

test('iss and sub are the id of the client, and client_id is no other (C10, AS-01, AS-02)', async (t) => {
  const server = await startBatch(t);
  await assertEachRefused(server, [
    ['iss', assertion(server, key, { iss: 'gateway' }), 'client_assertion_claims'],
    ['no iss', assertion(server, key, { iss: undefined }), 'client_assertion_claims'],
    ['another client', assertion(server, key, { iss: 'gateway', sub: 'gateway' }), 'client_method'],
    ['nobody', assertion(server, key, { iss: 'nobody', sub: 'nobody' }), 'client_unknown'],
    ['no sub', assertion(server, key, { sub: undefined }), 'client_unknown'],
    ['a sub that is no text', assertion(server, key, { sub: ['batch'] }), 'client_unknown'],
  ]);
  const other = await ask(server, { ...asserting(assertion(server, key)), client_id: 'gateway' });
  assertRefused(server, other, { ...CLIENT_REFUSED, reason: 'client_assertion_claims' });
});

test('aud is our issuer alone; `assertionAudience: legacy` takes the token endpoint too (C11, AS-05)', async (t) => {
  const legacy = `id: old, auth: private_key_jwt, assertionAudience: legacy, ${jwksOf(key)}`;
  const server = await start(t, withClients(entryOf(), legacy));
  const { issuer } = server;
  const endpoint = `${issuer}/oauth/token`;
  const bad = [
    endpoint,
    `${issuer}/`,
    'https://other.example',
    [issuer, endpoint],
    [issuer, issuer],
    [],
    '',
    7,
    undefined,
  ];
  await assertEachRefused(
    server,
    bad.map((aud) => [JSON.stringify(aud) ?? 'none', assertion(server, key, { aud }), 'client_assertion_audience']),
  );
  const mismatch = await ask(server, asserting(assertion(server, key, { aud: endpoint })));
  assert.equal(server.audit(mismatch)?.detail, `its aud is "${endpoint}" and must be ${issuer}`);
  assertIssued(server, await ask(server, asserting(assertion(server, key, { aud: [issuer] }))));
  const old = { iss: 'old', sub: 'old' };
  for (const aud of [issuer, endpoint, [endpoint], [issuer, endpoint]])
    assertIssued(server, await ask(server, asserting(assertion(server, key, { ...old, aud }))));
  for (const aud of ['https://other.example', [endpoint, 'https://other.example'], `${issuer}/oauth/introspect`]) {
    const answer = await ask(server, asserting(assertion(server, key, { ...old, aud })));
    assertRefused(server, answer, { ...CLIENT_REFUSED, reason: 'client_assertion_audience' });
  }
});

test('it ends, within ten minutes, and is neither from the future nor past (C12, AS-02)', async (t) => {
  const server = await startBatch(t);
  const at = (claims: Record<string, number | string | undefined>): string => {
    const now = Math.floor(server.clock.now / 1000);
    const dates = Object.entries(claims).map(([name, value]) => [
      name,
      typeof value === 'number' ? now + value : value,
    ]);
    return assertion(server, key, Object.fromEntries(dates));
  };
  const attacks: readonly (readonly [Record<string, number | string | undefined>, string])[] = [
    [{ exp: undefined }, 'claims'],
    [{ exp: 'tomorrow' }, 'claims'],
    [{ exp: -31 }, 'expired'],
    [{ exp: 631 }, 'claims'],
    [{ exp: 86_400 }, 'claims'],
    [{ iat: 31 }, 'not_yet_valid'],
    [{ nbf: 31 }, 'not_yet_valid'],
  ];
  for (const [claims, fault] of attacks) {
    const answer = await ask(server, asserting(at(claims)));
    assertRefused(server, answer, { ...CLIENT_REFUSED, reason: `client_assertion_${fault}` }, JSON.stringify(claims));
  }
  for (const claims of [{ exp: -30 }, { exp: 630 }, { iat: 30 }, { nbf: 30 }, { iat: -86_400 }, { iat: undefined }])
    assertIssued(server, await ask(server, asserting(at(claims))), JSON.stringify(claims));
});

test('it is good once, whatever became of the request, and at every endpoint (C13, AS-02)', async (t) => {
  const server = await startBatch(t);
  const replayed = { ...CLIENT_REFUSED, reason: 'client_assertion_replayed' };
  const once = asserting(assertion(server, key));
  const first = await ask(server, once);
  assertIssued(server, first);
  assertRefused(server, await ask(server, once), replayed);
  const wasted = asserting(assertion(server, key));
  assert.equal((await ask(server, { ...wasted, scope: 'unheard-of' })).body.error, 'invalid_scope');
  assertRefused(server, await ask(server, wasted), replayed);
  const asking = { ...asserting(assertion(server, key)), token: String(first.body.access_token) };
  const post = (path: string) => server.post(path, new URLSearchParams(asking as Record<string, string>).toString());
  assert.equal((await post('/oauth/introspect')).body.active, true);
  for (const path of ['/oauth/introspect', '/oauth/revoke']) assert.equal((await post(path)).status, 401, path);
  assertRefused(server, await ask(server, asking), replayed);
  // Of many at once one is first.
  const racing = asserting(assertion(server, key));
  const answers = await Promise.all(Array.from({ length: 10 }, () => ask(server, racing)));
  assert.deepEqual(answers.map(({ status: code }) => code).toSorted(), [200, ...Array(9).fill(401)]);
});

test('two clients may use the same jti (C15), and each must have one that is a short text (C16)', async (t) => {
  const server = await start(t, withClients(entryOf(), `id: other, auth: private_key_jwt, ${jwksOf(key)}`));
  for (const id of ['batch', 'other'])
    assertIssued(server, await ask(server, asserting(assertion(server, key, { iss: id, sub: id, jti: 'one' }))), id);
  const bad = [undefined, '', 7, ['x'], 'x'.repeat(1025), 'x'.repeat(40_000)];
  await assertEachRefused(
    server,
    bad.map((jti) => [`${jti}`.slice(0, 9), assertion(server, key, { jti }), 'client_assertion_claims']),
  );
});

test('the type of the assertion is said, and is one that we know (C21, AS-01, AS-07)', async (t) => {
  const server = await startBatch(t);
  const text = assertion(server, key);
  const told = async (form: Record<string, string>): Promise<unknown[]> => {
    const { status: code, body } = await ask(server, form);
    return [code, body.error, body.error_description];
  };
  const missing = (name: string) => [400, 'invalid_request', `The parameter ${name} is missing`];
  assert.deepEqual(await told({ client_assertion: text }), missing('client_assertion_type'));
  assert.deepEqual(await told({ client_assertion_type: 'x' }), missing('client_assertion'));
  for (const kind of ['saml2-bearer', 'JWT-bearer', '']) {
    const client_assertion_type = `urn:ietf:params:oauth:client-assertion-type:${kind}`;
    assert.deepEqual(
      await told({ client_assertion: text, client_assertion_type }),
      [400, 'invalid_request', 'The client_assertion_type is not supported'],
      kind,
    );
  }
  assertIssued(server, await ask(server, asserting(text)));
});

test('what says that it is for something else is no client assertion (C24), and a client assertion is no subject token (AS-06, JW-12)', async (t) => {
  const idp = await startIssuer(t);
  const yaml = withClients(entryOf()).replace(
    /rules:[\s\S]*/,
    `issuers:\n  - ${entry(idp)}\nrules:\n  - ${FOREIGN_RULE}\n`,
  );
  const server = await start(t, yaml);
  const types = ['at+jwt', 'oauth-id-jag+jwt', 'dpop+jwt', 'logout+jwt', 'secevent+jwt', 'x'];
  await assertEachRefused(server, [
    ...types.map((typ): Attack => [typ, assertion(server, key, {}, { typ }), 'client_assertion_wrong_type']),
    ['our own access token', await subjectToken(server), 'client_method'],
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

test('an assertion beside another way to authenticate is no help, signed or not (C09, OA-09)', async (t) => {
  const server = await startBatch(t);
  const unsigned = `${base64url('{"alg":"none"}')}.${base64url(JSON.stringify(goodClaims(server)))}.`;
  assert.equal((await ask(server, asserting(unsigned), agentBasic)).status, 401);
  for (const [form, headers] of [
    [{}, agentBasic],
    [gateway, {}],
  ] as const) {
    const both: Answer = await ask(server, { ...asserting(assertion(server, key)), ...form }, headers);
    assert.equal(server.audit(both)?.reason, 'client_authentication_doubled');
    assertIssued(server, await ask(server, form, headers));
  }
});

test('keys come from jwksUri like those of an issuer: kept, fetched again for a new one, 503 while they cannot be had', async (t) => {
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
  const stranger = await ask(server, asserting(assertion(server, newKey())));
  assertRefused(server, stranger, { ...CLIENT_REFUSED, reason: 'client_assertion_unknown_key' });
});

test('a key that cannot be told from another is no proof (RFC 7515 section 4.1.4)', async (t) => {
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
