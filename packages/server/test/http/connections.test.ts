// Limits on connections: callers that keep the server waiting lose their place, and none keeps it for long.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { createConnections } from '../../src/http/connections.ts';
import { type Held, type HttpAlone, startHttpAlone, until } from '../support/http-alone.ts';

const PROBE = 'GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
const owing = (bytes: number): string =>
  `POST /oauth/introspect HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${bytes}\r\nExpect: 100-continue\r\n\r\n`;

/** The server has read the head of its request. */
async function holdOwing({ hold }: HttpAlone, bytes = 20): Promise<Held> {
  const held = await hold(owing(bytes));
  await once(held.socket, 'data');
  return held;
}

const served = async ({ hold }: HttpAlone): Promise<void> =>
  assert.match(await (await hold(PROBE)).closed, /^HTTP\/1\.1 200 /);

test('replaces the connection that has owed a body for longest, and serves one that continues to send', async (t) => {
  const server = await startHttpAlone(t, { connections: 5 });
  const silent = await holdOwing(server);
  for (let other = 0; other < 3; other++) await holdOwing(server);
  const upload = await holdOwing(server);
  for (let newcomer = 0; newcomer < 12; newcomer++) {
    upload.socket.write('a');
    await served(server);
    await holdOwing(server);
  }
  assert.equal(await silent.closed, 'HTTP/1.1 100 Continue\r\n\r\n');
  upload.socket.write('a'.repeat(8));
  assert.match(await upload.closed, / 401 Unauthorized\r\n/, 'it was read to its end, and names no client');
});

test('admits new connections despite open ones without a request, without a body, or with an unread answer', async (t) => {
  const server = await startHttpAlone(t, { connections: 6 });
  const kinds = [
    owing(20),
    'GET /livez HTTP/1.1\r\nX-Slow: ',
    '',
    'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n',
    'rubbish\r\n\r\n',
  ];
  for (const text of kinds) {
    const held = await Promise.all(Array.from({ length: 6 }, () => server.hold(text)));
    for (const { socket } of held) socket.pause();
    for (let newcomer = 0; newcomer < 6; newcomer++) await served(server);
  }
});

test('counts a caller that reaches two of our addresses from one port as two connections', async () => {
  const connections = createConnections(2, () => undefined);
  const server = createServer().listen(0, '0.0.0.0');
  await once(server, 'listening');
  connections.watch(server as unknown as Parameters<typeof connections.watch>[0]);
  const { port } = server.address() as AddressInfo;
  const reach = async (host: string, localPort?: number): Promise<Socket> => {
    const socket = connect({ host, port, localAddress: '127.0.0.1', ...(localPort && { localPort }) });
    await once(socket, 'connect');
    return socket;
  };
  const arrived = () => once(server, 'connection');
  const waiting = arrived();
  const first = await reach('127.0.0.1');
  await waiting;
  const next = arrived();
  const second = await reach('127.0.0.2', first.localPort);
  await next;
  assert.equal(connections.open(), 2);
  first.destroy();
  while (connections.open() === 2) await new Promise(setImmediate);
  assert.equal(connections.open(), 1, 'the other one still counts');
  second.destroy();
  server.close();
});

test('answers 503 at once while every connection has a request in progress, and admits the next when one ends', async (t) => {
  const server = await startHttpAlone(t, { connections: 2 });
  const busy = [await server.busy(), await server.busy()];
  const refused = await (await server.hold('')).closed;
  assert.match(refused, /^HTTP\/1\.1 503 Service Unavailable\r\n/);
  assert.match(refused, /\r\nRetry-After: 1\r\n.*"error":"temporarily_unavailable"/s);
  server.letGo();
  for (const { closed } of busy) assert.match(await closed, / 200 OK/);
  await served(server);
});

test('answers 408 to a request whose headers or body arrive too slowly, and serves a prompt one', async (t) => {
  const server = await startHttpAlone(t, { requestDeadlineMs: 1000 });
  const late = ['GET /livez HTTP/1.1\r\nX-Slow: ', `${owing(5).replace('Expect: 100-continue\r\n', '')}ab`];
  await served(server);
  for (const text of late) {
    const answer = await (await server.hold(text)).closed;
    assert.match(answer, /^HTTP\/1\.1 408 Request Timeout\r\n/);
    assert.match(answer, /"error_description":"The request took too long to arrive"/);
    assert.match(answer, /\r\nX-Request-Id: /i);
  }
});

test('closes the connection after a 408 that nobody reads', async (t) => {
  const server = await startHttpAlone(t, { requestDeadlineMs: 100 });
  for (const text of ['GET /livez HTTP/1.1\r\nX-Slow: ', owing(5)]) {
    const { socket, closed } = await server.hold(text);
    // Neither reads nor closes its own side.
    socket.removeAllListeners('end').pause();
    await goneFor(socket);
    await closed;
  }
});

test('closes a connection whose answer nobody reads, after the time in which a request must arrive', async (t) => {
  const server = await startHttpAlone(t, { requestDeadlineMs: 200 });
  const { socket } = await server.hold('GET /.well-known/jwks.json HTTP/1.1\r\nHost: x\r\n\r\n');
  socket.pause();
  await until(() => server.answered.length === 1);
  await goneFor(socket);
});

/** A caller notices that the server closed the connection by writing to it, even without reading. */
async function goneFor(socket: Socket): Promise<void> {
  const writing = setInterval(() => socket.write('x'), 50);
  const [error] = await once(socket, 'error');
  clearInterval(writing);
  assert.match(error.code, /^(EPIPE|ECONNRESET)$/);
}
