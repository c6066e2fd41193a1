// Limits of request bodies that arrive in unusual ways.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { type HttpAlone, startHttpAlone, until } from '../support/http-alone.ts';

const HEAD = 'POST /oauth/introspect HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n';
const chunk = (data: string, extension = ''): string => `${data.length.toString(16)}${extension}\r\n${data}\r\n`;
const chunked = (chunks: string, head = HEAD): string => `${head}Transfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`;

/** The first line of the answer, and whether the connection ends with it. */
async function answerTo(server: HttpAlone, text: string): Promise<string> {
  const { socket } = await server.hold(text);
  const [answer] = (await once(socket, 'data')) as [string];
  socket.destroy();
  return `${answer.slice(9, 12)}${/^connection: close/im.test(answer) ? ' close' : ''}`;
}

const READ = '401';
const TOO_LARGE = '413 close';

test('refuses a body with too many pieces, such as single bytes, and reads one with ordinary pieces (OA-17)', async (t) => {
  const server = await startHttpAlone(t, { body: 65_536 });
  const ones = (count: number): string => chunk('a').repeat(count);
  assert.equal(await answerTo(server, chunked(ones(1000))), READ, 'few are few, of any length');
  assert.equal(await answerTo(server, chunked(chunk('a'.repeat(300)).repeat(200))), READ);
  assert.equal(await answerTo(server, chunked(chunk('a'.repeat(32_000)).repeat(2))), READ);
  for (const count of [1100, 5000, 100_000]) assert.equal(await answerTo(server, chunked(ones(count))), TOO_LARGE);
  for (const target of ['GET /livez', 'POST /oauth/token', 'GET /oauth/authorize', 'GET /admin/v1/clients']) {
    const head = HEAD.replace('POST /oauth/introspect', target);
    assert.equal(await answerTo(server, chunked(ones(5000), head)), TOO_LARGE, target);
  }
});

test('ends the connection if a body that nobody reads exceeds the same limits', async (t) => {
  const server = await startHttpAlone(t, {});
  for (const head of [HEAD.replace('introspect', 'nothing'), `${HEAD}Content-Encoding: gzip\r\n`]) {
    const { socket, closed } = await server.hold(chunked(chunk('a').repeat(5000), head));
    assert.match(await closed, /^HTTP\/1\.1 4(?:04|15) /);
    assert.ok(socket.closed);
    const short = await server.hold(chunked(chunk('a').repeat(1000), head));
    await once(short.socket, 'data');
    short.socket.write('GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    assert.match(await short.closed, /HTTP\/1\.1 200 /, 'and a short one is dropped');
  }
});

test('refuses chunk extensions that are longer than any body needs (OA-17)', async (t) => {
  const server = await startHttpAlone(t, {});
  const extended = (count: number): string => chunked(chunk('a', `;${'x'.repeat(15_000)}`).repeat(count));
  assert.equal(await answerTo(server, extended(2)), READ);
  assert.equal(await answerTo(server, extended(20)), TOO_LARGE);
});

test('shares 64 MiB among unfinished bodies: refuses the longest, reads a short one, and frees the memory of answered ones', async (t) => {
  const server = await startHttpAlone(t, { body: 1_048_576, connections: 200 });
  const piece = 'a'.repeat(1_000_000);
  const owing = `${HEAD}Content-Length: 1048576\r\n\r\n${piece}`;
  const overloaded = () => server.answered.filter(({ event }) => event.reason === 'overload').length;
  for (const round of [1, 2]) {
    const before = overloaded();
    const held = await Promise.all(Array.from({ length: 80 }, () => server.hold(owing)));
    await until(() => overloaded() - before >= 10);
    assert.equal(await answerTo(server, `${HEAD}Content-Length: 8\r\n\r\ntoken=ab`), READ, `round ${round}`);
    for (const { socket } of held) socket.destroy();
    await until(() => server.answered.length >= round * 81);
  }
  const few = await Promise.all(Array.from({ length: 50 }, () => server.hold(owing)));
  const rest = 'a'.repeat(48_576);
  const answers = few.map(async ({ socket }) => {
    socket.write(rest);
    return String(await once(socket, 'data')).slice(9, 12);
  });
  assert.deepEqual(new Set(await Promise.all(answers)), new Set([READ]), '50 MiB are no more than there may be');
});

test('refuses a Transfer-Encoding other than chunked, and ends the connection (OA-17)', async (t) => {
  const server = await startHttpAlone(t, {});
  const coded = (coding: string): string => chunked(chunk('a=b')).replace('chunked', coding);
  assert.equal(await answerTo(server, coded('Chunked')), READ);
  assert.equal(await answerTo(server, coded('gzip, chunked')), '415 close');
  for (const coding of ['chunked, chunked', 'identity', 'xchunked', 'gzip'])
    assert.equal(await answerTo(server, coded(coding)), '400 close');
});
