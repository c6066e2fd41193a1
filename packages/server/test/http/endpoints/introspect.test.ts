// Introspection (RFC 7662): only the client of a token and the API that it is for see it as active.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { API, acting, BACKEND, exchange, gateway, subjectToken } from '../../support/basics.ts';
import { changed, edited } from '../../support/configuration.ts';
import { claimsOf, encode, start, type TestServer, type } from '../../support/harness.ts';
import { entry, startIssuer } from '../../support/issuer.ts';
import { basic, ISSUER, introspect, life, other, REFRESH, refreshTokenOf, VAULT } from '../../support/life.ts';

const SIGNED = 'application/token-introspection+jwt';
const INACTIVE = { active: false };

test('shows an active token to its own client and to the API that it is for (RFC 7662 section 2.2; IN-01, IN-04)', async (t) => {
  const server = await start(t, life());
  const { body } = await exchange(server, { ...(await acting(server)), audience: API, scope: 'read' });
  const { lineage, actor_lineage, ...said } = claimsOf(body.access_token);
  assert.ok(lineage && actor_lineage, 'what it derives from is for us alone');
  const expected = { active: true, token_type: 'Bearer', ...said };
  assert.deepEqual(said.act, { sub: 'agent', iss: ISSUER });
  for (const answer of [
    await introspect(server, body.access_token),
    await introspect(server, body.access_token, {}, basic('api')),
    await introspect(server, body.access_token, { ...gateway, token_type_hint: 'refresh_token' }),
  ]) {
    assert.deepEqual([answer.status, answer.body], [200, expected]);
    assert.equal(answer.headers.get('cache-control'), 'no-store');
  }
});

test('shows the claims of an opaque token that a JWT would have (TE-70b)', async (t) => {
  const idp = await startIssuer(t);
  const grant = `grant: { audiences: [${API}, ${VAULT}], scopes: [read], types: [access_token, jwt] }`;
  const trusted = entry(idp, { claims: '{ email: claims.email }' });
  const server = await start(t, life([`{ client: gateway, subject: { issuer: [idp] }, ${grant} }`], [trusted]));
  const ask = {
    subject_token: idp.sign({ email: 'ada@example.com', acr: 'high', may_act: { iss: ISSUER, sub: 'gateway' } }),
    subject_token_type: type('jwt'),
  };
  const opaque = await exchange(server, { ...ask, audience: VAULT });
  const jwt = await exchange(server, { ...ask, audience: VAULT, requested_token_type: type('jwt') });
  assert.match(String(opaque.body.access_token), /^cambio_at_[\w-]{79}$/);
  const { lineage, jti, ...said } = claimsOf(jwt.body.access_token);
  const answer = await introspect(server, opaque.body.access_token, {}, basic('vault'));
  assert.deepEqual({ ...answer.body, jti }, { active: true, token_type: 'Bearer', ...said, jti });
  const { email, acr, may_act, sub_id } = answer.body;
  assert.deepEqual(
    [email, acr, may_act, sub_id],
    ['ada@example.com', 'high', { iss: ISSUER, sub: 'gateway' }, { format: 'iss_sub', iss: idp.url, sub: 'ada' }],
  );
});

test('shows a refresh token to its own client only, and never like an access token', async (t) => {
  const server = await start(t, life());
  const token = await refreshTokenOf(server, { ...REFRESH, audience: API, scope: 'read' });
  const { body } = await introspect(server, token);
  const { exp, ...said } = body;
  assert.equal(typeof exp, 'number');
  assert.deepEqual(said, {
    active: true,
    iss: ISSUER,
    sub: 'gateway',
    client_id: 'gateway',
    token_type: 'N_A',
    scope: 'read',
  });
  for (const [form, headers] of [
    [other, {}],
    [{}, basic('api')],
  ] as const) {
    assert.deepEqual((await introspect(server, token, form, headers)).body, INACTIVE);
  }
});

test('shows a token for several APIs to each of them', async (t) => {
  const server = await start(t, life());
  const { body } = await exchange(server, { audience: [API, BACKEND] });
  assert.deepEqual((await introspect(server, body.access_token, {}, basic('api'))).body.aud, [API, BACKEND]);
  assert.deepEqual((await introspect(server, body.access_token, {}, basic('vault'))).body, INACTIVE);
});

test('requires authentication, and one token, sent once (RFC 7662 section 2.1; IN-02, IN-07, IJ-04)', async (t) => {
  const server = await start(t, life());
  const token = await subjectToken(server);
  const post = async (body: string, headers = {}) => {
    const { status, body: said } = await server.post('/oauth/introspect', body, headers);
    return [status, said.error];
  };
  for (const headers of [{}, { accept: SIGNED }])
    assert.deepEqual(await post(encode({ token }), headers), [401, 'invalid_client']);
  assert.deepEqual(await post(encode({ token, client_id: 'gateway', client_secret: 'wrong' })), [
    401,
    'invalid_client',
  ]);
  assert.deepEqual(await post(encode({ token }), { authorization: `Bearer ${token}` }), [401, 'invalid_client']);
  assert.deepEqual(await post(encode(gateway)), [400, 'invalid_request']);
  assert.deepEqual(await post(encode({ ...gateway, token: '' })), [400, 'invalid_request']);
  assert.deepEqual(await post(encode({ ...gateway, token: [token, token] })), [400, 'invalid_request']);
  assert.deepEqual(await post(JSON.stringify({ ...gateway, token }), { 'content-type': 'application/json' }), [
    400,
    'invalid_request',
  ]);
  assert.deepEqual(await post(encode({ ...gateway, token })), [200, undefined]);
  assert.equal((await fetch(`${server.issuer}/oauth/introspect?token=${token}`)).status, 405);
});

test('signs the answer on request, for the caller, in a form that is not a token (RFC 9701 section 5; IJ-01, IJ-02, IJ-03, IJ-05a, IJ-05b, IJ-06)', async (t) => {
  const server = await start(t, life());
  const token = await subjectToken(server);
  const verified = async (text: string, audience: string) => {
    const keys = createRemoteJWKSet(new URL(`${server.issuer}/.well-known/jwks.json`));
    return jwtVerify(text, keys, { issuer: ISSUER, audience, typ: 'token-introspection+jwt', algorithms: ['ES256'] });
  };
  for (const [asker, active] of [
    ['api', true],
    ['vault', false],
  ] as const) {
    const answer = await introspect(
      server,
      token,
      {},
      { ...basic(asker), accept: `${SIGNED}, application/json;q=0.5` },
    );
    assert.equal(answer.headers.get('content-type'), SIGNED);
    const { payload } = await verified(answer.text, asker);
    assert.deepEqual(Object.keys(payload).sort(), ['aud', 'iat', 'iss', 'token_introspection']);
    const plain = (await introspect(server, token, {}, basic(asker))).body;
    assert.deepEqual([payload.token_introspection, plain.active], [plain, active]);
    const asToken = await exchange(server, { subject_token: answer.text });
    assert.equal(server.audit(asToken)?.reason, 'subject_token_wrong_type');
  }
  const unsigned = await introspect(server, token, gateway, { accept: 'application/json' });
  assert.match(unsigned.headers.get('content-type') ?? '', /^application\/json/);
  await assert.rejects(verified((await introspect(server, token, gateway, { accept: SIGNED })).text, 'api'), /aud/);
});

test('shows nothing to a disabled client, and its tokens as inactive', async (t) => {
  const first = await start(t, life());
  const token = await subjectToken(first);
  await first.close();
  const disabled = await start(t, changed(life(), { clients: edited('gateway', { disabled: true }) }), {
    folder: first.folder,
  });
  assert.equal((await introspect(disabled, token)).status, 401);
  assert.deepEqual((await introspect(disabled, token, {}, basic('api'))).body, INACTIVE);
});

test('accepts only the exact text of an opaque token, and stores none of it', async (t) => {
  const server = await start(t, life());
  const token = await subjectToken(server, { audience: VAULT });
  for (const text of [token.toUpperCase(), `${token} `, token.slice(0, -1), token.replace('cambio_at_', '')]) {
    assert.deepEqual((await introspect(server, text)).body, INACTIVE);
  }
  assert.equal((await introspect(server, token)).body.active, true);
  server.clock.now += 3_600_000;
  assert.deepEqual((await introspect(server, token)).body, INACTIVE);
  assert.equal(storedText(server).includes(token.replace('cambio_at_', '')), false);
});

const storedText = (server: TestServer): string =>
  ['cambio.db', 'cambio.db-wal'].map((name) => readFileSync(join(server.folder, name), 'latin1')).join('');
