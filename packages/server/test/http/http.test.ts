// HTTP at the token endpoint: request ids, sizes, paths, and a database that fails.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { API, assertIssued, assertRefused, configuration, gateway, startBasic } from '../support/basics.ts';
import { changed } from '../support/configuration.ts';
import { EXCHANGE, start, type TestServer, type } from '../support/harness.ts';
import { answerOf, FORM, LENGTH, request } from '../support/wire.ts';

test('makes its own request id, and records that of the caller if it is printable and short', async (t) => {
  const server = await startBasic(t);
  const ask = async (id: string) => server.post('/oauth/token', FORM, { 'x-request-id': id });
  for (const kept of ['trace-1', '~'.repeat(128), 'a"b\\c<d>']) {
    const answer = await ask(kept);
    assert.notEqual(answer.headers.get('x-request-id'), kept);
    assert.equal(server.audit(answer)?.callerRequestId, kept);
  }
  for (const dropped of ['~'.repeat(129), 'two words', 'é', '']) {
    const answer = await ask(dropped);
    assertIssued(server, answer);
    assert.equal(server.audit(answer)?.callerRequestId, undefined, dropped);
  }
  const opaque = `cambio_at_${'x'.repeat(43)}`;
  for (const [sent, kept] of [
    [`req_${opaque}`, 'req_[withheld]'],
    [`x${opaque}`, 'x[withheld]'],
    ['req_cambio_at_1', 'req_cambio_at_1'],
    [`id.eyJ${'a'.repeat(20)}.${'b'.repeat(20)}.${'c'.repeat(20)}`, 'id.[withheld]'],
  ] as const)
    assert.equal(server.audit(await ask(sent))?.callerRequestId, kept);
});

test('adds the reason and its detail to a refusal with developerErrors, and only the sentence and the id without', async (t) => {
  const wrong = { ...gateway, grant_type: 'client_credentials', client_secret: 'wrong' };
  const names = ['error', 'error_description', 'request_id'];
  const server = await startBasic(t);
  assert.deepEqual(Object.keys((await server.token(wrong)).body), names);
  const telling = await start(t, changed(configuration, { developerErrors: true }));
  const { body, headers } = await telling.token(wrong);
  assert.deepEqual(Object.keys(body), [...names, 'reason']);
  assert.deepEqual([body.reason, body.request_id], ['client_credentials', headers.get('x-request-id')]);
  const detailed = await telling.token(
    { grant_type: 'client_credentials' },
    { authorization: `Basic ${btoa('web:x')}` },
  );
  assert.equal(detailed.body.reason, 'client_unknown');
  const bad = await telling.token({
    ...gateway,
    grant_type: EXCHANGE,
    subject_token: 'x.y',
    subject_token_type: type('jwt'),
  });
  assert.deepEqual([bad.body.reason, typeof bad.body.detail], ['subject_token_malformed', 'string']);
  const pathDetail = async (path: string) => (await telling.post(path, '')).body.detail;
  assert.equal(await pathDetail('/oauth/tokn'), 'path was "/oauth/tokn". Did you mean /oauth/token?');
  assert.match(
    String(await pathDetail('/elsewhere/entirely')),
    /entirely"\. The metadata lists the endpoints: \/\.well-known\/oauth-authorization-server/,
  );
});

test('keeps developerErrors from pages of other sites: across origins, and under a name that they point here', async (t) => {
  const server = await start(t, changed(configuration, { developerErrors: true }));
  const wrong = { ...gateway, grant_type: 'client_credentials', client_secret: 'wrong' };
  const reasonFor = async (headers: Record<string, string>) => (await server.token(wrong, headers)).body.reason;
  assert.equal(await reasonFor({}), 'client_credentials');
  assert.equal(await reasonFor({ origin: 'http://localhost:3000' }), 'client_credentials');
  for (const origin of ['https://evil.example', 'null', 'http://localhost.evil.example'])
    assert.equal(await reasonFor({ origin }), undefined, origin);
  for (const [host, shown] of [
    ['localhost:8080', true],
    ['evil.example', false],
  ] as const) {
    const answer = await server.raw(request([`Host: ${host}`, LENGTH], { line: 'POST /oauth/nothing HTTP/1.1' }));
    assert.equal(answer.includes('"reason"'), shown, answer);
  }
});

test('keeps developerErrors as it was at the start: a reload turns it neither on nor off', async (t) => {
  const wrong = { ...gateway, grant_type: 'client_credentials', client_secret: 'wrong' };
  for (const developerErrors of [true, false]) {
    const server = await start(t, changed(configuration, { developerErrors }));
    await server.reload(changed(configuration, { developerErrors: !developerErrors }));
    assert.equal('reason' in (await server.token(wrong)).body, developerErrors);
  }
});

test('reads a body up to its limit of 1 MiB by default, and never an encoded one (OA-12b, OA-17)', async (t) => {
  const server = await startBasic(t);
  const padded = (length: number): string => `${FORM}&x=`.padEnd(length, 'x');
  assertIssued(server, await server.post('/oauth/token', padded(1_048_576)));
  assertRefused(server, await server.post('/oauth/token', padded(1_048_577)), {
    status: 413,
    error: 'invalid_request',
    description: 'The body is too large',
    reason: 'body_too_large',
  });
  const chunk = 'x'.repeat(65_536);
  const chunks = Array(17).fill(`10000\r\n${chunk}\r\n`).join('');
  const chunked = request(['Host: x', 'Transfer-Encoding: chunked'], { body: `${chunks}0\r\n\r\n` });
  assert.equal(answerOf(await server.raw(chunked)).status, 413);
  for (const encoding of ['gzip', 'GZIP', 'gzip, identity', 'br', 'unknown']) {
    const answer = await server.post('/oauth/token', new Uint8Array(gzipSync(FORM)), { 'content-encoding': encoding });
    assertRefused(server, answer, {
      status: 415,
      error: 'invalid_request',
      description: 'The body must not be compressed',
      reason: 'body_encoded',
    });
  }
  assertIssued(server, await server.post('/oauth/token', FORM, { 'content-encoding': 'identity' }));
  const small = await start(t, changed(configuration, { server: { limits: { body: 1024 } } }));
  assertIssued(small, await small.post('/oauth/token', padded(1024)));
  assert.equal((await small.post('/oauth/token', padded(1025))).status, 413);
});

test('refuses request headers above 16 KiB, one or many, like every other refusal (OA-12b, OA-17)', async (t) => {
  const server = await startBasic(t);
  const tooLarge = [
    [`X-Large: ${'x'.repeat(17_000)}`],
    Array.from({ length: 1500 }, (_, i) => `X-${i}: many`),
    [`Authorization: Basic ${btoa(`gateway:${'x'.repeat(48_000)}`)}`],
  ];
  for (const headers of tooLarge) assertJson(await server.raw(request(['Host: x', ...headers, LENGTH])), 431);
  const small = await server.raw(request(['Host: x', `X-Large: ${'x'.repeat(15_000)}`, LENGTH]));
  assert.equal(answerOf(small).status, 200);
});

/** Bytes that never reach the token endpoint get an answer of the same form. */
function assertJson(bytes: string, status: number): void {
  const answer = answerOf(bytes);
  assert.deepEqual([answer.status, answer.body.error], [status, 'invalid_request']);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  assert.match(answer.headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/);
}

test('matches paths exactly, and treats an unreadable path as an unknown one', async (t) => {
  const server = await startBasic(t);
  for (const path of [
    '//',
    '/oauth/token/',
    '/OAuth/Token',
    '/oauth%2Ftoken',
    '/oauth/token;x',
    '/oauth//token',
    '/%zz',
  ]) {
    assertJson(await server.raw(request(['Host: x', LENGTH], { line: `POST ${path} HTTP/1.1` })), 404);
  }
  const normal = await server.raw(request(['Host: x', LENGTH], { line: 'POST /oauth/%74oken?x HTTP/1.1' }));
  assert.equal(answerOf(normal).status, 200);
});

test('accepts a path or a whole URL as target, ignores the host of the URL, and reports no fault of the server for any other (OA-17)', async (t) => {
  const server = await startBasic(t);
  const askFor = async (line: string, headers = ['Host: x', LENGTH]) =>
    answerOf(await server.raw(request(headers, { line })));
  for (const target of [
    'http://evil.example/oauth/token',
    'HTTPS://evil.example:1/oauth/token?x',
    '/oauth/token?/../x',
  ])
    assertIssued(server, await askFor(`POST ${target} HTTP/1.1`), target);
  const nothing = [
    'http://evil.example',
    'http:/oauth/token',
    'ftp://x/oauth/token',
    '//oauth/token',
    '/./oauth/token',
  ];
  nothing.push(
    '/oauth/../oauth/token',
    '/oauth/%2e%2e/oauth/token',
    '/oauth/token%00',
    '/oauth/token/.',
    '/oauth/token#x',
    '*',
  );
  nothing.push(
    '/oauth/token;',
    '/oauth/tokén',
    '/oauth/%E0%80%AFtoken',
    '/oauth/%ff',
    `/${'x'.repeat(15_000)}`,
    '/oauth\\token',
  );
  for (const target of nothing) {
    const { status, body, headers } = await askFor(`POST ${target} HTTP/1.1`);
    assert.ok(status === 404 || status === 400, `${target}: ${status}`);
    assert.equal(body.error, 'invalid_request', target);
    assert.equal(headers.get('x-content-type-options'), 'nosniff', target);
  }
  const tooLong = await askFor(`POST /${'x'.repeat(17_000)} HTTP/1.1`);
  assert.equal(tooLong.status, 431);
});

test('refuses bytes in its own form: a request without Host, an unknown method, a NUL; ignores an expectation', async (t) => {
  const server = await startBasic(t);
  const rubbish = [
    request([LENGTH]),
    request(['Host: x', LENGTH], { line: 'FOO /oauth/token HTTP/1.1' }),
    request(['Host: x', LENGTH], { line: 'POST /oauth/to\0ken HTTP/1.1' }),
    request(['Host: x', LENGTH, 'Transfer-Encoding: chunked']),
    request(['Host: x', LENGTH], { line: 'POST /oauth/token HTTP/9.9' }),
    request(['Host: x', 'Host: x', LENGTH]),
    request(['Host: x', 'host: y', LENGTH], { line: 'POST /nothing HTTP/1.1' }),
  ];
  for (const bytes of rubbish) assertJson(await server.raw(bytes), 400);
  assertIssued(server, answerOf(await server.raw(request(['Host: x', LENGTH, 'Expect: the-unexpected']))));
  const old = request([LENGTH], { line: 'POST /oauth/token HTTP/1.0' });
  assertIssued(server, answerOf(await server.raw(old)), 'HTTP/1.0 has no Host');
});

test('answers 503 with Retry-After if the database fails, and issues nothing (OA-19)', async (t) => {
  const server: TestServer = await startBasic(t);
  server.sql(
    "create trigger full before insert on audit when new.outcome = 'issued' begin select raise(abort, 'disk full'); end",
  );
  const answer = await server.post('/oauth/token', FORM);
  assertRefused(server, answer, {
    status: 503,
    error: 'temporarily_unavailable',
    description: 'The server cannot answer at the moment: try again later',
    reason: 'store_unavailable',
  });
  assert.equal(answer.headers.get('retry-after'), '1');
  assert.equal(server.audit(answer)?.outcome, 'failed');
  server.sql('drop trigger full');
  assertIssued(server, await server.token({ grant_type: 'client_credentials', ...gateway, audience: API }));
});

test('reports a body that breaks off as a fault of its sender, and answers the next request', async (t) => {
  const server = await startBasic(t);
  using database = new DatabaseSync(join(server.folder, 'cambio.db'), { readOnly: true });
  for (const path of ['/oauth/token', '/oauth/token?']) {
    const socket = connect(Number(new URL(server.issuer).port), '127.0.0.1');
    socket.write(request(['Host: x', 'Content-Length: 100'], { line: `POST ${path} HTTP/1.1`, body: 'grant_type=' }));
    await once(socket, 'connect');
    const brokenOff = () =>
      Number(database.prepare("select count(*) from audit where reason = 'http_malformed'").get()?.['count(*)']);
    const before = brokenOff();
    assertIssued(server, await server.post('/oauth/token', FORM));
    socket.resetAndDestroy();
    while (brokenOff() === before) assertIssued(server, await server.post('/oauth/token', FORM));
    assert.equal(brokenOff(), before + 1);
  }
});

test('answers a request before bytes that are not a request, and then closes the connection', async (t) => {
  const server = await startBasic(t);
  const kept = request(['Host: x', LENGTH]).replace('Connection: close\r\n', '');
  const connect = 'CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n';
  for (const rest of ['\u0001\u0002 rubbish\r\n\r\n', 'GET /livez HTTP/9.9\r\n\r\n', connect]) {
    const bytes = await server.raw(kept + rest);
    assertIssued(server, answerOf(bytes), rest);
    assert.match(bytes, /^connection: close/im);
    assert.equal(bytes.match(/HTTP\/1\.1 /g)?.length, 1, rest);
  }
  const both = await server.raw(kept + request(['Host: x', LENGTH]));
  assert.equal(both.match(/HTTP\/1\.1 200 /g)?.length, 2);
});

test('refuses CONNECT like any other request, and survives a reset of its connection', async (t) => {
  const server = await startBasic(t);
  for (const more of ['', 'Content-Length: 5\r\n']) {
    const bytes = await server.raw(`CONNECT x:80 HTTP/1.1\r\nHost: x\r\n${more}\r\nabcde`);
    const { status, headers, body } = answerOf(bytes);
    assert.deepEqual([status, headers.get('connection'), body.error], [404, 'close', 'invalid_request']);
    assert.match(headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/);
  }
  for (let index = 0; index < 10; index++) {
    const socket = connect(Number(new URL(server.issuer).port), '127.0.0.1');
    await once(socket, 'connect');
    socket.write('CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n', () => socket.resetAndDestroy());
    await once(socket, 'close');
  }
  assertIssued(server, await server.post('/oauth/token', FORM));
});
