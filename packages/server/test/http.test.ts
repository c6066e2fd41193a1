// HTTP at the token endpoint: methods, content types, sizes, the headers of every answer, and bytes that are no request.
import assert from 'node:assert/strict';
import { METHODS } from 'node:http';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { API, assertIssued, assertRefused, configuration, exchange, gateway, startBasic } from './basics.ts';
import { encode, start, type TestServer } from './harness.ts';

const FORM = encode({ grant_type: 'client_credentials', ...gateway });
const MALFORMED = {
  error: 'invalid_request',
  description: 'The body is not a valid application/x-www-form-urlencoded form',
  reason: 'form_malformed',
};

/** A raw request for a token; the connection closes after the answer. */
function request(headers: readonly string[], { line = 'POST /oauth/token HTTP/1.1', body = FORM } = {}): string {
  const all = [line, 'Connection: close', 'Content-Type: application/x-www-form-urlencoded', ...headers];
  return `${all.join('\r\n')}\r\n\r\n${body}`;
}

const LENGTH = `Content-Length: ${FORM.length}`;
const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);

const headerOf = (answer: string, name: string): string | undefined =>
  new RegExp(`^${name}: (.*)\r$`, 'im').exec(answer)?.[1];

test('the token endpoint answers POST; every other method is 405 with Allow and does nothing (RFC 6749 section 3.2)', async (t) => {
  const server = await startBasic(t);
  for (const method of METHODS.filter((name) => name !== 'POST' && name !== 'OPTIONS' && name !== 'CONNECT')) {
    const answer = await server.raw(
      request(['Host: x', LENGTH], { line: `${method} /oauth/token?${FORM} HTTP/1.1`, body: FORM }),
    );
    assert.deepEqual([statusOf(answer), headerOf(answer, 'Allow')], [405, 'POST'], method);
    const headers = new Headers({ 'x-request-id': headerOf(answer, 'X-Request-Id') ?? '' });
    const row = server.audit({ status: 405, headers, body: {}, text: '' });
    assert.deepEqual([row?.reason, row?.issued], ['method_not_allowed', undefined], method);
  }
  assert.equal(statusOf(await server.raw(request(['Host: x', LENGTH]))), 200);
});

test('a method override header overrides nothing', async (t) => {
  const server = await startBasic(t);
  const override = { 'x-http-method-override': 'DELETE', 'x-method-override': 'DELETE' };
  assertIssued(server, await server.post('/oauth/token', FORM, override));
  const get = await server.raw(
    request(['Host: x', LENGTH, 'X-HTTP-Method-Override: POST'], { line: 'GET /oauth/token HTTP/1.1' }),
  );
  assert.equal(statusOf(get), 405);
});

test('the body is a form, whatever parameters its media type has, and nothing else is parsed (RFC 6749 section 3.2)', async (t) => {
  const server = await startBasic(t);
  const post = (contentType: string, body = FORM) => server.post('/oauth/token', body, { 'content-type': contentType });
  const form = 'application/x-www-form-urlencoded';
  for (const same of [form, `${form};charset=UTF-8`, `${form};`, ` ${form} ; x=y`, form.toUpperCase(), `${form}\t;`]) {
    assertIssued(server, await post(same), same);
  }
  const doubled = request(['Host: x', LENGTH, 'Content-Type: application/json']);
  assert.equal(statusOf(await server.raw(doubled)), 400, 'which of two counts, a proxy may see otherwise');
  const json = JSON.stringify({ grant_type: 'client_credentials', ...gateway });
  const boundary = '--x\r\nContent-Disposition: form-data; name="grant_type"\r\n\r\nclient_credentials\r\n--x--';
  for (const [other, body] of [
    ['application/json', json],
    ['multipart/form-data; boundary=x', boundary],
    ['text/plain', FORM],
    [`${form}x`, FORM],
    [`text/plain, ${form}`, FORM],
    [`text/plain; x=${form}`, FORM],
    ['', FORM],
    ['/', FORM],
  ] as const) {
    assertRefused(server, await post(other, body), MALFORMED, other);
  }
});

test('the query string is never read (RFC 6749 section 2.3.1)', async (t) => {
  const server = await startBasic(t);
  const { client_secret, ...rest } = { grant_type: 'client_credentials', ...gateway };
  const inUrl = await server.post(`/oauth/token?client_secret=${client_secret}`, encode(rest));
  assert.deepEqual([inUrl.status, inUrl.body.error], [401, 'invalid_client']);
  assert.equal((await server.post(`/oauth/token?${FORM}`, '')).body.error, 'invalid_request');
  assertIssued(server, await server.post('/oauth/token?grant_type=unknown&scope=unknown', FORM));
});

test('every answer of the token endpoint is JSON that nothing may keep, with the id of its audit row (RFC 6749 section 5.1)', async (t) => {
  const server = await startBasic(t);
  const get = await fetch(`${server.issuer}/oauth/token`, { headers: { accept: 'text/html' } });
  const answers = [
    await server.post('/oauth/token', FORM, { accept: 'text/html' }),
    await exchange(server),
    await exchange(server, { subject_token: '<script>' }),
    await exchange(server, { client_secret: 'wrong' }),
    await server.post('/oauth/token', '%', { accept: 'text/html' }),
    { status: get.status, headers: get.headers, text: await get.text(), body: {} },
  ];
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 400, 401, 400, 405],
  );
  for (const answer of answers) {
    const { status, headers, text } = answer;
    assert.equal(headers.get('cache-control'), 'no-store', `${status}`);
    assert.equal(headers.get('pragma'), 'no-cache', `${status}`);
    assert.match(headers.get('content-type') ?? '', /^application\/json\b/);
    assert.equal('error' in JSON.parse(text), status !== 200);
    assert.equal(server.audit(answer)?.requestId, headers.get('x-request-id'));
    assert.equal(server.audit(answer)?.outcome, status === 200 ? 'issued' : 'refused');
  }
});

test("the request id is ours; the caller's own is kept in the audit row where it prints and is short", async (t) => {
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
});

test('a body is read up to its limit, 1 MiB by default, and never when it is encoded', async (t) => {
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
  assert.equal(statusOf(await server.raw(chunked)), 413);
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
  const small = await start(t, configuration.replace('server:', 'server:\n  limits: { body: 1024 }'));
  assertIssued(small, await small.post('/oauth/token', padded(1024)));
  assert.equal((await small.post('/oauth/token', padded(1025))).status, 413);
});

test('request headers over 16 KiB are 431, one or many, in the form of every other refusal', async (t) => {
  const server = await startBasic(t);
  const tooLarge = [
    [`X-Large: ${'x'.repeat(17_000)}`],
    Array.from({ length: 1500 }, (_, i) => `X-${i}: many`),
    [`Authorization: Basic ${btoa(`gateway:${'x'.repeat(48_000)}`)}`],
  ];
  for (const headers of tooLarge) assertJson(await server.raw(request(['Host: x', ...headers, LENGTH])), 431);
  assert.equal(statusOf(await server.raw(request(['Host: x', `X-Large: ${'x'.repeat(15_000)}`, LENGTH]))), 200);
});

/** What never reached the token endpoint is answered like what did. */
function assertJson(answer: string, status: number): void {
  assert.equal(statusOf(answer), status);
  assert.equal(headerOf(answer, 'Cache-Control'), 'no-store');
  assert.match(headerOf(answer, 'X-Request-Id') ?? '', /^[0-9a-f-]{36}$/);
  assert.equal(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))).error, 'invalid_request');
}

test('bytes that two readers could part differently are refused, and the connection with them (RFC 9112 section 6)', async (t) => {
  const server = await startBasic(t);
  const smuggled = request(['Host: x', LENGTH]);
  for (const headers of [
    [LENGTH, 'Transfer-Encoding: chunked'],
    [LENGTH, 'Content-Length: 0'],
    ['Content-Length: +1'],
    ['Transfer-Encoding: xchunked'],
    [LENGTH, 'X : y'],
  ]) {
    const answer = await server.raw(request(['Host: x', ...headers], { body: `0\r\n\r\n${smuggled}` }));
    assertJson(answer, 400);
    assert.equal(answer.match(/HTTP\/1\.1/g)?.length, 1, headers.join());
  }
  const short = await server.raw(request(['Host: x', 'Content-Length: 3']));
  assert.deepEqual([statusOf(short), short.match(/HTTP\/1\.1/g)?.length], [400, 1]);
  assert.equal(statusOf(await server.raw(smuggled)), 200);
});

test('whom the request names as host changes nothing: issuer and URLs are the configured ones', async (t) => {
  const server = await startBasic(t);
  const issuerOf = (answer: string): unknown => {
    const { access_token } = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')));
    return JSON.parse(Buffer.from(access_token.split('.')[1], 'base64url').toString()).iss;
  };
  for (const [line, ...headers] of [
    ['POST /oauth/token HTTP/1.1', 'Host: login.example'],
    ['POST /oauth/token HTTP/1.1', 'Host: x', 'X-Forwarded-Host: evil.example', 'X-Forwarded-Proto: https'],
    ['POST /oauth/token HTTP/1.1', 'Host: x', 'Forwarded: host=evil.example', 'Expect: 100-continue'],
    ['POST http://evil.example/oauth/token HTTP/1.1', 'Host: evil.example'],
    ['POST /oauth/token HTTP/1.1', 'Host: a.example', 'Host: b.example'],
    ['POST /oauth/token HTTP/1.0'],
  ]) {
    const answer = await server.raw(request([...headers, LENGTH], { line }));
    assert.equal(issuerOf(answer.replace(/^HTTP\/1\.1 100 .*\r\n\r\n/, '')), server.issuer, headers.join());
  }
  assert.equal(statusOf(await server.raw(request([LENGTH]))), 400, 'HTTP/1.1 without Host');
});

test('a path is an exact name, and one that cannot be read is like one that nothing is at', async (t) => {
  const server = await startBasic(t);
  for (const path of [
    '/',
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
  assert.equal(statusOf(normal), 200);
});

test("a database that fails is never the caller's fault: 503, Retry-After, and nothing issued", async (t) => {
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
