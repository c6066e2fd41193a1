// Clients without a secret of their own: SPIFFE workloads, public clients, and workloads that a token of their platform
// identifies.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { admin, withOperators } from '../support/admin-api.ts';
import {
  API,
  assertIssued,
  assertRefused,
  CLIENT_REFUSED,
  configuration,
  gateway,
  SUBJECT_REFUSED,
  subjectToken,
} from '../support/basics.ts';
import { ask, asserting, JWT_SPIFFE, jwksOf } from '../support/client-credentials.ts';
import { added, type Configuration, changed, type Entry, entries } from '../support/configuration.ts';
import { type Answer, EXCHANGE, encode, type Form, start, type TestServer, type } from '../support/harness.ts';
import { type Claims, entry, type FakeIssuer, newKey, type SignOptions, startIssuer, US } from '../support/issuer.ts';

const DOMAIN = 'spiffe://prod.example';
const SHOP = `${DOMAIN}/ns/shop/sa/cart`;
const spire = newKey('ES256', 'bundle-1');
/** A key in the bundle that is not for JWT-SVIDs. */
const edwards = newKey('Ed25519', 'bundle-2');
const trustDomain = `{ trustDomain: prod.example, accepts: [jwt], audiences: [${US}, "\${ISSUER}"], algorithms: [ES256, Ed25519], ${jwksOf(...[spire, edwards].map(({ jwk }) => ({ ...jwk, use: 'jwt-svid', alg: undefined })))} }`;

const configured = (
  clients: readonly Entry[],
  issuers: readonly Entry[],
  rules: readonly Entry[] = [],
): Configuration =>
  changed(configuration, { clients: added(...clients), issuers: entries(issuers), rules: added(...rules) });
const workloads = (id: string, spiffeId: string): string =>
  `{ id: ${id}, auth: spiffe_jwt, spiffeId: '${spiffeId}', grants: [client_credentials], audiences: [${API}], scopes: [read] }`;

/** A JWT-SVID for this server. */
const svidOf = (idp: FakeIssuer, server: TestServer, claims: Claims = {}, options: SignOptions = {}): string =>
  idp.sign({ iss: undefined, jti: undefined, sub: SHOP, aud: server.issuer, ...claims }, { key: spire, ...options });

test('authenticates a workload by its JWT-SVID, any number of times (draft-ietf-oauth-spiffe-client-auth; SP-01, SP-05a)', async (t) => {
  const idp = await startIssuer(t);
  const clients = [workloads('cart', SHOP), workloads('shop', `${DOMAIN}/ns/shop/*`), workloads('all', `${DOMAIN}/*`)];
  const server = await start(
    t,
    configured([...clients, workloads(`${DOMAIN}/ns/mesh`, `${DOMAIN}/ns/mesh`)], [trustDomain]),
  );
  const svid = svidOf(idp, server);
  for (const form of [{}, {}, { client_id: 'cart' }]) {
    const answer = await ask(server, { ...asserting(svid, JWT_SPIFFE), ...form });
    assertIssued(server, answer);
    const { client, clientAuthentication } = server.audit(answer) ?? {};
    assert.deepEqual([client, clientAuthentication], ['cart', 'spiffe_jwt']);
  }
  for (const [sub, client] of [
    [`${DOMAIN}/ns/shop/sa/other`, 'shop'],
    [`${DOMAIN}/ns/shopping`, 'all'],
    [`${DOMAIN}/ns/mesh`, `${DOMAIN}/ns/mesh`],
  ] as const) {
    const answer = await ask(server, asserting(svidOf(idp, server, { sub }), JWT_SPIFFE));
    assert.equal(server.audit(answer)?.client, client);
    assertIssued(server, answer);
  }
  // kagenti sends the SPIFFE id as client_id.
  const named = svidOf(idp, server, { sub: `${DOMAIN}/ns/mesh` });
  assertIssued(server, await ask(server, { ...asserting(named, JWT_SPIFFE), client_id: `${DOMAIN}/ns/mesh` }));
  const other = await ask(server, { ...asserting(svid, JWT_SPIFFE), client_id: 'shop' });
  assert.deepEqual([other.status, server.audit(other)?.reason], [400, 'client_id_mismatch']);
});

test('refuses the SVID of a workload that is only the id of a client with other workloads (SP-01)', async (t) => {
  const idp = await startIssuer(t);
  const clients = [workloads(`${DOMAIN}/ns/shop`, `${DOMAIN}/ns/shop/*`)];
  const server = await start(t, configured(clients, [trustDomain]));
  const askAs = (sub: string) => ask(server, asserting(svidOf(idp, server, { sub }), JWT_SPIFFE));
  assertIssued(server, await askAs(SHOP));
  const answer = await askAs(`${DOMAIN}/ns/shop`);
  assert.equal(answer.status, 401, answer.text);
  assert.equal(server.audit(answer)?.reason, 'client_assertion_unknown_issuer');
});

test('refuses an SVID of another domain, audience, time, key or form, and one under the wrong type (SP-01, SP-02, SP-04)', async (t) => {
  const idp = await startIssuer(t);
  const server = await start(t, configured([workloads('shop', `${DOMAIN}/ns/shop/*`)], [trustDomain]));
  const past = Math.floor(server.clock.now / 1000) - 60;
  const attacks: readonly (readonly [string, string])[] = [
    [svidOf(idp, server, { aud: [server.issuer, US] }), 'client_assertion_audience'],
    [svidOf(idp, server, { aud: US }), 'client_assertion_audience'],
    [svidOf(idp, server, { aud: undefined }), 'client_assertion_audience'],
    [svidOf(idp, server, { exp: past }), 'client_assertion_expired'],
    [svidOf(idp, server, { exp: undefined }), 'client_assertion_claims'],
    [svidOf(idp, server, {}, { key: newKey('ES256', spire.kid) }), 'client_assertion_signature'],
    [svidOf(idp, server, {}, { key: edwards }), 'client_assertion_algorithm'],
    [svidOf(idp, server, {}, { header: { typ: 'at+jwt' } }), 'client_assertion_wrong_type'],
    [svidOf(idp, server, {}, { header: { x5c: ['x'] } }), 'client_assertion_wrong_type'],
    [svidOf(idp, server, { sub: 'spiffe://other.example/ns/shop/x' }), 'client_unknown'],
    [svidOf(idp, server, { sub: `${DOMAIN}/ns/shop` }), 'client_unknown'],
    [svidOf(idp, server, { sub: `${DOMAIN}/ns/shop/../mesh` }), 'client_unknown'],
  ];
  for (const [svid, reason] of attacks) {
    assertRefused(server, await ask(server, asserting(svid, JWT_SPIFFE)), { ...CLIENT_REFUSED, reason }, reason);
    server.clock.now += 1000;
  }
  const asJwt = await ask(server, asserting(svidOf(idp, server)));
  assertRefused(server, asJwt, { ...CLIENT_REFUSED, reason: 'client_unknown' });
  assertIssued(server, await ask(server, asserting(svidOf(idp, server), JWT_SPIFFE)));
});

test('refuses the SVIDs of a suspended client and the tokens about them, those of a pattern, too, and no others', async (t) => {
  const idp = await startIssuer(t);
  const mesh = `{ name: mesh, client: gateway, subject: { issuer: prod.example }, grant: { audiences: [${API}], scopes: [read] } }`;
  const clients = [workloads('shop', `${DOMAIN}/ns/shop/*`), workloads('cart', SHOP)];
  const server = await start(t, withOperators(configured(clients, [trustDomain], [mesh])));
  const exchange = (sub: string): Promise<Answer> =>
    server.token({
      ...{ grant_type: EXCHANGE, ...gateway, subject_token_type: type('jwt') },
      subject_token: svidOf(idp, server, { sub, aud: US }),
    });
  const isActive = async (token: string): Promise<unknown> =>
    (await server.post('/oauth/introspect', encode({ ...gateway, token }))).body.active;
  for (const [subject, refused, accepted] of [
    ['shop', `${DOMAIN}/ns/shop/other`, SHOP],
    ['cart', SHOP, `${DOMAIN}/ns/shop/other`],
  ] as const) {
    const before = String((await exchange(refused)).body.access_token);
    assert.equal((await admin(server, 'POST /actors/suspend', { body: { subject } })).status, 204);
    assert.equal(await isActive(before), false);
    assertRefused(server, await exchange(refused), { ...SUBJECT_REFUSED, reason: 'subject_token_suspended' });
    assertIssued(server, await exchange(accepted));
    assert.equal((await admin(server, 'POST /actors/resume', { body: { subject } })).status, 204);
    assert.equal(await isActive(before), true);
  }
});

test('refuses an SVID for client authentication as a subject token, and accepts one for another audience', async (t) => {
  const idp = await startIssuer(t);
  const rule = `{ name: mesh, client: gateway, subject: { issuer: prod.example }, grant: { audiences: [${API}], scopes: [read] } }`;
  const server = await start(t, configured([workloads('shop', `${DOMAIN}/ns/shop/*`)], [trustDomain], [rule]));
  const exchange = (subject_token: string): Promise<Answer> =>
    server.token({ grant_type: EXCHANGE, ...gateway, subject_token, subject_token_type: type('jwt') });
  const answer = await exchange(svidOf(idp, server));
  assertRefused(server, answer, { ...SUBJECT_REFUSED, reason: 'subject_token_wrong_type' });
  assertIssued(server, await exchange(svidOf(idp, server, { aud: US })));
  assertIssued(server, await exchange(svidOf(idp, server, { sub: `${DOMAIN}/ns/mesh` })), 'of no client');
});

const PUBLIC = [
  '{ id: terminal, auth: none, publicExchange: true, grants: [token_exchange, refresh_token] }',
  '{ id: page, auth: none, grants: [token_exchange, refresh_token] }',
];
const PUBLIC_RULE = `{ name: public, client: [terminal, page], subject: { issuer: self, clients: [gateway] }, grant: { audiences: [${API}], scopes: [read], refreshToken: true } }`;

test('lets a public client exchange if its entry allows it, and trusts its id for nothing else (TE-20, TE-23)', async (t) => {
  const server = await start(t, configured(PUBLIC, [trustDomain], [PUBLIC_RULE]));
  const subject_token = await subjectToken(server);
  const exchange = (form: Form): Promise<Answer> =>
    server.token({ grant_type: EXCHANGE, subject_token, subject_token_type: type('access_token'), ...form });
  const good = await exchange({ client_id: 'terminal' });
  assertIssued(server, good);
  assert.equal(server.audit(good)?.clientAuthentication, 'none');
  const refreshed = await server.token({
    grant_type: 'refresh_token',
    client_id: 'terminal',
    refresh_token: String(good.body.refresh_token),
  });
  assertIssued(server, refreshed);
  assertRefused(server, await exchange({ client_id: 'page' }), {
    error: 'unauthorized_client',
    description: 'The client may not use this grant_type',
    reason: 'public_client_not_allowed',
  });
  const withSecret = await exchange({ client_id: 'terminal', client_secret: 'x' });
  assertRefused(server, withSecret, { ...CLIENT_REFUSED, reason: 'client_method' });
  const token = String(good.body.access_token);
  const asking = encode({ client_id: 'terminal', token });
  assert.equal((await server.post('/oauth/introspect', asking)).status, 401);
  assert.equal((await server.post('/oauth/revoke', asking)).status, 200);
  const seen = await server.post('/oauth/introspect', encode({ ...gateway, token }));
  assert.deepEqual(seen.body, { active: false });
});

const startWorkload = async (t: Pick<TestContext, 'after'>): Promise<[TestServer, FakeIssuer]> => {
  const idp = await startIssuer(t);
  const clients = [
    `{ id: jobs, auth: none, workload: { issuer: idp, audience: ${US} }, grants: [token_exchange] }`,
    `{ id: mesh, auth: none, workload: { issuer: prod.example, audience: ${US} }, grants: [token_exchange] }`,
  ];
  const rule = `{ name: workloads, client: [jobs, mesh], subject: { issuer: [idp, prod.example] }, grant: { audiences: [${API}], scopes: [read] } }`;
  const own = `{ name: own, client: [jobs, mesh], subject: { issuer: self, clients: [gateway, jobs] }, grant: { audiences: [${API}], scopes: [read] } }`;
  const issuers = [entry(idp, { audiences: `[${US}, 'urn:other']`, accepts: '[jwt, id_token]' }), trustDomain];
  return [await start(t, configured(clients, issuers, [rule, own])), idp];
};

test('identifies a client that is not named by the workload token of its entry (TE-20)', async (t) => {
  const [server, idp] = await startWorkload(t);
  const exchange = (subject_token: string, form: Form = {}): Promise<Answer> =>
    server.token({ grant_type: EXCHANGE, subject_token, subject_token_type: type('jwt'), ...form });
  const good = await exchange(idp.sign());
  assertIssued(server, good);
  const { client, clientAuthentication } = server.audit(good) ?? {};
  assert.deepEqual([client, clientAuthentication], ['jobs', 'workload']);
  const svid = await exchange(svidOf(idp, server, { aud: US }));
  assertIssued(server, svid);
  assert.equal(server.audit(svid)?.client, 'mesh');
  assertIssued(server, await exchange(idp.sign(), { subject_token_type: type('id_token') }));
  const missing = {
    ...CLIENT_REFUSED,
    description: 'Client authentication is missing: use HTTP Basic, or client_id and client_secret',
    reason: 'client_authentication_missing',
  };
  for (const [what, token] of Object.entries({
    'our own token': await subjectToken(server),
    'a token that we issued to the workload': String(good.body.access_token),
    'another audience': idp.sign({ aud: 'urn:other' }),
    'another issuer': idp.sign({ iss: 'https://other.example' }),
    'our issuer, forged': idp.sign({ iss: server.issuer }),
    'no JWT': 'not.a.token',
  }))
    assertRefused(server, await exchange(token), missing, what);
  // The token first only identifies the client. Later it is verified.
  const forged = await exchange(idp.sign({}, { key: newKey('ES256', idp.keys[0]?.kid) }));
  assertRefused(server, forged, { ...SUBJECT_REFUSED, reason: 'subject_token_signature' });
  // The id is a claim only: nothing was authenticated.
  const row = server.audit(forged);
  assert.deepEqual([row?.client, row?.clientAuthentication, row?.clientClaimed], [undefined, undefined, 'jobs']);
  const expired = await exchange(idp.sign({ exp: 1 }));
  assert.equal(server.audit(expired)?.clientAuthentication, undefined);
  const outOfReach = await exchange(idp.sign(), { scope: 'admin' });
  assert.equal(outOfReach.status, 400);
  assert.deepEqual([server.audit(outOfReach)?.client, server.audit(outOfReach)?.clientClaimed], ['jobs', undefined]);
});

test('refuses a workload by its id alone, without a token, and outside of an exchange', async (t) => {
  const [server, idp] = await startWorkload(t);
  const subject_token = idp.sign();
  const form: Form = { grant_type: EXCHANGE, subject_token, subject_token_type: type('jwt') };
  const named = await server.token({ ...form, client_id: 'jobs' });
  assert.deepEqual([named.status, server.audit(named)?.reason], [400, 'public_client_not_allowed']);
  const refused: readonly (readonly [Form, Record<string, string>])[] = [
    [{ ...form, grant_type: 'client_credentials' }, {}],
    [{ ...form, grant_type: 'refresh_token', refresh_token: 'x' }, {}],
    [{ ...form, subject_token: '' }, {}],
    [form, { authorization: `Bearer ${subject_token}` }],
    [form, { authorization: 'Basic eDp4' }],
    [{ ...form, client_secret: '', client_id: 'nobody' }, {}],
  ];
  for (const [body, headers] of refused) assert.equal((await server.token(body, headers)).status, 401, encode(body));
  for (const path of ['/oauth/introspect', '/oauth/revoke'])
    assert.equal((await server.post(path, encode({ ...form, token: 'x' }))).status, 401, path);
  assertIssued(server, await server.token(form));
});

test('identifies no client by a token with claims of odd types, and reports no fault of the server', async (t) => {
  const idp = await startIssuer(t);
  const workload = `{ id: job, auth: none, workload: { issuer: idp, audience: ${US} }, grants: [token_exchange], audiences: [${API}], scopes: [read] }`;
  const rule = `{ client: job, subject: { issuer: idp }, grant: { audiences: [${API}], scopes: [read] } }`;
  const server = await start(t, configured([workload], [entry(idp)], [rule]));
  const exchangeOf = (claims: Claims) =>
    server.token({
      grant_type: EXCHANGE,
      subject_token: idp.sign({ aud: US, ...claims }),
      subject_token_type: type('jwt'),
    });
  const odd: readonly unknown[] = [
    null,
    7,
    true,
    [],
    {},
    [idp.url],
    { toString: 1, valueOf: 1 },
    { toString: null },
    '',
    '\ud800',
    'x'.repeat(2000),
  ];
  for (const value of odd) {
    for (const name of ['iss', 'sub', 'aud']) {
      const { status, text } = await exchangeOf({ [name]: value });
      assert.ok(status === 400 || status === 401, `${name} ${JSON.stringify(value)}: ${status} ${text}`);
    }
  }
  assertIssued(server, await exchangeOf({}));
});
