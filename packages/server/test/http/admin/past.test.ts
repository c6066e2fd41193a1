// The operations of the admin API on the past: series of requests, tokens and their descendants, the audit list.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admin, adminToken, startAdministered } from '../../support/admin-api.ts';
import { API, acting, assertIssued, exchange, gateway } from '../../support/basics.ts';
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
    'since=yesterday': /since/,
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
