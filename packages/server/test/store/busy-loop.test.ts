// Tests that an answer of the database counts as in time, though the event loop was too busy to take it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import type { Refusal } from '../../src/primitives/refusal.ts';
import { orUnavailable } from '../../src/store/store.ts';

const MAX_WAIT_MS = 20;

/** Blocks the event loop. */
const block = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

test('takes an answer that came while the loop was busy, and refuses where none came (503)', async (t) => {
  const { port1, port2 } = new MessageChannel();
  t.after(() => port1.close());
  const answered = new Promise<string>((resolve) => port1.once('message', resolve));
  const waiting = orUnavailable(answered, MAX_WAIT_MS);
  port2.postMessage('committed');
  block(5 * MAX_WAIT_MS);
  assert.equal(await waiting, 'committed');

  const unanswered = orUnavailable(new Promise(() => {}), MAX_WAIT_MS);
  block(5 * MAX_WAIT_MS);
  await assert.rejects(unanswered, ({ reason }: Refusal) => reason === 'store_unavailable');
});
