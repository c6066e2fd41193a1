// Client authentication: its methods, what an impostor learns, and the limit on guessing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  agentBasic,
  assertIssued,
  assertRefused,
  CLIENT_REFUSED,
  exchange,
  gateway,
  startBasic,
} from '../support/basics.ts';
import { withClients } from '../support/client-credentials.ts';
import { type Answer, start, type TestServer } from '../support/harness.ts';

const credentials = { grant_type: 'client_credentials' };
const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` });
/** The same for each request. */
const withoutId = (text: string): string => text.replace(/"request_id":"[^"]*"/, '');
const withBasic = (server: TestServer, pair: string): Promise<Answer> => server.token(credentials, basic(pair));

test('authenticates a client by HTTP Basic or in the form, as it is registered (RFC 6749 section 2.3.1)', async (t) => {
  const server = await startBasic(t);
  const post = await server.token({ ...credentials, ...gateway });
  const header = await server.token(credentials, agentBasic);
  assertIssued(server, post);
  assertIssued(server, header);
  assert.equal(server.audit(post)?.clientAuthentication, 'client_secret_post');
  assert.equal(server.audit(header)?.clientAuthentication, 'client_secret_basic');
  const lowerCase = { authorization: agentBasic.authorization.replace('Basic', 'basic ') };
  assertIssued(server, await server.token(credentials, lowerCase), 'RFC 9110 section 11.1');
});

test('answers an unknown client, wrong secret, wrong method and disabled client with the same bytes (RFC 6749 section 5.2; OA-10, OA-11)', async (t) => {
  const server = await start(
    t,
    withClients('id: retired, auth: client_secret_post, secret: { plain: retired-secret }, disabled: true'),
  );
  const post = (client_id: string, client_secret: string) => server.token({ ...credentials, client_id, client_secret });
  const answers: [string, Answer][] = [
    ['client_unknown', await post('nobody', 'gateway-secret')],
    ['client_unknown', await post('__proto__', 'gateway-secret')],
    ['client_credentials', await post('gateway', 'wrong')],
    ['client_credentials', await post('gateway', 'gateway-secret ')],
    ['client_method', await post('agent', 'agent-secret')],
    ['client_disabled', await post('retired', 'retired-secret')],
    ['client_credentials', await post('retired', 'wrong')],
    ['client_unknown', await withBasic(server, 'nobody:agent-secret')],
    ['client_credentials', await withBasic(server, 'agent:wrong')],
    ['client_method', await withBasic(server, 'gateway:gateway-secret')],
  ];
  const seen = answers.map(([, { status, headers, text }]) => {
    const { date, 'x-request-id': _, ...rest } = Object.fromEntries(headers);
    return { status, text: withoutId(text), ...rest };
  });
  for (const [index, [reason, answer]] of answers.entries()) {
    assertRefused(server, answer, { ...CLIENT_REFUSED, reason });
    assert.deepEqual(seen[index], seen[0], reason);
    assert.equal(/secret|wrong/.test(JSON.stringify(server.audit(answer)).replace(/client_secret_\w+/g, '')), false);
  }
  // Id and secret were swapped: the row must not have the secret.
  for (const swapped of [await post('gateway-secret', 'gateway'), await withBasic(server, 'agent-secret:agent')]) {
    assertRefused(server, swapped, { ...CLIENT_REFUSED, reason: 'client_unknown' });
    assert.equal(server.audit(swapped)?.clientClaimed, '[withheld]');
  }
  assert.equal(server.audit(await post('nobody', 'x'))?.clientClaimed, 'nobody');
  assert.match(answers[0]?.[1].headers.get('www-authenticate') ?? '', /^Basic realm="/, 'RFC 9110 section 15.5.2');
  assertIssued(server, await post('gateway', 'gateway-secret'));
});

test('authenticates a client with one secret by HTTP Basic and in the form, where its entry lists both, one in each request', async (t) => {
  const both = 'auth: [client_secret_basic, client_secret_post], secret: { plain: both-secret }';
  const server = await start(t, withClients(`id: both, ${both}`));
  const form = { client_id: 'both', client_secret: 'both-secret' };
  const post = await server.token({ ...credentials, ...form });
  const header = await withBasic(server, 'both:both-secret');
  for (const [answer, method] of [
    [post, 'client_secret_post'],
    [header, 'client_secret_basic'],
  ] as const) {
    assertIssued(server, answer);
    assert.equal(server.audit(answer)?.clientAuthentication, method);
  }
  const wrong = [
    await server.token({ ...credentials, ...form, client_secret: 'wrong' }),
    await withBasic(server, 'both:wrong'),
  ];
  for (const answer of wrong) assertRefused(server, answer, { ...CLIENT_REFUSED, reason: 'client_credentials' });
  const twice = await server.token({ ...credentials, ...form }, basic('both:both-secret'));
  assert.deepEqual([twice.status, server.audit(twice)?.reason], [400, 'client_authentication_doubled']);
  const signed = await server.token({
    ...credentials,
    client_id: 'both',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: `${btoa('{"alg":"ES256"}')}.${btoa('{"iss":"both","sub":"both"}')}.AAAA`.replaceAll('=', ''),
  });
  assertRefused(server, signed, { ...CLIENT_REFUSED, reason: 'client_method' });
  assert.equal(
    server.audit(signed)?.detail,
    'registered for client_secret_basic and client_secret_post, sent private_key_jwt',
  );
});

test('reveals nothing about the tokens of a request whose client fails to authenticate (RFC 8693 section 5; TE-21)', async (t) => {
  const server = await startBasic(t);
  const wrong = { client_secret: 'wrong' };
  const good = await exchange(server, wrong);
  const bad = await exchange(server, { ...wrong, subject_token: 'not.a.token', audience: 'unknown', scope: '"' });
  assert.deepEqual([bad.status, withoutId(bad.text)], [good.status, withoutId(good.text)]);
  assertRefused(server, bad, { ...CLIENT_REFUSED, reason: 'client_credentials' });
  assert.equal((await exchange(server, { subject_token: 'not.a.token' })).status, 400);
});

test('names the methods if client authentication is missing, and does not accept Bearer', async (t) => {
  const server = await startBasic(t);
  const ways = 'use HTTP Basic, or client_id and client_secret';
  for (const form of [{}, { client_id: 'gateway' }, { client_id: 'gateway', client_secret: '' }]) {
    assertRefused(server, await server.token({ ...credentials, ...form }), {
      ...CLIENT_REFUSED,
      description: `Client authentication is missing: ${ways}`,
      reason: 'client_authentication_missing',
    });
  }
  const own = String((await server.token({ ...credentials, ...gateway })).body.access_token);
  assertRefused(server, await server.token(credentials, { authorization: `Bearer ${own}` }), {
    ...CLIENT_REFUSED,
    description: `Bearer is not client authentication: ${ways}`,
    reason: 'client_authentication_bearer',
  });
  assertRefused(server, await server.token({ ...credentials, client_secret: 'gateway-secret' }), {
    error: 'invalid_request',
    description: 'The parameter client_id is missing',
    reason: 'parameter_missing',
  });
});

test('accepts neither of two Authorization headers, since a proxy may have checked the other one (RFC 9110 section 5.3)', async (t) => {
  const server = await startBasic(t);
  const form = 'grant_type=client_credentials';
  const send = (...credentials: readonly string[]): Promise<string> =>
    server.raw(
      [
        'POST /oauth/token HTTP/1.1\r\nHost: x\r\nConnection: close',
        ...credentials.map((pair) => `Authorization: ${basic(pair).authorization}`),
        `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${form.length}\r\n\r\n${form}`,
      ].join('\r\n'),
    );
  for (const another of ['agent:agent-secret', 'agent:wrong', 'gateway:gateway-secret']) {
    const answer = await send('agent:agent-secret', another);
    assert.match(answer, /^HTTP\/1\.1 401 [\s\S]*"invalid_client"/, another);
  }
  assert.match(await send('agent:agent-secret'), /^HTTP\/1\.1 200 /);
});

test('accepts both secrets of a client during a rotation', async (t) => {
  const server = await start(
    t,
    withClients('id: rotating, auth: client_secret_post, secret: [{ plain: old-secret }, { plain: new-secret }]'),
  );
  const ask = (client_secret: string) => server.token({ ...credentials, client_id: 'rotating', client_secret });
  assertIssued(server, await ask('old-secret'));
  assertIssued(server, await ask('new-secret'));
  for (const wrong of ['old-secretnew-secret', 'gateway-secret']) {
    assertRefused(server, await ask(wrong), { ...CLIENT_REFUSED, reason: 'client_credentials' });
  }
});

test('does not count successful authentications, and forgets failures after a minute', async (t) => {
  const server = await startBasic(t);
  const ask = (client_secret: string) => server.token({ ...credentials, client_id: 'gateway', client_secret });
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 19; i++) assert.equal((await ask('wrong')).status, 401);
    for (let i = 0; i < 5; i++) assert.equal((await ask('gateway-secret')).status, 200);
    server.clock.now += 60_000;
  }
});
