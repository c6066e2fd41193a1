// A process that has not read what others wrote does not decide by what it read when it opened the database.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFreshness } from '../../src/store/freshness.ts';
import { startPolling } from '../../src/store/poll.ts';
import { openStore } from '../../src/store/store.ts';

test('nothing is fresh before the first poll has succeeded', async (t) => {
  const store = await openStore({ kind: 'sqlite', file: ':memory:' }, 'write', Date.now());
  t.after(() => store.destroy());
  const freshness = createFreshness();
  let fails = true;
  const read = async (): Promise<void> => {
    if (fails) throw new Error('the database is busy');
  };
  const polling = startPolling(store, [read], { beside: async () => undefined, freshness, report: () => undefined });
  t.after(polling.stop);
  assert.equal(freshness.isFresh(), false, 'not asked yet');
  await polling.wake();
  assert.equal(freshness.isFresh(), false, 'it failed');
  assert.throws(() => freshness.check(), { reason: 'store_unavailable' });
  fails = false;
  await polling.wake();
  assert.equal(freshness.isFresh(), true);
  freshness.check();
});
