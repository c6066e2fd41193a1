// The operations of the admin API on the past: series of requests, tokens and their descendants, the audit list.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admin, administered, adminToken, startAdministered } from '../../support/admin-api.ts';
import { API, acting, assertIssued, exchange, gateway, subjectToken } from '../../support/basics.ts';
import { changed, entries } from '../../support/configuration.ts';
import { claimsOf, EXCHANGE, start, type } from '../../support/harness.ts';
import { entry, status as failing, JWKS, startIssuer } from '../../support/issuer.ts';
import { eventually } from '../../support/node.ts';

interface Series {
  readonly name?: string;
  readonly issued: number;
  readonly refused: number;
}

test('counts the requests of a period by outcome, reason, audience and client, and how long they took', async (t) => {
  const server = await startAdministered(t);
  for (let count = 0; count < 3; count++) assertIssued(server, await exchange(server));
  const refused = await exchange(server, { scope: 'admin' });
  assert.equal(refused.status, 400);
  await server.token({ grant_type: 'client_credentials', ...gateway, client_secret: 'wrong' });
  const now = new Date(server.clock.now + 1000).toISOString();
  const token = await adminToken(server, 'auditor');
  const { body } = await eventually(
    () => admin(server, `GET /overview?until=${now}&top=1`, { token }),
    (answer) => (answer.body.total as { refused: number }).refused === 2,
  );
  const total = body.total as Record<string, number>;
  assert.ok(
    (total.issued ?? 0) >= 7 && total.failed === 0 && (total.p99 ?? -1) >= (total.p50 ?? 0),
    JSON.stringify(total),
  );
  assert.deepEqual([body.bucketSeconds, (body.buckets as unknown[]).length >= 60], [60, true]);
  const reasons = body.reasons as readonly { reason: string; count: number }[];
  assert.deepEqual(reasons.map(({ reason, count }) => [reason, count]).toSorted(), [
    ['client_credentials', 1],
    ['scope_exceeded', 1],
  ]);
  const [first] = body.clients as readonly Series[];
  assert.deepEqual([first?.name, first?.issued, first?.refused], ['gateway', 7, 1]);
  const [audience] = body.audiences as readonly Series[];
  assert.equal(audience?.name, API);
  const empty = await admin(server, 'GET /overview?since=2020-01-01T00:00:00Z&until=2020-06-01T00:00:00Z');
  assert.deepEqual(empty.body.total, { issued: 0, refused: 0, failed: 0 });
  assert.ok((empty.body.buckets as unknown[]).length <= 120);
});

test('refuses a period of an overview that is empty, too long or not a time', async (t) => {
  const server = await startAdministered(t);
  const wrong = {
    'since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z': /must be before until/,
    'since=1990-01-01T00:00:00Z': /at most 10 years/,
    'since=yesterday':
      /^query\.since: "yesterday" is not a time of RFC 3339\. Write a time with its zone, such as 2026-01-31T08:00:00Z\.$/,
    'top=0': /top/,
  };
  for (const [query, detail] of Object.entries(wrong)) {
    const answer = await admin(server, `GET /overview?${query}`);
    assert.equal(answer.status, 422, query);
    assert.match(String(answer.body.detail), detail);
  }
  assert.equal((await admin(server, 'GET /overview')).status, 200);
});

const idsOf = ({ body }: { body: Record<string, unknown> }): readonly string[] =>
  (body.items as { requestId: string }[]).map(({ requestId }) => requestId);

test('a list and the rows after its position have each row once, while rows are written', async (t) => {
  const server = await startAdministered(t);
  const token = await adminToken(server);
  const call = (query: string) => admin(server, `GET /audit?${query}`, { token });
  await exchange(server);
  const first = await call('client=gateway&limit=1');
  const [position] = [Number(first.body.position)];
  const written = new Set<string>();
  const writing = Promise.all(
    Array.from({ length: 25 }, async () => {
      const answer = await server.token({ grant_type: 'client_credentials', ...gateway });
      written.add(answer.headers.get('x-request-id') ?? '');
    }),
  );
  const tail: string[] = [];
  for (let after = position, quiet = 0; quiet < 2; ) {
    const answer = await call(`client=gateway&limit=7&after=${after}`);
    assert.equal(answer.status, 200, answer.text);
    tail.push(...idsOf(answer));
    after = Number(answer.body.position);
    if (written.size === 25 && answer.body.more === false) quiet++;
  }
  await writing;
  assert.deepEqual(tail.toSorted(), [...written].toSorted());
  const second = await call(`client=gateway&limit=200&cursor=${first.body.next}`);
  assert.deepEqual(
    idsOf(second).filter((id) => written.has(id)),
    [],
    'later pages end at the position, too',
  );
  assert.equal((await call(`after=${position}&cursor=${first.body.next}`)).status, 422);
  const late = await call(`client=gateway&after=${position}&since=2100-01-01T00:00:00Z`);
  assert.deepEqual([idsOf(late).length, late.body.more], [0, false]);
});

test('shows a row with how it was decided, and the rows that belong to it', async (t) => {
  const server = await startAdministered(t);
  const root = await subjectToken(server);
  const headers = { 'x-request-id': 'run-7' };
  const form = { grant_type: EXCHANGE, ...gateway, subject_token: root, subject_token_type: type('access_token') };
  const first = await server.token(form, headers);
  const second = await server.token({ ...form, scope: 'admin' }, headers);
  assertIssued(server, first);
  assert.equal(second.status, 400);
  const id = (answer: typeof first): string => answer.headers.get('x-request-id') ?? '';
  const row = await eventually(
    () => admin(server, `GET /audit/${id(second)}`),
    ({ body }) => (body.siblings as { by: string }[]).some(({ by }) => by === 'caller_request'),
  );
  assert.deepEqual([row.body.requestId, row.body.reason], [id(second), 'scope_exceeded']);
  assert.equal((row.body.explanation as { decision: string }).decision, 'refused');
  const siblings = row.body.siblings as { by: string; event: { requestId: string; action: string } }[];
  assert.deepEqual(siblings.map(({ by, event }) => [by, event.requestId === id(first)]).toSorted(), [
    ['caller_request', true],
    ['token', false],
  ]);
  const other = await admin(server, `GET /audit/${id(await exchange(server))}`);
  assert.equal((other.body.explanation as { decision: string }).decision, 'allowed');
});

test('finds a party at every position of the chain', async (t) => {
  const server = await startAdministered(t);
  const delegated = await exchange(server, await acting(server));
  assertIssued(server, delegated);
  const id = delegated.headers.get('x-request-id') ?? '';
  for (const party of ['gateway', 'agent']) {
    const found = await admin(server, `GET /audit?party=${party}`);
    assert.ok(idsOf(found).includes(id), party);
    const tail = await admin(server, `GET /audit?party=${party}&after=0`);
    assert.deepEqual(idsOf(tail).toSorted(), idsOf(found).toSorted());
    const ofIssuer = await admin(server, `GET /audit?party=${party}&issuer=${server.issuer}`);
    assert.ok(idsOf(ofIssuer).includes(id), party);
  }
  assert.deepEqual(idsOf(await admin(server, 'GET /audit?party=stranger')), []);
  assert.deepEqual(idsOf(await admin(server, `GET /audit?party=agent&issuer=https://other.example`)), []);
});

interface Told {
  readonly id: string;
  readonly source: string;
  readonly state: string;
  readonly why?: string;
  readonly revokedBy?: string;
  readonly parents: readonly { id: string; as: string }[];
}

test('tells from which tokens a token derives, which derive from it, and what a revocation ends', async (t) => {
  const server = await startAdministered(t);
  const token = await adminToken(server);
  const call = (what: string, body?: unknown) => admin(server, what, { token, body });
  const idOf = (text: unknown): string => String(claimsOf(String(text)).jti);
  const root = await subjectToken(server);
  const delegation = await acting(server);
  const first = (await exchange(server, { subject_token: root, ...delegation })).body.access_token;
  const second = (await exchange(server, { subject_token: String(first), ...delegation })).body.access_token;
  const beside = (await exchange(server, { subject_token: root, ...delegation })).body.access_token;
  const chain = await call(`GET /tokens/${idOf(second)}`);
  assert.equal(chain.status, 200, chain.text);
  const told = chain.body.token as Told & Record<string, unknown>;
  assert.deepEqual(
    [told.state, told.client, told.rule, told.actors, told.subject, told.audiences],
    [
      'active',
      'gateway',
      'gateway',
      [{ iss: server.issuer, sub: 'agent' }],
      { iss: server.issuer, sub: 'gateway' },
      [API],
    ],
  );
  const actor = idOf(delegation.actor_token);
  assert.deepEqual(told.parents, [
    { id: idOf(first), as: 'subject' },
    { id: actor, as: 'actor' },
  ]);
  assert.deepEqual(
    (chain.body.ancestors as Told[]).map(({ id }) => id),
    [idOf(first), actor, idOf(root)],
  );
  const family = () =>
    eventually(
      () => call(`GET /tokens/${idOf(root)}/descendants`),
      ({ body }) => (body.items as unknown[])?.length === 3,
    );
  const before = await family();
  assert.deepEqual([before.body.count, before.body.living, before.body.complete], [3, 3, true]);
  assert.deepEqual(
    (before.body.items as Told[]).map(({ id }) => id).toSorted(),
    [first, second, beside].map(idOf).toSorted(),
  );
  const pages = [];
  for (let cursor = ''; pages.length < 5; ) {
    const page = await call(`GET /tokens/${idOf(root)}/descendants?limit=1${cursor}`);
    pages.push(...(page.body.items as Told[]).map(({ id }) => id));
    if (page.body.next === undefined) break;
    cursor = `&cursor=${page.body.next}`;
  }
  assert.deepEqual(
    pages,
    (before.body.items as Told[]).map(({ id }) => id),
  );
  assert.equal((await call('POST /revocations', { id: idOf(first) })).status, 204);
  const after = await family();
  assert.deepEqual([after.body.count, after.body.living], [3, 1]);
  const states = Object.fromEntries((after.body.items as Told[]).map(({ id, state }) => [id, state]));
  assert.deepEqual(states, { [idOf(first)]: 'revoked', [idOf(second)]: 'revoked', [idOf(beside)]: 'active' });
  const [last] = ((await call(`GET /tokens/${idOf(root)}/descendants?limit=200`)).body.items as Told[]).slice(-1);
  assert.equal(last?.id, idOf(beside));
  const cut = (await call(`GET /tokens/${idOf(second)}`)).body.token as Told;
  assert.deepEqual([cut.state, cut.revokedBy], ['revoked', idOf(first)]);
  assert.equal((await call('POST /actors/suspend', { subject: 'agent', reason: 'leaked' })).status, 204);
  const held = (await call(`GET /tokens/${idOf(beside)}`)).body.token as Told;
  assert.deepEqual([held.state, held.why], ['suspended', 'agent is suspended: leaked']);
});

test('refuses a token that no row names, an id that is not one, and a cursor of another list', async (t) => {
  const server = await startAdministered(t);
  const id = String(claimsOf(await subjectToken(server)).jti);
  assert.equal((await admin(server, `GET /tokens/${id}`)).status, 200);
  assert.equal((await admin(server, `GET /tokens/${id.slice(1)}`)).status, 404);
  assert.equal((await admin(server, `GET /tokens/${id.slice(1)}/descendants`)).status, 404);
  assert.equal((await admin(server, `GET /tokens/a.b.c`)).status, 422);
  assert.equal((await admin(server, `GET /tokens/${id}/descendants?cursor=MTA`)).status, 422);
});

test('says what to repair first, how fresh everything is, and which nodes run', async (t) => {
  const idp = await startIssuer(t);
  const other = await startIssuer(t);
  const server = await start(
    t,
    changed(administered, { issuers: entries([entry(idp), entry(other, { name: 'other' })]) }),
  );
  const token = await adminToken(server);
  const call = (what: string) => admin(server, what, { token });
  const first = await call('GET /status');
  assert.equal(first.status, 200, first.text);
  assert.deepEqual([first.body.faults, first.body.store], [[], 'sqlite']);
  const [key] = first.body.keys as { state: string; activatesAt: string; replacedAt: string }[];
  assert.equal(key?.state, 'active');
  assert.ok(Date.parse(key?.replacedAt ?? '') > server.clock.now);
  const present = async (jwt: string) => exchange(server, { subject_token: jwt, subject_token_type: type('jwt') });
  await present(idp.sign({ sub: 'ada' }));
  other.instead.set(JWKS, failing(500));
  await present(other.sign({ sub: 'bob' }));
  const { body } = await call('GET /status');
  const issuers = body.issuers as { issuer: string; keys: string[]; fetchedAt?: string; failure?: { why: string } }[];
  const of = (url: string) => issuers.find(({ issuer }) => issuer === url);
  assert.ok(of(idp.url)?.fetchedAt !== undefined && (of(idp.url)?.keys.length ?? 0) > 0);
  assert.match(of(other.url)?.failure?.why ?? '', /500/);
  const faults = body.faults as { kind: string; serves: boolean; details: string[] }[];
  assert.deepEqual(
    faults.map(({ kind, serves }) => [kind, serves]),
    [['issuer_keys', true]],
  );
  const about = { version: '1.2.3', host: 'one', pid: 7, startedAt: 1, readAt: 2, faults: [] };
  server.sql(`insert into nodes (id, configuration, kept, about, seen_at) values
    ('a', 'x', 'digest', '${JSON.stringify(about)}', ${server.clock.now}), ('b', 'x', null, null, ${server.clock.now})`);
  // A server reports itself in every way it is started: this one has no command line.
  const listed = (await call('GET /nodes')).body.items as Record<string, unknown>[];
  const self = listed.find((one) => one.self);
  const [node, earlier] = listed.filter((one) => !one.self);
  assert.deepEqual([self?.self, self?.pid, self?.faults], [true, process.pid, []]);
  assert.match(String(self?.digest), /^[0-9a-f]{64}$/);
  assert.deepEqual([node?.self, node?.version, node?.digest, node?.faults], [false, '1.2.3', 'digest', []]);
  assert.deepEqual([earlier?.id, earlier?.version], ['b', undefined]);
});
