// Behaviour under more requests than the server can handle.
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
/** More than fit into a turn on any machine. */
const MANY = 200;

/** A connection that the server has accepted: it has answered once. */
async function open(t: TestContext, { issuer }: TestServer): Promise<Socket> {
  const socket = connect(Number(new URL(issuer).port), '127.0.0.1');
  t.after(() => socket.destroy());
  socket.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(socket, 'data');
  return socket;
}

test('refuses some of too many requests quickly and without a row each, and serves the others and later ones', async (t) => {
  const server = await start(t, changed(configuration, { server: { limits: { waiting: 1 } } }));
  const sockets = await Promise.all(Array.from({ length: MANY }, () => open(t, server)));
  // Written at once, so that all of them are there when the server reads next.
  const answers = sockets.map((socket) => {
    socket.write(REQUEST);
    return once(socket, 'data').then(String);
  });
  const health = await fetch(`${server.issuer}/livez`);
  assert.equal(health.status, 200, 'a health check does not wait');
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

test('lets requests wait for later turns of the event loop in their order, up to the limit', async () => {
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
  assert.deepEqual(begun, ['a', 'b', 'c', 'd', 'f'], 'none waits any longer');
});
