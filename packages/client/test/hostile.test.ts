// Does the client withstand a hostile server, API, assertion or caller? Against servers over HTTP.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createServer } from 'node:tls';
import { inspect } from 'node:util';
import { selfIssued } from '../../server/test/support/tls-client.ts';
import { textOfBody } from '../src/body.ts';
import { type ClientOptions, cambio, clientSecret, ExchangeError, none } from '../src/index.ts';
import { tlsAgent } from '../src/node.ts';
import { scrub } from '../src/scrub.ts';
import { issued, jwt, startScripted } from './server.ts';

const API = 'https://orders.example';

async function setUp(t: TestContext, options: Partial<ClientOptions> = {}) {
  const server = await startScripted(t);
  return { server, client: cambio({ issuer: server.issuer, clientId: 'gateway', auth: none(), ...options }) };
}

/** The error that a promise is rejected with. */
async function errorOf(promise: Promise<unknown>): Promise<ExchangeError> {
  const error = await promise.then(
    () => assert.fail('it succeeded'),
    (reason) => reason,
  );
  assert.ok(error instanceof ExchangeError, inspect(error));
  return error;
}

test('an answer with a status that no Response has is an error: the process goes on', async (t) => {
  const host = await selfIssued({ name: 'CN=127.0.0.1', names: [{ type: 'ip', value: '127.0.0.1' }] });
  let answer = '';
  const server = createServer(host, (socket) => {
    socket.on('error', () => undefined).once('data', () => socket.write(`HTTP/1.1 ${answer}\r\n\r\n`));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => void server.close());
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const send = tlsAgent({ ...host, ca: host.cert });
  for (const line of ['999 X', '600 X', '099 X', '101 X', '101 X\r\nConnection: upgrade\r\nUpgrade: x']) {
    answer = line;
    await assert.rejects(send(url), /answered with the status|closed without an answer/, line);
  }
  answer = '204 X';
  assert.equal((await send(url)).status, 204);
});

test('the name of an error is never a member of all objects', async (t) => {
  const { server, client } = await setUp(t);
  for (const error of ['constructor', 'toString', '__proto__']) {
    server.next.push(() => ({ status: 400, body: { error } }));
    const { about, action } = await errorOf(client.exchange('s'));
    assert.deepEqual([about, typeof action], ['client', 'string']);
  }
});

test('a secret with punctuation is redacted, and a long answer is not searched to its end', async (t) => {
  const secret = 'Zx4,p(9k;Q2}w"7';
  const { server, client } = await setUp(t, { auth: clientSecret(secret) });
  server.next.push(() => ({ status: 401, body: { error: 'invalid_client', error_description: `not ${secret}!` } }));
  assert.match((await errorOf(client.exchange('s'))).message, /: not \[redacted\]!/);
  const begun = performance.now();
  scrub(
    'abcdefgh='.repeat(100_000),
    Array.from({ length: 5 }, () => 'abcdefgi'.repeat(2000)),
  );
  assert.ok(performance.now() - begun < 500, 'milliseconds');
});

test('the request id, the type and the scope of an answer repeat neither a secret nor the issued token', async (t) => {
  const secret = 'a-secret-of-this-client';
  const { server, client } = await setUp(t, { auth: clientSecret(secret) });
  const fresh = 'text-of-the-new-token';
  for (const [i, id] of [secret, 'AUTHORIZATION', fresh, 'subject-0123456789'].entries()) {
    server.next.push(({ headers: { authorization = '' } }) => ({
      ...issued(fresh),
      headers: { 'x-request-id': id.replace('AUTHORIZATION', authorization) },
    }));
    assert.equal((await client.exchange(`subject-0123456789-${i}`)).requestId, undefined, id);
  }
  server.next.push(() => issued(fresh, { scope: fresh }));
  assert.match((await errorOf(client.exchange('s'))).message, /its scope repeats a token/);
  for (const more of [{ scope: 'read \u001b[31m' }, { issued_token_type: 'urn:\u001b[31m' }]) {
    server.next.push(() => issued(fresh, more));
    assert.match((await errorOf(client.exchange('s'))).message, /is not valid \(RFC 6749/);
  }
});

test('the documentation of an error is a text without control characters', async (t) => {
  for (const [documentation, shown] of [
    [{ an: 'object' }, undefined],
    ['https://a.example/\u001b[31m', 'https://a.example/ [31m'],
  ] as const) {
    const { server, client } = await setUp(t);
    server.metadata.service_documentation = documentation;
    server.next.push(() => ({ status: 400, body: { error: 'invalid_scope' } }));
    assert.equal((await errorOf(client.exchange('s'))).documentation, shown);
  }
});

test('an MCP server never gets a refresh token or an assertion', async (t) => {
  const { server, client } = await setUp(t);
  for (const more of [
    { issued_token_type: 'urn:ietf:params:oauth:token-type:id-jag', token_type: 'N_A' },
    { issued_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' },
    { token_type: 'N_A' },
  ]) {
    server.next.push(() => issued('x', more));
    assert.match((await errorOf(client.mcp('s', { audience: API }).token())).message, /does not open an API/);
  }
});

test('a token goes to the URL that was checked, even if the caller changes it meanwhile', async (t) => {
  const server = await startScripted(t);
  const called: string[] = [];
  const outbound: typeof fetch = async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    if (url.startsWith(server.issuer)) return fetch(input, init);
    called.push(`${init?.method} ${url} ${init?.body}`);
    return new Response();
  };
  const client = cambio({ issuer: server.issuer, clientId: 'gateway', auth: none(), fetch: outbound });
  const url = new URL(`${API}/1`);
  const init = { method: 'POST', body: 'a' };
  const asked = client.onBehalfOf({ audience: API }).fetch('s', url, init);
  url.href = 'http://elsewhere.example';
  init.body = 'b';
  await asked;
  assert.deepEqual(called, [`POST ${API}/1 a`]);
});

test('a URL that is refused is not shown whole: it may have a token, or be one', async (t) => {
  const { client } = await setUp(t);
  const orders = client.onBehalfOf({ audience: API });
  for (const url of ['http://a.example/canary?t=canary', jwt({ sub: 'canary' }), 'canary'])
    await assert.rejects(orders.fetch('s', url), (error: Error) => {
      assert.match(error.message, /^the URL is (?:at http:\/\/a\.example|not a URL): it must be an https URL/);
      return !inspect(error).includes('canary') && !inspect(error).includes('eyJ');
    });
});

test('arguments in the wrong order are refused without their texts', async (t) => {
  const { client } = await setUp(t);
  const isSafe = ({ message }: Error): boolean => !/canary|eyJ/.test(message);
  assert.throws(() => clientSecret('post', 'canary' as never), isSafe);
  await assert.rejects(client.exchange('s', { subjectType: jwt({ sub: 'canary' }) as never }), isSafe);
  await assert.rejects(client.exchange('s', 'canary' as never), isSafe);
});

test('an error of a listener that is asynchronous is ignored', async (t) => {
  const rejections: unknown[] = [];
  const note = (reason: unknown): void => void rejections.push(reason);
  process.on('unhandledRejection', note);
  t.after(() => void process.off('unhandledRejection', note));
  const on = async (): Promise<never> => {
    throw new Error('metrics');
  };
  const { client } = await setUp(t, { on });
  await client.exchange('s');
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(rejections, []);
});

test('an assertion leads to no service of this machine, unless the server of the client is there', async (t) => {
  const inner = await startScripted(t);
  const client = cambio({ issuer: 'https://login.example', clientId: 'gateway', auth: none() });
  const assertion = jwt({ aud: inner.issuer });
  const { code, about } = await errorOf(client.redeem(assertion));
  assert.deepEqual([code, about, inner.metadataRequests], ['invalid_token', 'subject', 0]);
  assert.equal((await client.redeem(assertion, { issuer: inner.issuer })).token, 'token-1');
});

test('forget reaches what was exchanged for an exchanged token', async (t) => {
  const { client } = await setUp(t);
  const chain = ['subject'];
  for (let i = 0; i < 3; i++) chain.push((await client.exchange(chain[i] ?? '')).token);
  const other = await client.exchange('other');
  await client.forget('subject');
  for (const [i, text] of chain.slice(0, 3).entries())
    assert.notEqual((await client.exchange(text)).token, chain[i + 1]);
  assert.equal((await client.exchange('other')).token, other.token);
});

test('an answer in many small parts is read whole', async (t) => {
  const text = JSON.stringify({ ...(issued('x').body as object), scope: 'read', name: 'ä€😀'.repeat(2000) });
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  const outbound: typeof fetch = async (input, init) => {
    if (init?.method !== 'POST') return fetch(input, init);
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: (controller) => {
        if (at === bytes.length) return controller.close();
        controller.enqueue(bytes.slice(at, ++at));
      },
    });
    return new Response(body, { headers: { 'content-type': 'application/json' } });
  };
  const { client } = await setUp(t, { fetch: outbound });
  assert.deepEqual((await client.exchange('s')).scope, ['read']);
  assert.equal(await textOfBody(await outbound('', { method: 'POST' })), '');
  at = 0;
  assert.equal(await textOfBody(await outbound('', { method: 'POST' })), text);
});

test('what a call ignores is refused', async (t) => {
  const { server, client } = await setUp(t);
  const { publicKey, privateKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, [
    'sign',
  ]);
  const signal = AbortSignal.abort();
  assert.throws(() => client.onBehalfOf({ audience: API, signal } as never), /request\.signal is not known/);
  assert.throws(() => client.mcp('s', { audience: API, signal } as never), /request\.signal is not known/);
  await assert.rejects(client.onBehalfOf({ audience: API })('s', { scope: 'read' } as never), /options\.scope is not/);
  for (const dpop of [{ privateKey }, { privateKey, publicKey: privateKey }, { privateKey: publicKey, publicKey }])
    assert.throws(
      () => cambio({ issuer: server.issuer, clientId: 'a', auth: none(), dpop: dpop as never }),
      /dpop must be a pair/,
    );
  assert.equal(server.seen.length, 0);
});
