// The operations of the admin API on the past: series of requests, tokens and their descendants, the audit list.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admin, startAdministered } from '../../support/admin-api.ts';
import { API, assertIssued, exchange, gateway } from '../../support/basics.ts';
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
  const { body } = await eventually(
    () => admin(server, `GET /overview?until=${now}&top=1`),
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
