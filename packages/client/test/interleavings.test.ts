// Does anybody ever get another subject's token, whatever the order of events?
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';

// The test runner follows every promise of its thread, which costs more than the work itself.
test('under 10,000 interleavings, no subject gets the token of another, none lives longer, and no abort reaches others', async () => {
  const worker = new Worker(new URL('./interleavings.ts', import.meta.url));
  const [code] = await once(worker, 'exit');
  assert.equal(code, 0);
});
