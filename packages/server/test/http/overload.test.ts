// What becomes of requests when there are more than the server can do?
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createAdmission } from '../../src/http/admission.ts';
import { assertIssued, configuration, gateway } from '../support/basics.ts';
import { changed } from '../support/configuration.ts';
import { type Answer, encode, start, type TestServer } from '../support/harness.ts';

const own = { grant_type: 'client_credentials', ...gateway };
const body = encode(own);
const REQUEST = [
  'POST /oauth/token HTTP/1.1',
  'Host: x',
  'Content-Type: application/x-www-form-urlencoded',
  `Content-Length: ${body.length}`,
  '',
  body,
].join('\r\n');
/** More than a turn holds, on any machine. */
const MANY = 200;

/** A connection that the server has accepted: it has answered once. */
async function open(t: TestContext, { issuer }: TestServer): Promise<Socket> {
  const socket = connect(Number(new URL(issuer).port), '127.0.0.1');
  t.after(() => socket.destroy());
  socket.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(socket, 'data');
  return socket;
}

test('with too many requests at once some are refused quickly, without a row each; the others, and those after, are served', async (t) => {
  const server = await start(t, changed(configuration, { server: { limits: { waiting: 1 } } }));
  const sockets = await Promise.all(Array.from({ length: MANY }, () => open(t, server)));
  // Written in one go: all of them are there when the server looks next.
  const answers = sockets.map((socket) => {
    socket.write(REQUEST);
    return once(socket, 'data').then(String);
  });
  const health = await fetch(`${server.issuer}/livez`);
  assert.equal(health.status, 200, 'whoever asks how the server is waits for nobody');
  const all = await Promise.all(answers);
  const recorded = (answer: string): boolean => {
    const [, requestId = ''] = /x-request-id: (\S+)/i.exec(answer) ?? [];
    return server.audit({ headers: new Headers({ 'x-request-id': requestId }) } as Answer) !== undefined;
  };
  const refused = all.filter((answer) => !recorded(answer));
  assert.ok(refused.length > 0 && refused.length < MANY, `${refused.length} of ${MANY}`);
  for (const answer of refused)
    assert.match(answer, /^HTTP\/1.1 503 .*\r\nretry-after: 1\r\n.*"error":"temporarily_unavailable"/is);
  assertIssued(server, await server.token(own));
});

test('requests wait for later turns of the event loop in the order in which they came, as many as may', async () => {
  let now = 0;
  const admission = createAdmission(2, () => now);
  const begun: string[] = [];
  const begin = (name: string): void => {
    begun.push(name);
    now += 15;
  };
  const enter = (name: string): void => {
    const turn = admission.enter();
    if (turn === undefined) begin(name);
    else turn.then(() => begin(name));
  };
  for (const name of ['a', 'b', 'c', 'd']) enter(name);
  assert.throws(() => enter('e'), { reason: 'overload' });
  assert.deepEqual(begun, ['a', 'b'], 'a turn is over after 20 ms');
  now += 1000;
  for (let turn = 0; begun.length < 4; turn++) {
    assert.ok(turn < 10);
    await nextTurn();
  }
  assert.deepEqual(begun, ['a', 'b', 'c', 'd']);
  await nextTurn();
  enter('f');
  assert.deepEqual(begun, ['a', 'b', 'c', 'd', 'f'], 'nobody waits any more');
});
