// Does the client stay safe when a server, an API or a source of tokens misbehaves? Against a scripted server over HTTP.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { inspect } from 'node:util';
import {
  type ClientEvent,
  type ClientOptions,
  cambio,
  clientSecret,
  ExchangeError,
  none,
  spiffe,
  tokenUrl,
} from '../src/index.ts';
import { issued, jwt, type Scripted, startScripted } from './server.ts';

const type = (name: string): string => `urn:ietf:params:oauth:token-type:${name}`;
const AUDIENCE = 'https://orders.example';
const MIB = 1024 * 1024;

async function setUp(t: TestContext, options: Partial<ClientOptions> = {}) {
  const server: Scripted = await startScripted(t);
  const events: ClientEvent[] = [];
  const on = (event: ClientEvent): void => void events.push(event);
  const client = cambio({ issuer: server.issuer, clientId: 'gateway', auth: none(), on, ...options });
  return { server, client, events, orders: client.onBehalfOf({ audience: AUDIENCE }) };
}

/** An HTTP server on loopback. */
async function startApi(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const api = createServer((request, response) => {
    request.resume().on('end', () => answer(request, response));
  });
  api.listen(0, '127.0.0.1');
  await once(api, 'listening');
  t.after(() => {
    api.close();
    api.closeAllConnections();
  });
  return `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
}

const nonceOf = ({ headers }: { readonly headers: IncomingMessage['headers'] }): unknown =>
  JSON.parse(atob(String(headers.dpop).split('.')[1] ?? '')).nonce;
const generateKey = () => crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);

/** The error that a promise is rejected with. */
async function errorOf(promise: Promise<unknown>): Promise<ExchangeError> {
  const error = await promise.then(
    () => assert.fail('it succeeded'),
    (reason) => reason,
  );
  assert.ok(error instanceof ExchangeError, inspect(error));
  return error;
}

test('a token that an API refused is forgotten, even if the body cannot be sent again', async (t) => {
  const { server, orders } = await setUp(t);
  const seen: unknown[] = [];
  const api = await startApi(t, ({ headers }, response) => {
    seen.push(headers.authorization);
    response.writeHead(headers.authorization === 'Bearer token-1' ? 401 : 200).end();
  });
  const send = async (): Promise<number> => {
    const body = new Blob(['z']).stream();
    return (await orders.fetch('subject', api, { method: 'POST', body, duplex: 'half' } as never)).status;
  };
  assert.deepEqual([await send(), await send()], [401, 200]);
  assert.deepEqual([seen, server.seen.length], [['Bearer token-1', 'Bearer token-2'], 2]);
});

test('the answer of an API that refused is closed, even if the server issues no other token', async (t) => {
  const { server, orders } = await setUp(t);
  let closed: Promise<unknown> = Promise.reject(new Error('not called'));
  closed.catch(() => undefined);
  const api = await startApi(t, (_request, response) => {
    closed = once(response, 'close');
    response.writeHead(401).write('begins, and never ends');
  });
  await orders('subject');
  server.next.push(() => ({ status: 400, body: { error: 'invalid_grant' } }));
  assert.equal((await errorOf(orders.fetch('subject', api))).code, 'invalid_grant');
  await closed;
});

test('a token never follows a redirect', async (t) => {
  const { orders } = await setUp(t);
  const paths: unknown[] = [];
  const api = await startApi(t, ({ url }, response) => {
    paths.push(url);
    response.writeHead(307, { location: '/elsewhere' }).end();
  });
  for (const ask of [
    () => orders.fetch('subject', `${api}/a`),
    () => orders.fetch('subject', `${api}/b`, { redirect: 'follow' }),
    () => orders.fetch('subject', new Request(`${api}/c`)),
  ])
    assert.equal((await ask()).status, 307);
  await assert.rejects(orders.fetch('subject', `${api}/d`, { redirect: 'error' }), TypeError);
  assert.deepEqual(paths, ['/a', '/b', '/c', '/d']);
});

test('concurrent requests that are asked for the same nonce are all sent again', async (t) => {
  const { server, client, orders } = await setUp(t, { dpop: await generateKey() });
  let count = 0;
  /** Answers when both requests have come without a nonce. */
  const arrived: (() => void)[] = [];
  const both = (): Promise<void> =>
    new Promise((resolve) => {
      arrived.push(resolve);
      if (arrived.length === 2) for (const go of arrived.splice(0)) go();
    });
  const answer = async (seen: { readonly headers: IncomingMessage['headers'] }) => {
    if (nonceOf(seen) === 'n') return issued(`bound-${++count}`, { token_type: 'DPoP' });
    await both();
    return { status: 400, headers: { 'dpop-nonce': 'n' }, body: { error: 'use_dpop_nonce' } };
  };
  server.next.push(answer, answer, answer, answer);
  const tokens = await Promise.all([client.exchange('a'), client.exchange('b')]);
  assert.deepEqual(tokens.map(({ token }) => token).toSorted(), ['bound-1', 'bound-2']);

  const api = await startApi(t, async (request, response) => {
    if (nonceOf(request) === 'm') return response.end();
    await both();
    response.writeHead(401, { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': 'm' }).end();
  });
  server.next.length = 0;
  server.next.push(() => issued('of-orders', { token_type: 'DPoP' }));
  await orders('c');
  const answers = await Promise.all([orders.fetch('c', api), orders.fetch('c', api)]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200],
  );
  assert.equal(server.seen.length, 5, 'no token was exchanged again');
});

test('the nonce of every answer is used for the next proof', async (t) => {
  const { server, client } = await setUp(t, { dpop: await generateKey() });
  const next = (nonce: string) => ({ headers: { 'dpop-nonce': nonce } });
  server.next.push(
    () => ({ status: 400, ...next('1'), body: { error: 'use_dpop_nonce' } }),
    () => ({ ...issued('a', { token_type: 'DPoP' }), ...next('2') }),
    () => ({ ...issued('b', { token_type: 'DPoP' }), ...next('3') }),
  );
  await client.exchange('a');
  await client.exchange('b');
  assert.deepEqual(server.seen.map(nonceOf), [undefined, '1', '2']);
});

test('the time limit holds for credentials and for a fetch that ignore it', async (t) => {
  const never = (): Promise<never> => new Promise(() => undefined);
  const hanging = await setUp(t, { auth: spiffe(never), timeout: 50 });
  assert.equal((await errorOf(hanging.client.exchange('s'))).code, 'timeout');
  assert.equal((await errorOf(hanging.client.revoke('s'))).code, 'timeout');
  const deaf = await setUp(t, { fetch: never, timeout: 50 });
  assert.equal((await errorOf(deaf.client.exchange('s'))).code, 'timeout');
  const reason = new Error('left');
  for (const ask of [
    (signal: AbortSignal) => hanging.client.exchange(never, { signal }),
    (signal: AbortSignal) => hanging.client.exchange('s', { actor: never, signal }),
    (signal: AbortSignal) => hanging.client.redeem(never, { signal }),
    (signal: AbortSignal) => hanging.orders(never, { signal }),
  ]) {
    const leaving = new AbortController();
    const asked = ask(leaving.signal);
    leaving.abort(reason);
    await assert.rejects(asked, (error) => error === reason);
  }
});

test('an abort while the credentials are read rejects the call alone', async (t) => {
  const rejections: unknown[] = [];
  const note = (reason: unknown): void => void rejections.push(reason);
  process.on('unhandledRejection', note);
  t.after(() => void process.off('unhandledRejection', note));
  const leaving = new AbortController();
  const read = (): string => {
    leaving.abort(new Error('left'));
    return 'svid';
  };
  const server = await startScripted(t);
  const metadata = { token_endpoint: `${server.issuer}/token` };
  const client = cambio({ issuer: server.issuer, clientId: 'a', auth: spiffe(read), metadata });
  const { signal } = leaving;
  await assert.rejects(client.exchange('s', { as: 'refresh_token', signal }), /left/);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(rejections, []);
});

test('an answer that is too long is refused before it is read to its end', async (t) => {
  const { server, client } = await setUp(t);
  const long = 'x'.repeat(MIB + 1);
  for (const reply of [
    issued(long),
    { status: 400, body: { error: 'invalid_grant', error_description: long } },
    { status: 400, body: long },
  ]) {
    server.next.push(() => reply);
    const { code, about, message } = await errorOf(client.exchange('s'));
    assert.deepEqual([code, about], ['invalid_answer', 'server']);
    assert.match(message, /more than 1048576 bytes/);
  }
  server.next.push(() => issued('x'.repeat(MIB / 2)));
  assert.equal((await client.exchange('s')).token.length, MIB / 2);
  const lengthy = await setUp(t);
  lengthy.server.metadata.long = long;
  assert.equal((await errorOf(lengthy.client.exchange('s'))).code, 'invalid_answer');
});

test('an answer that does not say what it should, or says another type, is refused without its text', async (t) => {
  const { server, client } = await setUp(t);
  const canary = 'canary-of-the-token';
  for (const more of [
    { access_token: `${canary}\nx` },
    { access_token: `${canary} x` },
    { access_token: `${canary}é` },
    { access_token: 7 },
    { refresh_token: `${canary}\n` },
    { refresh_token: '' },
    { token_type: 'mac' },
    { token_type: null },
    { expires_in: -1 },
    { expires_in: 'soon' },
    { expires_in: '12abc' },
    { expires_in: '' },
    { expires_in: null },
    { expires_in: [300] },
    { scope: ['read'] },
    { issued_token_type: 7 },
  ]) {
    server.next.push(() => issued(canary, more));
    const error = await errorOf(client.exchange('s'));
    assert.deepEqual([error.code, error.about], ['invalid_answer', 'server'], JSON.stringify(more));
    assert.equal(inspect(error).includes(canary), false);
  }
  server.next.push(() => ({ body: `{"access_token":"${canary}","token_type":"Bearer","expires_in":1e999}` }));
  assert.equal((await errorOf(client.exchange('s'))).code, 'invalid_answer');
  for (const [as, other] of [
    ['jwt', 'refresh_token'],
    ['access_token', 'id_token'],
    ['refresh_token', 'access_token'],
  ] as const) {
    server.next.push(() => issued('x', { issued_token_type: type(other), token_type: 'N_A' }));
    const { message } = await errorOf(client.exchange('s', { as }));
    assert.ok(message.includes(`the answer has the type ${other}, not ${as}`), message);
  }
});

test('an answer that only looks unusual is accepted', async (t) => {
  const { server, client } = await setUp(t);
  const now = Date.now();
  const about = (expiresAt: number | undefined): number => Math.round((Number(expiresAt) - now) / 1000);
  const answer = async (more: object) => {
    server.next.push(() => issued('x', more as never));
    return client.exchange(`s${server.seen.length}`);
  };
  assert.equal(about((await answer({ expires_in: '300' })).expiresAt), 300);
  assert.equal(about((await answer({ expires_in: 299.5 })).expiresAt), 300);
  assert.equal(about((await answer({ expires_in: 0 })).expiresAt), 0);
  assert.equal((await answer({ token_type: 'bEARER' })).tokenType, 'Bearer');
  assert.deepEqual((await answer({ scope: '' })).scope, []);
  // An access token may be a JWT (RFC 8693 section 3).
  server.next.push(() => issued('x'));
  assert.equal((await client.exchange('s', { as: 'jwt' })).issuedType, 'access_token');
  // Nobody asked for it, and nobody uses it.
  assert.equal((await answer({ id_token: jwt({ iss: 'https://other.example', exp: 1 }) })).token, 'x');
});

test('a refresh token or an assertion that is issued as a bearer token is not kept, and goes to no API', async (t) => {
  const { server, client, orders } = await setUp(t);
  for (const name of ['refresh_token', 'id-jag']) {
    const before = server.seen.length;
    for (let i = 0; i < 3; i++) server.next.push(() => issued(`${name}-${i}`, { issued_token_type: type(name) }));
    const tokens = [await client.exchange('s'), await client.exchange('s')];
    assert.notEqual(tokens[0]?.token, tokens[1]?.token);
    const error = await errorOf(orders.fetch('s', 'https://orders.example/'));
    assert.match(error.message, new RegExp(`a token of the type ${name} does not open an API`));
    assert.equal(server.seen.length - before, 3);
  }
});

test('Retry-After is read as seconds or a date, by the clock of the server; nothing else is taken for it', async (t) => {
  const { server, client } = await setUp(t);
  const retryAfter = async (headers: Record<string, string>): Promise<number | undefined> => {
    server.next.push(() => ({ status: 429, headers, body: { error: 'busy' } }));
    server.next.push(() => ({ status: 400, body: { error: 'was-repeated' } }));
    const error = await errorOf(client.exchange('s'));
    server.next.length = 0;
    return error.code === 'busy' ? error.retryAfter : -1;
  };
  const at = (seconds: number): string => new Date(Date.UTC(2030, 0, 1) + seconds * 1000).toUTCString();
  assert.equal(await retryAfter({ 'retry-after': '60' }), 60);
  assert.equal(await retryAfter({ date: at(0), 'retry-after': at(90) }), 90);
  assert.equal(await retryAfter({ date: at(0), 'retry-after': at(-90) }), -1, 'it is over: repeated');
  for (const text of ['-1', '1.5', 'soon', '1e9', '9'.repeat(400), '2030-01-01'])
    assert.equal(await retryAfter({ 'retry-after': text }), undefined, text);
});

test('no text of a token is in the request id, the events or the type of an answer', async (t) => {
  const subject = jwt({ sub: 'canary' });
  const opaque = 'canary-opaque-subject-0123456789';
  const secret = 'canary two words';
  const { server, client, events } = await setUp(t, { auth: clientSecret(secret) });
  for (const text of [subject, opaque]) {
    server.next.push(() => ({ ...issued('x'), headers: { 'x-request-id': text } }));
    const token = await client.exchange(text);
    for (const more of [{ issued_token_type: `urn:${text}` }, { scope: `read ${text}` }]) {
      server.next.push(() => issued('x', more));
      assert.match(
        (await errorOf(client.exchange(text, { scope: 'read' }))).message,
        /its type or its scope repeats a token/,
      );
    }
    server.next.push(() => ({ ...issued('x', { token_type: 'mac' }), headers: { 'x-request-id': text } }));
    const error = await errorOf(client.exchange(text, { audience: AUDIENCE }));
    for (const told of [token, error, events]) assert.equal(inspect(told, { depth: 5 }).includes(text), false);
  }
  server.next.push(() => ({ status: 401, body: { error: 'invalid_client', error_description: `not ${secret}` } }));
  assert.equal((await errorOf(client.exchange('s'))).message.includes('words'), false);
});

test('credentials that cannot be read are reported as that', async (t) => {
  const broken = new Error('ENOENT');
  const { client, events } = await setUp(t, {
    auth: spiffe(() => {
      throw broken;
    }),
  });
  await assert.rejects(client.exchange('s'), (error) => error === broken);
  assert.deepEqual(
    events.map(({ type, code }) => [type, code]),
    [['refused', 'credentials']],
  );
});

test('metadata of another authorization server is asked for once', async (t) => {
  const [own, vendor] = [await startScripted(t), await startScripted(t)];
  const client = cambio({ issuer: own.issuer, clientId: 'gateway', auth: clientSecret('secret') });
  const assertion = jwt({ aud: vendor.issuer });
  await client.redeem(assertion);
  await client.redeem(assertion);
  for (const secret of ['one', 'two']) await client.redeem(assertion, { auth: clientSecret(secret) });
  assert.equal(vendor.metadataRequests, 1);
  const sent = vendor.seen.map(({ headers }) => headers.authorization);
  assert.deepEqual(sent, [undefined, undefined, `Basic ${btoa('gateway:one')}`, `Basic ${btoa('gateway:two')}`]);
});

test('the answer of a token URL that is not JSON is refused without its text', async (t) => {
  const canary = 'eyJcanary';
  const url = await startApi(t, (_request, response) => response.end(canary));
  const error = await tokenUrl(url, { field: 'value' })().catch((reason) => reason);
  assert.match(error.message, /value of the answer of http:\/\/127\.0\.0\.1:\d+ is not a text/);
  assert.equal(inspect(error).includes('canary'), false);
  assert.equal(await tokenUrl(url)(), canary);
});

test('options that would be ignored silently are refused', () => {
  const options = { issuer: 'https://login.example', clientId: 'gateway', auth: none() };
  const wrong: readonly (readonly [object, RegExp])[] = [
    [{ issuer: 'https://user:canary@login.example' }, /issuer has a user name or a password: leave them out/],
    [{ metadata: { token_endpoint: 'https://user:canary@login.example' } }, /metadata\.token_endpoint has a user name/],
    [{ cache: { maximum: 7 } }, /cache\.maximum is not known/],
    [{ on: {} }, /on is not a function/],
    [{ fetch: 'x' }, /fetch is not a function/],
    [{ clock: 1 }, /clock is not a function/],
  ];
  for (const [more, message] of wrong)
    assert.throws(
      () => cambio({ ...options, ...more } as never),
      (error: Error) => message.test(error.message) && !error.message.includes('canary'),
    );
});
