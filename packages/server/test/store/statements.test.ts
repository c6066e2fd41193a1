// The prepared statements of SQLite: few, whatever the values are.
import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { readOverview } from '../../src/audit/overview.ts';
import { countUse, useWithin } from '../../src/store/leash-uses.ts';
import { createConnection } from '../../src/store/sqlite-connection.mjs';
import { openStore, type Store } from '../../src/store/store.ts';
import { sweep } from '../../src/store/sweep.ts';

/** @returns a function that returns how many statements were prepared since its last call */
function countPrepared(t: TestContext): () => number {
  const { mock } = t.mock.method(DatabaseSync.prototype, 'prepare');
  return () => {
    const count = mock.callCount();
    mock.resetCalls();
    return count;
  };
}

const MINUTE_MS = 60_000;
const overviewAt = (store: Store, now: number) =>
  readOverview(store, { since: now - 60 * MINUTE_MS, until: now, top: 5 });
const withTime: Readonly<Record<string, (store: Store, now: number) => Promise<unknown>>> = {
  'a use of a limit': (store, now) =>
    store.executeQuery(useWithin('leash', [{ allowed: 1000, ms: MINUTE_MS }], now)(store).compile()),
  'a use of a limit, counted in a transaction': (store, now) => countUse(store, 'other', now),
  'deletion of expired rows': (store, now) => sweep(store, now),
  'an overview': overviewAt,
};

test('sqlite: the text of a statement does not contain the time, so that each is prepared once', async (t) => {
  const store = await openStore({ kind: 'sqlite', file: ':memory:' }, 'write', 1);
  const prepared = countPrepared(t);
  for (const [name, run] of Object.entries(withTime)) {
    await run(store, 1_800_000_000_000);
    assert.ok(prepared() > 0, name);
    for (let round = 1; round <= 5; round++) await run(store, 1_800_000_000_000 + round * MINUTE_MS);
    assert.equal(prepared(), 0, name);
  }
  await store.destroy();
});

test('sqlite: of many statements those in use stay prepared, and the others are dropped', (t) => {
  const { answer } = createConnection(':memory:', 'write', 1000);
  const prepared = countPrepared(t);
  const ask = (sql: string) => assert.ok('result' in answer({ sql, parameters: [] }), sql);
  const often = 'select 1 as found';
  for (let number = 1; number <= 2000; number++) {
    ask(often);
    ask(`select 1 as found where ${number} > 0`);
  }
  assert.equal(prepared(), 2001);
  ask(often);
  ask('select 1 as found where 2000 > 0');
  assert.equal(prepared(), 0);
  ask('select 1 as found where 1 > 0');
  assert.equal(prepared(), 1, 'it was not kept');
  answer('close');
});
