// The admin API: authorization, the form of its answers, and the configuration that it shows.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { admin, adminToken, startAdministered } from '../../support/admin-api.ts';
import { API, assertIssued, configuration, exchange, subjectToken } from '../../support/basics.ts';
import { type Answer, read, start } from '../../support/harness.ts';

const problemOf = ({ status, body, headers }: Answer) => {
  assert.match(headers.get('content-type') ?? '', /^application\/problem\+json/);
  assert.equal(body.status, status);
  assert.equal(body.instance, `urn:uuid:${headers.get('x-request-id')}`);
  return `${status} ${String(body.type).replace('urn:cambio:error:', '')}`;
};

test('requires an access token of ours for the admin API, with the scope of the operation (RFC 6750)', async (t) => {
  const server = await startAdministered(t);
  const anonymous = await read(await fetch(`${server.issuer}/admin/v1/clients`));
  assert.equal(problemOf(anonymous), '401 invalid_token');
  assert.match(anonymous.headers.get('www-authenticate') ?? '', /^Bearer, DPoP algs="ES256 /);
  const good = await adminToken(server);
  const others = [
    await subjectToken(server),
    'x.y.z',
    `${good}x`,
    server.forge({ ...JSON.parse(atob(String(good.split('.')[1]))), exp: 1 }),
  ];
  for (const token of others) {
    const answer = await admin(server, 'GET /clients', { token });
    assert.equal(problemOf(answer), '401 invalid_token');
    assert.match(answer.headers.get('www-authenticate') ?? '', /error="invalid_token"/);
    assert.equal(server.audit(answer)?.reason, 'access_token_invalid');
  }
  const auditor = await adminToken(server, 'auditor');
  const mere = await admin(server, 'POST /keys', { token: auditor, body: {} });
  assert.equal(problemOf(mere), '403 insufficient_scope');
  assert.match(mere.headers.get('www-authenticate') ?? '', /error="insufficient_scope", scope="admin:write"/);
  assert.equal(server.audit(mere)?.client, 'auditor');
  assert.equal((await admin(server, 'GET /clients', { token: auditor })).status, 200);
  assert.equal((await admin(server, 'GET /clients', { token: good })).status, 200);
});

test('does not exist on a server without a resource for it', async (t) => {
  const without = await start(t, configuration);
  assert.equal((await read(await fetch(`${without.issuer}/admin/v1/clients`))).status, 404);
  const withIt = await startAdministered(t);
  assert.equal((await read(await fetch(`${withIt.issuer}/admin/v1/clients`))).status, 401);
});

test('shows the configuration in force in the terms of the file', async (t) => {
  const server = await startAdministered(t);
  const all = await Promise.all(
    ['clients', 'resources', 'issuers', 'rules', 'keys'].map(
      async (name) => [name, await admin(server, `GET /${name}`)] as const,
    ),
  );
  for (const [name, { status }] of all) {
    assert.equal(status, 200, name);
  }
  const bodies = Object.fromEntries(all.map(([name, { body }]) => [name, body.items as Record<string, unknown>[]]));
  assert.deepEqual(
    bodies.clients?.map(({ id, source }) => [id, source]),
    ['agent', 'auditor', 'gateway', 'operator', 'stranger'].map((id) => [id, 'file']),
  );
  assert.equal(bodies.resources?.[0]?.audience, API);
  assert.equal(bodies.rules?.[0]?.name, 'gateway');
  assert.deepEqual(bodies.issuers, []);
  assert.equal(bodies.keys?.[0]?.state, 'active');
});

test('refuses unknown paths and methods in its own form', async (t) => {
  const server = await startAdministered(t);
  assert.equal(problemOf(await admin(server, 'GET /nothing')), '404 invalid_request');
  const wrong = await admin(server, 'PATCH /keys', { body: {} });
  assert.equal(problemOf(wrong), '405 invalid_request');
  assert.equal(wrong.headers.get('allow'), 'GET, HEAD, POST');
  assert.equal((await admin(server, 'GET /keys')).status, 200);
});

test('repeats no token that stands in the place of a name', async (t) => {
  const server = await startAdministered(t);
  const token = await adminToken(server);
  const name = encodeURIComponent(token);
  const facts = { issuer: 'self', type: 'access_token', client: 'gateway', claims: { sub: 'gateway' } };
  const calls: readonly (readonly [string, object?])[] = [
    [`GET /reach?client=${name}`],
    [`GET /audit?${name}=1`],
    [`DELETE /keys/${name}`],
    ['POST /revocations', { [token]: token }],
    ['POST /explain', { client: 'gateway', subject: { ...facts, [token]: 1 } }],
    ['POST /policy/tests', { client: token, subject: facts }],
    ['POST /policy/tests', { client: 'gateway', subject: facts, rule: token }],
  ];
  for (const [what, body] of calls) {
    const answer = await admin(server, what, body && { body });
    assert.ok([404, 422].includes(answer.status), answer.text);
    assert.ok(!answer.text.includes(token.slice(-40)), `${what.slice(0, 20)}: ${answer.text}`);
    assert.match(answer.text, /\[withheld\]/, what);
  }
});

test('revokes at once by id, subject or client, with all descendants and nothing else', async (t) => {
  const server = await startAdministered(t);
  const before = async (body: object) => {
    const token = await subjectToken(server);
    const derived = String((await exchange(server, { subject_token: token })).body.access_token);
    const answer = await admin(server, 'POST /revocations', { body });
    assert.equal(answer.status, 204);
    assert.equal(server.audit(answer)?.outcome, 'revoked');
    return Promise.all(
      [token, derived].map(async (subject_token) => (await exchange(server, { subject_token })).status),
    );
  };
  assert.deepEqual(await before({ subject: 'somebody' }), [200, 200]);
  assert.deepEqual(await before({ subject: 'gateway' }), [400, 400]);
  server.clock.now += 2000;
  assertIssued(server, await exchange(server));
  assert.deepEqual(await before({ client: 'stranger' }), [200, 200]);
  assert.deepEqual(await before({ client: 'gateway' }), [400, 400]);
  server.clock.now += 2000;
  const token = await subjectToken(server);
  const { jti } = JSON.parse(atob(String(token.split('.')[1])));
  assert.equal((await admin(server, 'POST /revocations', { body: { id: jti } })).status, 204);
  assert.equal((await exchange(server, { subject_token: token })).status, 400);
  assertIssued(server, await exchange(server));
  for (const bad of [
    {},
    { id: 'a', subject: 'b' },
    { subject: '' },
    { all: false },
    { all: true, id: 'a' },
    { everybody: true },
  ]) {
    assert.equal(problemOf(await admin(server, 'POST /revocations', { body: bad })), '422 invalid_request');
  }
});

test('explains an exchange, simulated or past, and finds rows by their fields', async (t) => {
  const server = await startAdministered(t);
  const subject_token = await subjectToken(server);
  const allowed = await admin(server, 'POST /explain', { body: { client: 'gateway', subject_token, audience: [API] } });
  assert.equal(allowed.body.decision, 'allowed');
  const refused = await admin(server, 'POST /explain', { body: { client: 'stranger', subject_token } });
  assert.deepEqual([refused.status, refused.body.decision, refused.body.reason], [200, 'refused', 'grant_not_allowed']);
  const made = await exchange(server, { subject_token, scope: 'admin' });
  const id = String(made.headers.get('x-request-id'));
  const past = await admin(server, 'POST /explain', { body: { request: id } });
  assert.equal(past.body.reason, 'scope_exceeded');
  assert.equal((await admin(server, 'POST /explain', { body: { request: 'none' } })).status, 404);
  assert.deepEqual((await admin(server, `GET /audit/${id}`)).body.reason, 'scope_exceeded');
  const found = await admin(server, 'GET /audit?client=gateway&reason=scope_exceeded');
  assert.deepEqual(
    (found.body.items as { requestId: string }[]).map(({ requestId }) => requestId),
    [id],
  );
  for (const bad of [
    'a:a:b',
    '%22',
    'a%25',
    'x'.repeat(65),
    '',
    'one,,two',
    Array.from({ length: 17 }, String).join(),
  ]) {
    const answer = await admin(server, `GET /audit?token=${bad}`);
    assert.equal(problemOf(answer), '422 invalid_request', bad);
    assert.match(answer.text, /1 to 16 ids, separated by commas: letters, digits, - and _, at most 64/);
  }
  for (const none of ['_'.repeat(36), 'one,two', 'x'.repeat(64)])
    assert.deepEqual((await admin(server, `GET /audit?token=${none}`)).body.items, []);
  // The rows that are not in the index yet are searched, too.
  const { indexedUpTo, searchedUpTo } = found.body as { indexedUpTo: { position: number }; searchedUpTo?: unknown };
  assert.ok(Number.isInteger(indexedUpTo.position));
  assert.equal(searchedUpTo, undefined);
  assert.doesNotMatch(found.text + past.text, new RegExp(String(subject_token.split('.')[2])));
});

test('publishes a valid OpenAPI document that lists every operation', async (t) => {
  const server = await startAdministered(t);
  const { body } = await admin(server, 'GET /openapi.json');
  const { valid, errors } = await new Validator().validate(structuredClone(body));
  assert.equal(valid, true, JSON.stringify(errors));
  const paths = body.paths as Record<string, Record<string, { operationId: string }>>;
  const ids = Object.values(paths).flatMap((methods) => Object.values(methods).map(({ operationId }) => operationId));
  assert.equal(new Set(ids).size, ids.length);
  for (const id of ['create-client', 'search-audit', 'explain', 'revoke-tokens', 'rotate-key'])
    assert.ok(ids.includes(id));
});
