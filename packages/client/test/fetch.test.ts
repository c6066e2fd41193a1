// Does the fetch of onBehalfOf present the token, and does it exchange once more when the API refuses it?
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { type ClientOptions, cambio, ExchangeError, none } from '../src/index.ts';
import { issued, type Scripted, startScripted } from './server.ts';

interface Call {
  readonly method: string;
  readonly authorization: string;
  readonly proof: Record<string, unknown> | undefined;
  readonly body: string;
}

/** @param answer decides about each call; by default all succeed */
async function setUp(
  t: TestContext,
  answer: (call: Call, response: ServerResponse, count: number) => void = (_call, response) => response.end('fine'),
  options: Partial<ClientOptions> = {},
) {
  const server: Scripted = await startScripted(t);
  const calls: Call[] = [];
  const api = createServer(async (request: IncomingMessage, response) => {
    const { authorization = '', dpop } = request.headers;
    const proof = typeof dpop === 'string' ? JSON.parse(atob(dpop.split('.')[1] ?? '')) : undefined;
    const call = { method: request.method ?? '', authorization, proof, body: await text(request) };
    calls.push(call);
    answer(call, response, calls.length);
  });
  api.listen(0, '127.0.0.1');
  await once(api, 'listening');
  t.after(() => {
    api.close();
    api.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(api.address() as AddressInfo).port}/orders?page=2`;
  const client = cambio({ issuer: server.issuer, clientId: 'gateway', auth: none(), ...options });
  return { server, calls, url, client, orders: client.onBehalfOf({ audience: 'https://orders.example' }) };
}

const refuse = (response: ServerResponse, headers: Record<string, string> = {}): void =>
  void response.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"', ...headers }).end();

test('onBehalfOf is a function from token to token, with a fetch that sends it', async (t) => {
  const { calls, url, orders, server } = await setUp(t);
  const token = await orders('subject');
  const response = await orders.fetch('subject', url, { method: 'post', body: 'x', headers: { 'x-own': '1' } });
  assert.equal(await response.text(), 'fine');
  assert.deepEqual(calls, [{ method: 'POST', authorization: `Bearer ${token.token}`, proof: undefined, body: 'x' }]);
  assert.equal(server.seen.length, 1);
  assert.equal((await orders.fetch('subject', new Request(url, { method: 'PUT', body: 'y' }))).status, 200);
  assert.deepEqual([calls[1]?.method, calls[1]?.body], ['PUT', 'y']);
});

test('a 401 of the API is followed by one more exchange and one more call', async (t) => {
  const events: string[] = [];
  const { calls, url, orders, server } = await setUp(
    t,
    ({ authorization }, response) => (authorization === 'Bearer token-2' ? response.end('fine') : refuse(response)),
    { on: ({ type }) => events.push(type) },
  );
  const response = await orders.fetch('subject', url, { method: 'POST', body: new URLSearchParams({ a: 'b' }) });
  assert.equal(response.status, 200);
  assert.deepEqual(
    calls.map(({ authorization, body }) => [authorization, body]),
    [
      ['Bearer token-1', 'a=b'],
      ['Bearer token-2', 'a=b'],
    ],
  );
  assert.equal(server.seen.length, 2);
  assert.equal((await orders('subject')).token, 'token-2');
  assert.deepEqual(events, ['issued', 'forgotten', 'issued', 'hit']);
});

test('an API that always answers 401 is called twice, and its last token is not kept', async (t) => {
  const { calls, url, orders, server } = await setUp(t, (_call, response) => refuse(response));
  assert.equal((await orders.fetch('subject', url)).status, 401);
  assert.deepEqual([calls.length, server.seen.length], [2, 2]);
  assert.equal((await orders('subject')).token, 'token-3');
});

test('another status is the answer, and a body that is a stream is sent once', async (t) => {
  const forbidden = await setUp(t, (_call, response) => response.writeHead(403).end());
  assert.equal((await forbidden.orders.fetch('subject', forbidden.url)).status, 403);
  assert.equal(forbidden.calls.length, 1);
  const { calls, url, orders } = await setUp(t, (_call, response) => refuse(response));
  const stream = () => new Blob(['z']).stream();
  const streamed = await orders.fetch('subject', url, { method: 'POST', body: stream(), duplex: 'half' } as never);
  assert.equal(streamed.status, 401);
  assert.equal((await orders.fetch('subject', new Request(url, { method: 'POST', body: 'z' }))).status, 401);
  assert.equal(calls.length, 2);
});

test('concurrent calls that are all refused exchange once more, together', async (t) => {
  const { url, orders, server } = await setUp(t, ({ authorization }, response) =>
    authorization === 'Bearer token-1' ? refuse(response) : response.end('fine'),
  );
  await orders('subject');
  const all = await Promise.all(Array.from({ length: 8 }, () => orders.fetch('subject', url)));
  assert.deepEqual([...new Set(all.map(({ status }) => status))], [200]);
  assert.equal(server.seen.length, 2);
});

test('a token goes nowhere without HTTPS, and a header of the caller is not replaced', async (t) => {
  const { url, orders, server } = await setUp(t);
  await assert.rejects(
    orders.fetch('subject', 'http://orders.example/'),
    /it must be an https URL, or http on loopback/,
  );
  await assert.rejects(orders.fetch('subject', 'file:///etc/passwd'), /it must be an https URL/);
  await assert.rejects(
    orders.fetch('subject', url, { headers: { authorization: 'Basic x' } }),
    /has an Authorization header already/,
  );
  assert.equal(server.seen.length, 0);
  server.next.push(() =>
    issued('x', { issued_token_type: 'urn:ietf:params:oauth:token-type:saml2', token_type: 'N_A' }),
  );
  const error = await orders.fetch('subject', url).catch((one) => one);
  assert.ok(error instanceof ExchangeError);
  assert.match(error.message, /a token of the type saml2 does not open an API/);
});

test('with a key, the server and the API get proofs, with the nonces that each asks for', async (t) => {
  const dpop = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);
  const { calls, url, orders, server, client } = await setUp(
    t,
    ({ proof }, response) => {
      if (proof?.nonce === 'of-the-api') response.end('fine');
      else refuse(response, { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': 'of-the-api' });
    },
    { dpop },
  );
  const proofsSeen = () => server.seen.map(({ headers }) => JSON.parse(atob(String(headers.dpop).split('.')[1] ?? '')));
  server.next.push(
    () => ({ status: 400, headers: { 'dpop-nonce': 'of-the-server' }, body: { error: 'use_dpop_nonce' } }),
    () => issued('bound', { token_type: 'DPoP' }),
  );
  assert.equal((await orders.fetch('subject', url, { method: 'put' })).status, 200);
  assert.deepEqual(
    proofsSeen().map(({ htm, htu, nonce }) => [htm, htu, nonce]),
    [
      ['POST', `${server.issuer}/token`, undefined],
      ['POST', `${server.issuer}/token`, 'of-the-server'],
    ],
  );
  assert.equal(new Set(proofsSeen().map(({ jti }) => jti)).size, 2);
  const htu = url.replace(/\?.*/, '');
  assert.deepEqual(
    calls.map(({ authorization, proof }) => [authorization, proof?.htm, proof?.htu, proof?.nonce, typeof proof?.ath]),
    [
      ['DPoP bound', 'PUT', htu, undefined, 'string'],
      ['DPoP bound', 'PUT', htu, 'of-the-api', 'string'],
    ],
  );
  assert.equal((await orders.fetch('subject', url)).status, 200);
  assert.equal(calls.length, 3, 'the nonce is remembered');
  // A bearer token is not what was asked for.
  server.next.push(() => issued('unbound'));
  await assert.rejects(client.exchange('other'), { code: 'invalid_answer' });
  assert.throws(() => client.mcp('subject', {}), /leave out dpop/);
});

test('an MCP transport gets the token, and another after 401', async (t) => {
  const { client, server } = await setUp(t);
  const provider = client.mcp(async () => 'subject', { resource: 'https://mcp.example/' });
  assert.deepEqual([await provider.token(), await provider.token()], ['token-1', 'token-1']);
  await provider.onUnauthorized();
  assert.equal(await provider.token(), 'token-2');
  assert.equal(server.seen.at(-1)?.form.get('resource'), 'https://mcp.example/');
});
