// Tests that nobody is refused because the event loop was busy: neither for an answer of the database that it could not take, nor for a
// poll that it could not begin.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import type { Refusal } from '../../src/primitives/refusal.ts';
import { orUnavailable } from '../../src/store/store.ts';
import { gateway, startBasic, subjectToken } from '../support/basics.ts';
import { encode } from '../support/harness.ts';

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

test('a request waits for the next poll if the last was too long ago', async (t) => {
  const server = await startBasic(t);
  const { port } = new URL(server.issuer);
  const form = encode({ ...gateway, token: await subjectToken(server) });
  const socket = connect(Number(port), '127.0.0.1');
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  await delay(50);
  const head = [
    'POST /oauth/introspect HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    'Content-Type: application/x-www-form-urlencoded',
  ];
  const answered = once(socket, 'data');
  socket.write(`${[...head, `Content-Length: ${form.length}`].join('\r\n')}\r\n\r\n${form}`);
  block(1500);
  assert.match(String(await answered), /^HTTP\/1.1 200 /);
});
