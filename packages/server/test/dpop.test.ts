// DPoP (RFC 9449) at the token endpoint: what is no proof, and what comes of one.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, type TestContext, test } from 'node:test';
import { API, assertIssued, assertRefused, BACKEND, gateway } from './basics.ts';
import { type Answer, base64url, claimsOf, type Form, start } from './harness.ts';
import { newProver, type Prover } from './prover.ts';

const VAULT = 'https://vault.example';

const server = await start(
  { after: after as TestContext['after'] },
  `
issuer: \${ISSUER}
server:
  port: \${PORT}
store: sqlite:cambio.db
resources:
  - { audience: ${API}, scopes: [read] }
  - { audience: ${VAULT}, scopes: [read], token: { format: opaque } }
  - { audience: ${BACKEND}, scopes: [read], requireSenderConstraint: true }
clients:
  - { id: gateway, auth: client_secret_post, secret: { plain: gateway-secret }, grants: [client_credentials], audiences: [${API}, ${VAULT}, ${BACKEND}], scopes: [read] }
  - { id: careful, auth: client_secret_post, secret: { plain: careful-secret }, grants: [client_credentials], audiences: [${API}], scopes: [read], dpopBoundAccessTokens: true }
`,
);
const prover = newProver();

const PROOF_REFUSED = {
  error: 'invalid_dpop_proof',
  description: 'The DPoP proof is missing, or not valid for this request',
};

const ask = (dpop: string | undefined, form: Form = gateway): Promise<Answer> =>
  server.token({ grant_type: 'client_credentials', ...form }, dpop === undefined ? {} : { dpop });
const changed = (claims: Record<string, unknown>, header: Record<string, unknown> = {}): string =>
  prover.prove(server, claims, header);

async function assertProofRefused(dpop: string | undefined, reason: string, form?: Form): Promise<void> {
  assertRefused(server, await ask(dpop, form), { ...PROOF_REFUSED, reason }, reason);
}

/** The proof is good; the token of the answer is bound to its key. */
async function assertBound(dpop: string, { jkt }: Pick<Prover, 'jkt'> = prover): Promise<void> {
  const answer = await ask(dpop);
  assertIssued(server, answer);
  assert.equal(answer.body.token_type, 'DPoP');
  assert.deepEqual(claimsOf(answer.body.access_token).cnf, { jkt });
}

test('a token that is asked for with a proof is bound to its key, and the audit row names it (DP-02, TE-33, BC-01e)', async () => {
  const bound = await ask(prover.prove(server));
  assert.equal(bound.body.token_type, 'DPoP');
  assert.deepEqual(claimsOf(bound.body.access_token).cnf, { jkt: prover.jkt });
  assert.deepEqual(server.audit(bound)?.confirmation, { jkt: prover.jkt });
  const bearer = await ask(undefined);
  assert.equal(bearer.body.token_type, 'Bearer');
  assert.equal(claimsOf(bearer.body.access_token).cnf, undefined);
});

test('introspection tells the key of a token, opaque or not, and calls it DPoP (IN-04, IN-05)', async () => {
  for (const audience of [API, VAULT]) {
    const { body } = await ask(prover.prove(server), { ...gateway, audience });
    const form = new URLSearchParams({ ...gateway, token: String(body.access_token) }).toString();
    const told = await server.post('/oauth/introspect', form);
    assert.deepEqual([told.body.active, told.body.token_type, told.body.cnf], [true, 'DPoP', { jkt: prover.jkt }]);
  }
});

test('two DPoP headers, or two proofs in one, are refused (B02, DP-01)', async () => {
  const [one, two] = [prover.prove(server), prover.prove(server)];
  const body = new URLSearchParams({ grant_type: 'client_credentials', ...gateway }).toString();
  const request = (headers: string): string =>
    `POST /oauth/token HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`;
  for (const headers of [
    `DPoP: ${one}\r\nDPoP: ${two}\r\n`,
    `DPoP: ${one}, ${two}\r\n`,
    `DPoP: ${one}\r\ndpop:\r\n`,
    'DPoP:\r\n',
  ]) {
    const answer = await server.raw(request(headers));
    assert.match(answer, /^HTTP\/1.1 400 .*"error":"invalid_dpop_proof"/s, headers.slice(0, 30));
  }
  assert.match(await server.raw(request(`DPoP: ${one}\r\n`)), /^HTTP\/1.1 200 .*"token_type":"DPoP"/s);
});

test('a proof of another kind, without a claim, or that two parsers could read differently is refused (B03, DP-01)', async () => {
  for (const typ of ['jwt', 'at+jwt', 'DPoP', undefined])
    await assertProofRefused(changed({}, { typ }), 'dpop_malformed');
  for (const name of ['jti', 'iat']) await assertProofRefused(changed({ [name]: undefined }), 'dpop_malformed');
  for (const jti of ['', 7, 'x'.repeat(1025), 'a\u0000b']) await assertProofRefused(changed({ jti }), 'dpop_malformed');
  await assertProofRefused(changed({}, { crit: ['b64'], b64: false }), 'dpop_malformed');
  const [head, payload, signature] = prover.prove(server).split('.');
  const twice = base64url(`{"jti":"a",${Buffer.from(String(payload), 'base64url').toString().slice(1)}`);
  for (const text of [
    'x',
    `${head}.${payload}`,
    `${head}.${payload}.`,
    `${head}.${payload}.${signature}=`,
    `${head}.${twice}.${signature}`,
  ])
    await assertProofRefused(text, 'dpop_malformed');
  await assertBound(changed({}, { typ: 'application/DPoP+JWT' }));
});

test('the key of a proof must be public, of a kind for its algorithm, and must have signed it (B03, DP-01)', async () => {
  const { jwk, key } = prover;
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });
  const secret = key.export({ format: 'jwk' });
  const { d: _d, ...named } = { ...secret, kid: 'k', use: 'sig', alg: 'ES256' };
  for (const header of [
    { jwk: secret },
    { jwk: { kty: 'oct', k: 'c2VjcmV0' } },
    { jwk: { kty: 'oct', k: 'c2VjcmV0' }, alg: 'HS256' },
    { jwk: rsa, alg: 'RS256' },
    { alg: 'ES384' },
    { alg: 'HS256' },
    { alg: 'none' },
    { jwk: { ...jwk, y: jwk.x } },
    { jwk: { ...jwk, use: 'enc' } },
    ...[undefined, null, 'x', [], 1].map((value) => ({ jwk: value })),
  ]) {
    await assertProofRefused(changed({}, header), 'dpop_key');
  }
  await assertProofRefused(changed({}, { jwk: newProver().jwk }), 'dpop_signature');
  await assertBound(changed({}, { jwk: named }));
  for (const [alg, kind] of [
    ['Ed25519', 'ed25519'],
    ['ML-DSA-44', 'ml-dsa-44'],
  ] as const) {
    const other = newProver(alg, generateKeyPairSync(kind as 'ed25519').privateKey);
    await assertBound(other.prove(server), other);
  }
});

test('a proof for another method, another URL, or our URL by another name is refused (B04, DP-01)', async () => {
  const url = `${server.issuer}/oauth/token`;
  for (const htm of ['GET', 'post', undefined, ['POST']]) await assertProofRefused(changed({ htm }), 'dpop_request');
  for (const htu of [
    `${server.issuer}/oauth/introspect`,
    `${url}/`,
    `${url}?a=b`,
    `${url}?`,
    `${url}#a`,
    url.replace('http:', 'https:'),
    url.replace('127.0.0.1', 'localhost'),
    url.replace('127.0.0.1', 'user@127.0.0.1'),
    url.replace('/oauth', '\\oauth'),
    ` ${url}`,
    '/oauth/token',
    '',
    undefined,
    [url],
  ]) {
    await assertProofRefused(changed({ htu }), 'dpop_request');
  }
  for (const htu of [
    url,
    url.replace('http:', 'HTTP:'),
    `${server.issuer}/x/../oauth/token`,
    url.replace('token', '%74oken'),
  ])
    await assertBound(changed({ htu }));
});

test('the Host header has no say in what a proof is for (B04)', async () => {
  const body = new URLSearchParams({ grant_type: 'client_credentials', ...gateway }).toString();
  const send = (proof: string): Promise<string> =>
    server.raw(
      `POST /oauth/token HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\nDPoP: ${proof}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
  assert.match(await send(changed({ htu: 'http://evil.example/oauth/token' })), /invalid_dpop_proof/);
  assert.match(await send(prover.prove(server)), /"token_type":"DPoP"/);
});

test('a proof is good for 60 seconds, and clocks may differ by 30 (B05, DP-01)', async () => {
  const now = Math.floor(server.clock.now / 1000);
  for (const iat of [now - 91, now + 31, now - 3600, now + 3600, 0])
    await assertProofRefused(changed({ iat }), 'dpop_time');
  for (const iat of [String(now), null]) await assertProofRefused(changed({ iat }), 'dpop_malformed');
  for (const iat of [now - 89, now + 29, now + 0.5]) await assertBound(changed({ iat }));
  for (const times of [{ exp: now - 31 }, { nbf: now + 31 }, { exp: 'soon' }])
    await assertProofRefused(changed(times), 'dpop_time');
  await assertBound(changed({ exp: now + 1, nbf: now }));
});

test('a proof is good once, also when it comes many times at once (B06, DP-09)', async () => {
  const proof = prover.prove(server);
  await assertBound(proof);
  await assertProofRefused(proof, 'dpop_replayed');
  const jti = 'one id';
  await assertBound(changed({ jti }));
  await assertProofRefused(changed({ jti }), 'dpop_replayed');
  const other = newProver();
  await assertBound(other.prove(server, { jti }), other);
  const raced = prover.prove(server);
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(raced)));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, ...Array(19).fill(400)]);
});

test('a request that is refused for something else does not use its proof up', async () => {
  const proof = prover.prove(server);
  assert.equal((await ask(proof, { ...gateway, scope: 'more' })).body.error, 'invalid_scope');
  assert.equal((await ask(proof, { ...gateway, client_secret: 'wrong' })).body.error, 'invalid_client');
  await assertBound(proof);
});

test('a proof that is too large for a header is 431, one with a large claim is refused (B13)', async () => {
  assert.equal((await ask(changed({ jti: 'x'.repeat(20_000) }))).status, 431);
  assert.equal((await ask(changed({}, { jwk: { ...prover.jwk, x5c: ['x'.repeat(50_000)] } }))).status, 431);
  await assertProofRefused(changed({ jti: 'x'.repeat(8000) }), 'dpop_malformed');
  await assertBound(changed({ jti: 'x'.repeat(1024) }));
});

test('a client with dpopBoundAccessTokens gets nothing without a proof (DP-04)', async () => {
  const careful = { client_id: 'careful', client_secret: 'careful-secret' };
  await assertProofRefused(undefined, 'dpop_missing', careful);
  const answer = await ask(prover.prove(server), careful);
  assert.equal(answer.body.token_type, 'DPoP');
});

test('a resource with requireSenderConstraint gets no bearer tokens', async () => {
  const refused = await ask(undefined, { ...gateway, audience: BACKEND });
  assertRefused(server, refused, {
    error: 'invalid_target',
    description: 'The requested audience is not valid for this client',
    reason: 'target_needs_proof',
  });
  const answer = await ask(prover.prove(server), { ...gateway, audience: BACKEND });
  assert.equal(answer.body.token_type, 'DPoP');
});

test('the metadata tells with which algorithms proofs may be signed (DP-12)', async () => {
  const response = await fetch(`${server.issuer}/.well-known/oauth-authorization-server`);
  const { dpop_signing_alg_values_supported: algorithms } = (await response.json()) as Record<string, string[]>;
  assert.ok(algorithms?.includes('ES256') && algorithms.includes('Ed25519') && algorithms.includes('ML-DSA-65'));
  assert.equal(
    algorithms?.some((alg) => alg === 'none' || alg.startsWith('HS')),
    false,
  );
});
