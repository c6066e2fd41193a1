// Who may speak: the ways in, what an impostor learns, and how often somebody may guess.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  agentBasic,
  assertIssued,
  assertRefused,
  CLIENT_REFUSED,
  configuration,
  exchange,
  gateway,
  startBasic,
} from './basics.ts';
import { type Answer, start, type TestServer } from './harness.ts';

const credentials = { grant_type: 'client_credentials' };
const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` });
const withBasic = (server: TestServer, pair: string): Promise<Answer> => server.token(credentials, basic(pair));

/** The configuration with more clients; each may ask for the first API. */
const withClients = (...entries: readonly string[]): string =>
  configuration.replace(
    'clients:\n',
    `clients:\n${entries
      .map(
        (entry) => `  - { grants: [client_credentials], audiences: [https://api.example], scopes: [read], ${entry} }\n`,
      )
      .join('')}`,
  );

test('a client authenticates by HTTP Basic or in the form, as it is registered (RFC 6749 section 2.3.1)', async (t) => {
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

test('unknown client, wrong secret, wrong method and disabled client are the same bytes (RFC 6749 section 5.2; OA-10, OA-11)', async (t) => {
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
    return { status, text, ...rest };
  });
  for (const [index, [reason, answer]] of answers.entries()) {
    assertRefused(server, answer, { ...CLIENT_REFUSED, reason });
    assert.deepEqual(seen[index], seen[0], reason);
    assert.equal(/secret|wrong/.test(JSON.stringify(server.audit(answer)).replace(/client_secret_\w+/g, '')), false);
  }
  assert.match(answers[0]?.[1].headers.get('www-authenticate') ?? '', /^Basic realm="/, 'RFC 9110 section 15.5.2');
  assertIssued(server, await post('gateway', 'gateway-secret'));
});

test('who fails to authenticate learns nothing about the tokens that came along (RFC 8693 section 5; TE-21)', async (t) => {
  const server = await startBasic(t);
  const wrong = { client_secret: 'wrong' };
  const good = await exchange(server, wrong);
  const bad = await exchange(server, { ...wrong, subject_token: 'not.a.token', audience: 'unknown', scope: '"' });
  assert.deepEqual([bad.status, bad.text], [good.status, good.text]);
  assertRefused(server, bad, { ...CLIENT_REFUSED, reason: 'client_credentials' });
  assert.equal((await exchange(server, { subject_token: 'not.a.token' })).status, 400);
});

test('HTTP Basic holds id and secret raw, or form-encoded once; never twice, never by half (C05; RFC 6749 section 2.3.1; OA-08)', async (t) => {
  const server = await start(
    t,
    withClients(
      `id: 'a:b c+%', auth: client_secret_basic, secret: { plain: 'p:q r+%3A/é' }`,
      `id: plain, auth: client_secret_basic, secret: { plain: 'p:q r+%3A/é' }`,
    ),
  );
  const secret = 'p:q r+%3A/é';
  const encode = (text: string): string => encodeURIComponent(text).replaceAll('%20', '+');
  for (const pair of [
    `plain:${secret}`,
    `plain:${encode(secret)}`,
    `plain:${encodeURIComponent(secret)}`,
    `${encode('a:b c+%')}:${encode(secret)}`,
    `${encodeURIComponent('a:b c+%').toLowerCase()}:${secret}`,
  ]) {
    assertIssued(server, await withBasic(server, pair), pair);
  }
  for (const pair of [
    `plain:${encode(encode(secret))}`,
    `plain:${secret.replaceAll(' ', '+')}`,
    `plain:${secret.replaceAll(':', '%3A')}`,
    `plain:${encode(secret).replaceAll('%20', ' ')}%`,
    `plain:${decodeURIComponent(secret)}`,
    `${encode(encode('a:b c+%'))}:${encode(secret)}`,
    `a:b c+%:${secret}`,
  ]) {
    const { status, body } = await withBasic(server, pair);
    assert.deepEqual([status, body.error], [401, 'invalid_client'], pair);
  }
});

test('an Authorization header that cannot be read is 401 like wrong credentials, and one too large 431 (C04)', async (t) => {
  const server = await startBasic(t);
  assertIssued(server, await server.token(credentials, agentBasic));
  const bad = ['Basic', 'Basic !!!!', 'Basic YWdlbnQ', `Basic ${btoa(':agent-secret')}`, `Basic ${btoa('agent\0:x')}`];
  const other = ['Digest username="agent"', `Basic ${btoa('agent:agent-secret')}, Basic x`, 'agent:agent-secret', 'x'];
  for (const authorization of [...bad, ...other]) {
    const answer = await server.token(credentials, { authorization });
    assertRefused(server, answer, { ...CLIENT_REFUSED, reason: 'client_authentication_malformed' }, authorization);
  }
  assert.equal((await withBasic(server, `agent:${'x'.repeat(49_152)}`)).status, 431);
  for (const pair of ['agent:', 'agent:agent-secret:', 'agent::agent-secret', 'agent:agent-secret\n']) {
    assertRefused(server, await withBasic(server, pair), { ...CLIENT_REFUSED, reason: 'client_credentials' }, pair);
  }
});

test('without client authentication the answer names the ways in, and Bearer is none of them', async (t) => {
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

test('a request authenticates its client in one way, and names no other client (C06; RFC 6749 section 2.3; OA-09)', async (t) => {
  const server = await startBasic(t);
  for (const secret of ['agent-secret', 'wrong']) {
    const twice = await server.token({ ...credentials, client_id: 'agent', client_secret: secret }, agentBasic);
    assertRefused(server, twice, {
      error: 'invalid_request',
      description: 'The request authenticates the client in more than one way',
      reason: 'client_authentication_doubled',
    });
  }
  assertIssued(server, await server.token({ ...credentials, client_id: 'agent' }, agentBasic));
  assertRefused(server, await server.token({ ...credentials, client_id: 'gateway' }, agentBasic), {
    error: 'invalid_request',
    description: 'The parameter client_id is not that of the authenticated client',
    reason: 'client_id_mismatch',
  });
  const wrong = await server.token({ ...credentials, client_id: 'gateway' }, basic('agent:wrong'));
  assertRefused(server, wrong, { ...CLIENT_REFUSED, reason: 'client_credentials' });
});

test('of two Authorization headers none is taken, for a proxy may have looked at the other (RFC 9110 section 5.3)', async (t) => {
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

test('two secrets of a client are alive while one replaces the other', async (t) => {
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

test('twenty wrong secrets a minute may be tried for a client from an address (C22; RFC 6749 section 2.3.1; OA-11)', async (t) => {
  const server = await startBasic(t);
  for (const client_id of ['gateway', 'nobody']) {
    const ask = (client_secret: string) => server.token({ ...credentials, client_id, client_secret });
    for (let i = 0; i < 20; i++) assert.equal((await ask(`wrong-${i}`)).status, 401, `${client_id} ${i}`);
    server.clock.now += 10_000;
    for (const secret of ['wrong', 'gateway-secret']) {
      const answer = await ask(secret);
      assert.deepEqual(answer.body, {
        error: 'temporarily_unavailable',
        error_description: 'Too many requests: try again later',
      });
      assert.deepEqual([answer.status, answer.headers.get('retry-after')], [429, '50'], 'unknown clients alike');
    }
    assertIssued(server, await server.token(credentials, agentBasic), 'another client is not concerned');
  }
  server.clock.now += 50_000;
  assertIssued(server, await server.token({ ...credentials, ...gateway }));
});

test('right secrets are never counted, and failures are forgotten after a minute', async (t) => {
  const server = await startBasic(t);
  const ask = (client_secret: string) => server.token({ ...credentials, client_id: 'gateway', client_secret });
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 19; i++) assert.equal((await ask('wrong')).status, 401);
    for (let i = 0; i < 5; i++) assert.equal((await ask('gateway-secret')).status, 200);
    server.clock.now += 60_000;
  }
});

test('nobody is locked out from another address; X-Forwarded-For counts behind a trusted proxy alone', async (t) => {
  const trusting = await start(t, configuration.replace('server:', 'server:\n  trustProxy: [127.0.0.1]'));
  const guessFrom = async (server: TestServer, address: string): Promise<number[]> => {
    const ask = (client_secret: string, from: string) =>
      server.token({ ...credentials, client_id: 'gateway', client_secret }, { 'x-forwarded-for': from });
    for (let i = 0; i < 20; i++) await ask('wrong', address);
    return [(await ask('gateway-secret', address)).status, (await ask('gateway-secret', '198.51.100.7')).status];
  };
  assert.deepEqual(await guessFrom(trusting, '203.0.113.9'), [429, 200]);
  assert.deepEqual(await guessFrom(await startBasic(t), '203.0.113.9'), [429, 429]);
  const spoofed = await trusting.token(
    { ...credentials, ...gateway },
    { 'x-forwarded-for': '192.0.2.1, 198.51.100.7' },
  );
  assert.equal(trusting.audit(spoofed)?.address, '198.51.100.7', 'the proxy wrote the last one, the caller the others');
});
