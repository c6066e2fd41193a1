// Work that runs one at a time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRepeatable, createSerial } from '../../src/primitives/serial.ts';

test('runs work one at a time and in order; a failure reaches only its own caller and stops no later work', async () => {
  const inTurn = createSerial();
  const log: string[] = [];
  const work = (name: string, fails = false) =>
    inTurn(async () => {
      log.push(`${name} begins`);
      await new Promise(setImmediate);
      log.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    });
  const results = await Promise.allSettled([work('a'), work('b', true), work('c')]);
  assert.deepEqual(
    log,
    ['a', 'b', 'c'].flatMap((name) => [`${name} begins`, `${name} ends`]),
  );
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  inTurn(() => Promise.reject(new Error('nobody waits for this one')));
  assert.equal(await work('d'), 'd');
});

test('shares one more run among calls during a run, even after a failed run', async () => {
  let runs = 0;
  let fail = true;
  const run = createRepeatable(async () => {
    runs++;
    await new Promise(setImmediate);
    if (fail) throw new Error('failed');
  });
  const first = run();
  await Promise.resolve();
  const [second, third] = [run(), run()];
  await assert.rejects(first);
  fail = false;
  await Promise.all([second, third]);
  assert.equal(runs, 2);
  await run();
  assert.equal(runs, 3);
});
