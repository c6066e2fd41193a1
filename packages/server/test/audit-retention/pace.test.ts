// The pace of background writes, by a clock of the test.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { batchSizeOf, createBatchSize, createPace, MAX_BATCH_MS, paceOf } from '../../src/audit-retention/pace.ts';
import { openPostgres } from '../../src/store/postgres.ts';
import { readPostgresUrl } from '../../src/store/postgres-url.ts';
import { openSqlite } from '../../src/store/sqlite.ts';
import { repository, runProgram } from '../support/program.ts';

/** A clock that only waiting moves, and a pace by it. */
function paceByClock() {
  let now = 5000;
  const waited: number[] = [];
  const wait = async (ms: number): Promise<void> => {
    waited.push(ms);
    now += ms;
  };
  const pace = createPace({ now: () => now, wait });
  return {
    pass: (ms: number) => {
      now += ms;
    },
    /** A batch of so long, and then the wait for the next turn. @returns milliseconds of waiting */
    restAfter: async (batchMs: number, until = Number.POSITIVE_INFINITY): Promise<number> => {
      now += batchMs;
      pace.took(batchMs);
      await pace.turn(until);
      return waited.splice(0).reduce((sum, ms) => sum + ms, 0);
    },
    turn: async (until = Number.POSITIVE_INFINITY): Promise<number> => {
      await pace.turn(until);
      return waited.splice(0).reduce((sum, ms) => sum + ms, 0);
    },
    took: pace.took,
    now: () => now,
  };
}

test('background writes rest as long as they wrote, and twice as long after a batch that others waited for', async () => {
  const { restAfter } = paceByClock();
  assert.equal(await restAfter(1), 1);
  assert.equal(await restAfter(MAX_BATCH_MS), MAX_BATCH_MS);
  assert.equal(await restAfter(MAX_BATCH_MS + 1), 2 * (MAX_BATCH_MS + 1));
  assert.equal(await restAfter(400), 800);
  assert.equal(await restAfter(60_000), 1000, 'at most a second');
});

test('the first turn comes at once, each rest once, and time that passes counts', async () => {
  const { turn, took, pass } = paceByClock();
  assert.equal(await turn(), 0, 'the first');
  took(20);
  pass(15);
  assert.equal(await turn(), 5);
  assert.equal(await turn(), 0, 'it has rested');
  took(20);
  pass(25);
  assert.equal(await turn(), 0, 'other work took longer than the rest');
});

test('a rest is cut off by the end of a run', async () => {
  const { restAfter, turn, now } = paceByClock();
  assert.equal(await restAfter(400, now() + 400 + 10), 10);
  assert.equal(await restAfter(400, now()), 0, 'the run has ended already');
  assert.equal(await turn(), 800, 'the next run rests');
});

test('a server that stops waits for the rest, with nothing else to do', async (t) => {
  const path = join(repository, 'packages/server/src/audit-retention/pace.ts');
  const script = `const { createPace } = await import(${JSON.stringify(path)});
    const pace = createPace(); pace.took(20); await pace.turn(Infinity); console.log('the last batch');`;
  const { code, stdout } = await runProgram(t, [process.execPath, '--input-type=module', '-e', script]);
  assert.deepEqual([code, stdout], [0, 'the last batch\n']);
});

/** @param ms of a batch of so many rows @returns the sizes of a hundred batches */
function sizesWhere(ms: (rows: number) => number): readonly number[] {
  const size = createBatchSize({ least: 50, most: 1000, longestMs: MAX_BATCH_MS });
  return Array.from({ length: 100 }, () => {
    const rows = size.rows();
    size.took(ms(rows));
    return rows;
  });
}

test('batches are as large as they may be where rows are quick, and small where rows are slow', () => {
  assert.ok(sizesWhere((rows) => rows / 100).every((rows) => rows === 1000));
  const slow = sizesWhere((rows) => rows).slice(20);
  assert.ok(
    slow.every((rows) => rows <= 250),
    String(slow),
  );
});

test('where every batch takes long, however small, batches are large: more of them would fall behind', () => {
  for (const fixedMs of [60, 200, 1000]) {
    const sizes = sizesWhere((rows) => fixedMs + rows / 100).slice(20);
    assert.ok(
      sizes.every((rows) => rows >= 500),
      `${fixedMs}: ${sizes}`,
    );
    const slow = sizesWhere((rows) => fixedMs + rows).slice(20);
    assert.ok(
      slow.every((rows) => rows <= 250),
      `${fixedMs}: ${slow}`,
    );
  }
});

test('a failure halves the next batch', () => {
  const size = createBatchSize({ least: 50, most: 1000, longestMs: MAX_BATCH_MS });
  const sizes = Array.from({ length: 6 }, () => {
    size.shrink();
    return size.rows();
  });
  assert.deepEqual(sizes, [500, 250, 125, 62, 50, 50]);
});

test('in PostgreSQL, where others do not wait for a batch, batches are larger and follow each other', async (t) => {
  const { connection = assert.fail() } = readPostgresUrl('postgres://cambio@127.0.0.1:1/cambio', '/');
  const stores = [openSqlite(':memory:', 'write'), openPostgres(connection, 'requests')];
  t.after(() => Promise.all(stores.map((store) => store.destroy())));
  const after = stores.map(async (store) => {
    const [size, pace] = [batchSizeOf(store, { least: 50, most: 1000 }), paceOf(store)];
    size.took(2 * MAX_BATCH_MS);
    const began = performance.now();
    pace.took(MAX_BATCH_MS);
    await pace.turn(Number.POSITIVE_INFINITY);
    return { rows: size.rows(), rested: performance.now() - began > MAX_BATCH_MS / 2 };
  });
  assert.deepEqual(await Promise.all(after), [
    { rows: 500, rested: true },
    { rows: 1500, rested: false },
  ]);
});
