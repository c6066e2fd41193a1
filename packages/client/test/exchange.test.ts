// Does the client send what it should, keep what it may, and repeat what is safe? Against a scripted server over HTTP.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { inspect } from 'node:util';
import {
  type Client,
  type ClientEvent,
  type ClientOptions,
  cambio,
  clientSecret,
  ExchangeError,
  none,
} from '../src/index.ts';
import { issued, jwt, type Scripted, startScripted } from './server.ts';

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const type = (name: string): string => `urn:ietf:params:oauth:token-type:${name}`;
const AUDIENCE = 'https://orders.example';

interface World {
  readonly server: Scripted;
  readonly client: Client;
  readonly events: ClientEvent[];
  readonly clock: { now: number };
}

async function setUp(t: TestContext, options: Partial<ClientOptions> = {}): Promise<World> {
  const server = await startScripted(t);
  const events: ClientEvent[] = [];
  const clock = { now: Date.now() };
  const client = cambio({
    issuer: server.issuer,
    clientId: 'gateway',
    auth: clientSecret('the-secret-of-gateway'),
    on: (event) => events.push(event),
    clock: () => clock.now,
    ...options,
  });
  return { server, client, events, clock };
}

const formOf = ({ seen }: Scripted, at = -1): readonly (readonly [string, string])[] => [...(seen.at(at)?.form ?? [])];

/** The error that a promise is rejected with. */
async function errorOf(promise: Promise<unknown>): Promise<ExchangeError> {
  const error = await promise.then(
    () => assert.fail('it succeeded'),
    (reason) => reason,
  );
  assert.ok(error instanceof ExchangeError, inspect(error));
  return error;
}

test('sends the form of RFC 8693, with short names as URNs and every audience, resource and scope', async (t) => {
  const { server, client } = await setUp(t);
  const { token, tokenType, expiresAt, scope, issuedType, requestId } = await client.exchange('subject', {
    subjectType: 'id_token',
    actor: 'actor',
    actorType: 'urn:example:type',
    audience: [AUDIENCE, 'https://other.example'],
    resource: new URL('https://api.example/v1'),
    scope: ['read', 'write'],
    as: 'jwt',
  });
  assert.deepEqual(
    [token, tokenType, scope, issuedType, requestId],
    ['token-1', 'Bearer', undefined, 'access_token', 'request-1'],
  );
  assert.ok(expiresAt !== undefined);
  assert.deepEqual(formOf(server).toSorted(), [
    ['actor_token', 'actor'],
    ['actor_token_type', 'urn:example:type'],
    ['audience', AUDIENCE],
    ['audience', 'https://other.example'],
    ['grant_type', EXCHANGE],
    ['requested_token_type', type('jwt')],
    ['resource', 'https://api.example/v1'],
    ['scope', 'read write'],
    ['subject_token', 'subject'],
    ['subject_token_type', type('id_token')],
  ]);
  assert.equal(server.seen[0]?.headers.authorization, `Basic ${btoa('gateway:the%2Dsecret%2Dof%2Dgateway')}`);
});

test('keeps a token for each subject and request, and asks for metadata once', async (t) => {
  const { server, client, events } = await setUp(t);
  const first = await client.exchange('ada', { audience: AUDIENCE });
  assert.equal((await client.exchange('ada', { audience: AUDIENCE })).token, first.token);
  const others = [
    await client.exchange('grace', { audience: AUDIENCE }),
    await client.exchange('ada', { audience: 'https://other.example' }),
    await client.exchange('ada', { resource: AUDIENCE }),
    await client.exchange('ada', { audience: AUDIENCE, scope: 'read' }),
    await client.exchange('ada', { audience: AUDIENCE, actor: 'agent' }),
    await client.exchange('ada', { audience: AUDIENCE, subjectType: 'jwt' }),
    await client.clientCredentials({ audience: AUDIENCE }),
  ];
  assert.equal(new Set([first, ...others].map(({ token }) => token)).size, 8);
  assert.equal((await client.clientCredentials({ audience: AUDIENCE })).token, others.at(-1)?.token);
  assert.equal(server.metadataRequests, 1);
  assert.deepEqual(
    events.slice(0, 2).map(({ type, audience }) => [type, audience]),
    [
      ['issued', [AUDIENCE]],
      ['hit', [AUDIENCE]],
    ],
  );
});

test('parameters never flow into one another', async (t) => {
  const { server, client } = await setUp(t);
  const requests = [
    { audience: ['a', 'b'] },
    { audience: ['ab'] },
    { audience: 'a', resource: 'b' },
    { audience: 'a', scope: 'b' },
    { scope: ['a', 'b'] },
    { scope: ['ab'] },
    { audience: '1:b' },
  ];
  const tokens = new Set<string>();
  for (const request of requests) tokens.add((await client.exchange('s', request)).token);
  assert.equal(tokens.size, requests.length);
  assert.equal(server.seen.length, requests.length);
});

test('a token is kept until the first of its tokens expires, less fifteen seconds or a tenth', async (t) => {
  const { server, client, clock } = await setUp(t);
  const seconds = Math.floor(clock.now / 1000);
  clock.now = seconds * 1000;
  /** For how many seconds is it kept? */
  const keptFor = async (subject: string, actor: string | undefined, reply: object): Promise<number> => {
    clock.now = seconds * 1000;
    server.next.push(() => issued('x', reply as never));
    const request = { audience: AUDIENCE, ...(actor !== undefined && { actor }) };
    await client.exchange(subject, request);
    const before = server.seen.length;
    for (let after = 1; after < 2000; after++) {
      clock.now = (seconds + after) * 1000;
      await client.exchange(subject, request);
      if (server.seen.length > before) return after;
    }
    return Number.POSITIVE_INFINITY;
  };
  assert.equal(await keptFor('a', undefined, { expires_in: 100 }), 85);
  assert.equal(await keptFor('b', undefined, { expires_in: 1000 }), 900);
  assert.equal(await keptFor(jwt({ exp: seconds + 60, n: 1 }), undefined, { expires_in: 1000 }), 45);
  assert.equal(await keptFor('c', jwt({ exp: seconds + 50 }), { expires_in: 1000 }), 35);
  assert.equal(await keptFor('d', undefined, { expires_in: 1000, access_token: jwt({ exp: seconds + 40 }) }), 25);
  assert.equal(await keptFor('e', undefined, { expires_in: undefined, access_token: jwt({ exp: seconds + 40 }) }), 25);
  // Too short, or nobody says how long: it is not kept.
  assert.equal(await keptFor('f', undefined, { expires_in: 15 }), 1);
  assert.equal(await keptFor('g', undefined, { expires_in: undefined }), 1);
});

test('never keeps or shares a refresh token or an assertion', async (t) => {
  const { server, client } = await setUp(t);
  const twice = async (request: object, reply: object): Promise<number> => {
    const before = server.seen.length;
    let count = 0;
    for (let i = 0; i < 4; i++) server.next.push(() => issued(`${before}-${++count}`, reply as never));
    const both = await Promise.all([client.exchange('s', request), client.exchange('s', request)]);
    assert.notEqual(both[0].token, both[1].token);
    assert.notEqual((await client.exchange('s', request)).token, both[0].token);
    server.next.length = 0;
    return server.seen.length - before;
  };
  assert.equal(
    await twice({ as: 'refresh_token' }, { issued_token_type: type('refresh_token'), token_type: 'N_A' }),
    3,
  );
  assert.equal(await twice({ as: 'id-jag' }, { issued_token_type: type('id-jag'), token_type: 'N_A' }), 3);
  // Only the answer shows it.
  assert.equal(await twice({ as: 'jwt' }, { issued_token_type: type('jwt'), token_type: 'N_A' }), 3);
  assert.equal(await twice({ audience: AUDIENCE }, { refresh_token: 'r' }), 3);
  server.next.push(() => issued('a', { refresh_token: 'refresh' }));
  assert.equal((await client.exchange('s', { scope: 'offline' })).refreshToken, 'refresh');
});

test('callers at the same time share one request; one that aborts leaves the others waiting', async (t) => {
  const { server, client, events } = await setUp(t);
  let answer = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    answer = resolve;
  });
  server.next.push(async () => {
    await held;
    return issued('shared');
  });
  const leaving = new AbortController();
  const reason = new Error('left');
  const ask = (signal?: AbortSignal) => client.exchange('s', { audience: AUDIENCE, signal });
  const [first, second, third] = [ask(leaving.signal), ask(), ask()];
  while (server.seen.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const left = assert.rejects(first, (error) => error === reason);
  leaving.abort(reason);
  await left;
  answer();
  assert.deepEqual([(await second).token, (await third).token], ['shared', 'shared']);
  assert.equal(server.seen.length, 1);
  assert.deepEqual(
    events.map(({ type }) => type),
    ['shared', 'shared', 'issued'],
  );
  await assert.rejects(ask(AbortSignal.abort(reason)), (error) => error === reason);
});

test('when every caller has left, the request ends, and the next caller begins another', async (t) => {
  const { server, client } = await setUp(t);
  server.next.push(() => new Promise(() => undefined));
  const leaving = new AbortController();
  const first = client.exchange('s', { signal: leaving.signal });
  const second = client.exchange('s', { signal: leaving.signal });
  while (server.seen.length === 0) await new Promise((resolve) => setImmediate(resolve));
  leaving.abort();
  for (const one of [first, second]) await assert.rejects(one, { name: 'AbortError' });
  assert.equal((await client.exchange('s')).token, 'token-1');
  assert.equal(server.seen.length, 2);
});

test('a failure reaches all who wait, and is not kept', async (t) => {
  const { server, client } = await setUp(t);
  server.next.push(() => ({ status: 400, body: { error: 'invalid_target' } }));
  const both = await Promise.allSettled([client.exchange('s'), client.exchange('s')]);
  assert.deepEqual(
    both.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  assert.equal(server.seen.length, 1);
  assert.equal((await client.exchange('s')).token, 'token-1');
});

test('forgets by subject, by actor and by issued token; what is under way is not kept', async (t) => {
  const { server, client } = await setUp(t);
  const ask = async (subject: string, actor?: string): Promise<string> =>
    (await client.exchange(subject, { audience: AUDIENCE, ...(actor !== undefined && { actor }) })).token;
  const before = [await ask('ada'), await ask('grace'), await ask('alan', 'agent')] as const;
  await client.forget('ada');
  assert.notEqual(await ask('ada'), before[0]);
  assert.equal(await ask('grace'), before[1]);
  await client.forget(before[1]);
  assert.notEqual(await ask('grace'), before[1]);
  await client.forget('agent');
  assert.notEqual(await ask('alan', 'agent'), before[2]);

  let answer = (): void => undefined;
  server.next.push(async () => {
    await new Promise<void>((resolve) => {
      answer = resolve;
    });
    return issued('old');
  });
  const underWay = ask('edsger');
  while (server.next.length > 0) await new Promise((resolve) => setImmediate(resolve));
  await client.forget('edsger');
  const after = await ask('edsger');
  answer();
  assert.equal(await underWay, 'old');
  assert.equal(await ask('edsger'), after);
});

test('revokes at the server, and forgets', async (t) => {
  const { server, client } = await setUp(t);
  const token = await client.exchange('s', { audience: AUDIENCE });
  server.next.push(() => ({ status: 200, body: '' }));
  await client.revoke(token);
  assert.deepEqual([server.seen.at(-1)?.path, formOf(server)], ['/revoke', [['token', token.token]]]);
  assert.notEqual((await client.exchange('s', { audience: AUDIENCE })).token, token.token);
});

test('the cache is bounded: a token that is not used leaves first', async (t) => {
  const { server, client } = await setUp(t, { cache: { max: 2 } });
  for (const subject of ['a', 'b', 'a', 'c', 'a']) await client.exchange(subject);
  assert.equal(server.seen.length, 3);
  await client.exchange('b');
  assert.equal(server.seen.length, 4);
  const none = await setUp(t, { cache: { max: 0 } });
  for (const subject of ['a', 'a']) await none.client.exchange(subject);
  assert.equal(none.server.seen.length, 2);
});

test('refuses a token that is not one, before any request', async (t) => {
  const { server, client } = await setUp(t);
  const canary = 'canary-of-the-token';
  for (const wrong of [
    `Bearer ${canary}`,
    `dpop ${canary}`,
    '',
    ' ',
    `${canary}\n`,
    `${canary}\n${canary}`,
    `${canary} x`,
    `é${canary}`,
    undefined,
    7,
    {},
  ]) {
    const error = await errorOf(client.exchange(wrong as string));
    assert.deepEqual([error.code, error.about, error.retryable], ['invalid_token', 'subject', false]);
    assert.equal(inspect(error).includes(canary), false);
    const acting = await errorOf(client.exchange('fine', { actor: () => wrong as string }));
    assert.deepEqual([acting.code, acting.about], ['invalid_token', 'actor']);
  }
  assert.equal(server.seen.length, 0);
  assert.equal((await client.exchange(async () => ({ token: 'fine' }))).token, 'token-1');
});

test('refuses a request that would ask for more than was meant', async (t) => {
  const { server, client } = await setUp(t);
  const wrong: readonly (readonly [object, RegExp])[] = [
    [{ audeince: AUDIENCE }, /request\.audeince is not known: it must be one of audience/],
    [{ scope: undefined }, /request\.scope is undefined: give it a value, or leave it out/],
    [{ scope: [] }, /scope is an empty list/],
    [{ audience: '' }, /audience is empty/],
    [{ as: 'acess_token' }, /as is "acess_token": it must be a URI, or one of access_token/],
    [{ actorType: 'jwt' }, /actorType without actor/],
  ];
  for (const [request, message] of wrong)
    await assert.rejects(
      client.exchange('s', request as never),
      (error) => error instanceof TypeError && message.test(error.message),
    );
  assert.throws(() => client.onBehalfOf({ audience: [] }), /empty list/);
  assert.equal(server.seen.length, 0);
});

test('refuses options that cannot work, with what to write instead', () => {
  const options = { issuer: 'https://login.example', clientId: 'gateway', auth: none() };
  assert.ok(cambio(options));
  assert.ok(cambio({ ...options, issuer: 'http://localhost:8080' }));
  const wrong: readonly (readonly [object, RegExp])[] = [
    [{ ...options, issuer: 'http://login.example' }, /issuer is at http:\/\/login\.example: it must be an https URL/],
    [{ ...options, issuer: 'https://login.example?a' }, /query/],
    [{ ...options, clientId: undefined }, /options\.clientId is undefined/],
    [{ issuer: options.issuer, auth: none() }, /clientId is not a text/],
    [{ issuer: options.issuer, clientId: 'a' }, /auth is missing/],
    [{ ...options, cache: { max: -1 } }, /cache\.max is -1/],
    [{ ...options, timeout: 0 }, /timeout is 0/],
    [{ ...options, retries: 3 }, /options\.retries is not known/],
    [{ ...options, metadata: { token_endpoint: 'http://login.example/token' } }, /token_endpoint/],
  ];
  for (const [one, message] of wrong) assert.throws(() => cambio(one as never), message);
  assert.throws(() => clientSecret(''), /the client secret is empty/);
});

test('a refusal that does not say of which token it is names no party', async (t) => {
  const { server, client } = await setUp(t);
  const aboutOf = async (work: () => Promise<unknown>, error: string, error_description: string): Promise<string> => {
    server.next.push(() => ({ status: 400, body: { error, error_description } }));
    const { about, action } = await errorOf(work());
    if (about === 'server') assert.match(action, /the subject token and the actor token/);
    return about;
  };
  for (const [error, text] of [
    ['invalid_request', 'Invalid token'],
    ['invalid_grant', 'The token has expired'],
  ] as const) {
    assert.equal(await aboutOf(() => client.exchange('s', { actor: 'a' }), error, text), 'server');
    assert.equal(await aboutOf(() => client.exchange('s'), error, text), 'subject');
    assert.equal(await aboutOf(() => client.clientCredentials(), error, text), 'client');
  }
  assert.equal(await aboutOf(() => client.exchange('s'), 'invalid_client', 'Audience not found'), 'client');
});

test('the reason that a server for development adds is in the message, and decides nothing', async (t) => {
  const { server, client } = await setUp(t);
  const body = { error: 'invalid_client', error_description: 'Client authentication failed' };
  const reasons = { reason: 'client_method', detail: 'the client sends the subject token' };
  server.next.push(() => ({ status: 401, body: { ...body, ...reasons } }));
  const { message, about } = await errorOf(client.exchange('s'));
  assert.match(
    message,
    /^invalid_client: Client authentication failed \[client_method: the client sends the subject token\] \(/,
  );
  assert.equal(about, 'client');
  server.next.push(() => ({ status: 401, body: { ...body, reason: 7 } }));
  assert.match((await errorOf(client.exchange('s'))).message, /^invalid_client: Client authentication failed \(/);
});

test('errors say whom they are about, and whether to try again', async (t) => {
  const { server, client } = await setUp(t);
  const cases = [
    [400, 'invalid_target', 'The requested audience is not valid for this client', 'target'],
    [400, 'invalid_scope', 'The requested scope is invalid, or more than may be granted', 'scope'],
    [401, 'invalid_client', 'Client authentication failed', 'client'],
    [400, 'unauthorized_client', 'The client may not use this grant_type', 'client'],
    [400, 'invalid_grant', 'The provided subject token is invalid or expired', 'subject'],
    [400, 'invalid_grant', 'The provided actor token is invalid or expired', 'actor'],
    [400, 'invalid_request', 'The provided subject token is invalid or expired', 'subject'],
    [400, 'invalid_request', 'The actor_token_type is not supported', 'actor'],
    [400, 'invalid_grant', 'The actor is not allowed to act for this subject', 'policy'],
    [400, 'access_denied', 'no', 'policy'],
    [400, 'invalid_request', 'The parameter x is repeated', 'client'],
    // Of Keycloak.
    [400, 'invalid_request', 'Invalid token', 'subject'],
    [400, 'invalid_client', 'Audience not found', 'target'],
    [400, 'invalid_request', 'Requested audience not available: orders', 'target'],
    [400, 'invalid_request', 'Standard token exchange is not enabled for the requested client', 'client'],
    [400, 'invalid_request', 'Invalid token type', 'client'],
    [400, 'invalid_request', 'requested_token_type unsupported', 'client'],
    // They are of the credentials of the client.
    [401, 'invalid_client', 'Invalid audience', 'client'],
    [400, 'invalid_grant', 'The client assertion is invalid', 'client'],
    [400, 'invalid_request', 'DPoP: invalid token', 'client'],
    [400, 'unsupported_grant_type', 'no', 'server'],
    [500, 'server_error', 'The server failed', 'server'],
  ] as const;
  for (const [status, error, error_description, about] of cases) {
    server.next.push(() => ({
      status,
      ...(status === 401 && { headers: { 'www-authenticate': 'Basic realm="x"' } }),
      body: { error, error_description, request_id: 'id-1', error_uri: 'https://docs.example/e' },
    }));
    const found = await errorOf(client.exchange('s', { audience: AUDIENCE }));
    assert.deepEqual(
      [found.code, found.about, found.httpStatus, found.requestId, found.documentation, found.retryable],
      [error, about, status, 'id-1', 'https://docs.example/e', status >= 500],
    );
    assert.ok(found.message.startsWith(`${error}: ${error_description} (request id-1). `), found.message);
    assert.ok(found.message.endsWith(found.action) && found.action.length > 10);
  }
});

test('repeats 503, 429 with Retry-After and broken connections, twice; nothing else', async (t) => {
  const { server, client, events } = await setUp(t);
  const tries = async (...replies: Scripted['next']): Promise<readonly [number, string]> => {
    const before = server.seen.length;
    server.next.push(...replies);
    const outcome = await client.exchange(`s${before}`).then(
      () => 'issued',
      ({ code }) => code,
    );
    server.next.length = 0;
    return [server.seen.length - before, outcome];
  };
  const busy =
    (status: number, headers: Record<string, string> = {}) =>
    () => ({ status, headers, body: { error: 'busy' } });
  assert.deepEqual(await tries(busy(503)), [2, 'issued']);
  assert.deepEqual(await tries(busy(503, { 'retry-after': '0' }), () => ({ broken: 'before' })), [3, 'issued']);
  assert.deepEqual(await tries(() => ({ broken: 'within' })), [2, 'issued']);
  assert.deepEqual(await tries(busy(429, { 'retry-after': '0' })), [2, 'issued']);
  assert.deepEqual(await tries(busy(503), busy(503), busy(503)), [3, 'busy']);
  assert.deepEqual(await tries(busy(429)), [1, 'busy']);
  assert.deepEqual(await tries(busy(500)), [1, 'busy']);
  assert.deepEqual(await tries(busy(400)), [1, 'busy']);
  assert.deepEqual(await tries(busy(401)), [1, 'busy']);
  // Longer than the time limit: the caller decides.
  assert.deepEqual(await tries(busy(503, { 'retry-after': '60' })), [1, 'busy']);
  assert.equal(events.filter(({ type }) => type === 'retry').length, 7);
  server.next.push(busy(503, { 'retry-after': '60' }));
  const { retryable, retryAfter, about } = await errorOf(client.exchange('t'));
  assert.deepEqual([retryable, retryAfter, about], [true, 60, 'server']);
});

test('what may have been done already is not repeated when the connection breaks', async (t) => {
  const { server, client } = await setUp(t);
  for (const ask of [
    () => client.exchange('s', { as: 'refresh_token' }),
    () => client.identityAssertion('s', { audience: AUDIENCE }),
    () => client.redeem(jwt({ aud: server.issuer })),
  ]) {
    const before = server.seen.length;
    server.next.push(() => ({ broken: 'before' }));
    assert.equal((await errorOf(ask())).code, 'network');
    assert.equal(server.seen.length - before, 1);
  }
});

test('a slow server and an unreachable one are errors of the server', async (t) => {
  const { server, client } = await setUp(t, { timeout: 50 });
  server.next.push(() => new Promise(() => undefined));
  const slow = await errorOf(client.exchange('s'));
  assert.deepEqual([slow.code, slow.about, slow.retryable], ['timeout', 'server', true]);
  const gone = cambio({ issuer: 'http://127.0.0.1:1', clientId: 'a', auth: none() });
  const lost = await errorOf(gone.exchange('s'));
  assert.deepEqual([lost.code, lost.about, lost.retryable], ['network', 'server', true]);
  assert.match(lost.message, /http:\/\/127\.0\.0\.1:1 cannot be reached, or broke off/);
});

test('no text of a token or a secret is in an error, an event or an inspected value', async (t) => {
  const secret = 'canary-secret-0123456789';
  const [subject, actor] = [jwt({ sub: 'canary', n: 1 }), 'canary.actor~token+0123456789/=='];
  const { server, client, events } = await setUp(t, { auth: clientSecret(secret, 'post') });
  const echoes = [
    subject,
    subject.slice(0, 30),
    `${subject.slice(0, 12)}...`,
    actor,
    encodeURIComponent(actor),
    secret,
    `token=${actor}&x`,
    `“${secret}”`,
  ];
  const told: unknown[] = [client, client.onBehalfOf({ audience: AUDIENCE }), events];
  const ask = () => client.exchange(subject, { actor });
  for (const echo of echoes) {
    server.next.push(() => ({
      status: 400,
      body: {
        error: 'invalid_grant',
        error_description: `bad: ${echo} (sent)`,
        request_id: echo,
        error_uri: `https://x.example/?${echo}`,
        reason: echo,
        detail: `it is ${echo}`,
      },
    }));
    const error = await errorOf(ask());
    told.push(error);
    assert.match(error.message, /\[redacted\]/);
  }
  for (const reply of [
    { body: { access_token: subject } },
    { body: { access_token: subject, token_type: 'Bearer' } },
    { body: `${subject} is not JSON` },
    { status: 400, body: subject },
    { status: 401, headers: { 'www-authenticate': `Bearer realm="${subject}"` }, body: {} },
  ]) {
    server.next.push(() => reply);
    told.push(await errorOf(ask()));
  }
  server.next.push(() => issued(jwt({ sub: 'canary-issued' }), { refresh_token: 'canary-refresh' }));
  const token = await ask();
  told.push(token);
  for (const one of told) {
    const text = [
      inspect(one, { depth: 9, showHidden: true }),
      JSON.stringify(one),
      String(one),
      (one as Error).stack,
    ].join('\n');
    for (const canary of [subject, subject.slice(0, 20), actor, secret, 'canary-refresh', token.token])
      assert.equal(text.includes(canary), false, text);
  }
});

test('an answer that is not what was asked for is refused', async (t) => {
  const { server, client } = await setUp(t);
  for (const reply of [
    issued('x', { issued_token_type: undefined }),
    issued('', {}),
    issued('x', { token_type: 'mac' }),
    issued('x', { token_type: 'DPoP' }),
    issued('x', { expires_in: -1 }),
    { body: '[]' },
    { body: 'null' },
    { status: 302, headers: { location: 'http://127.0.0.1:1/' } },
  ]) {
    server.next.push(() => reply);
    const { code, about } = await errorOf(client.exchange('s'));
    assert.deepEqual([['invalid_answer', 'http_302'].includes(code), about], [true, 'server'], code);
  }
  server.next.push(() => issued('x', { issued_token_type: type('access_token'), token_type: 'N_A' }));
  assert.equal((await errorOf(client.identityAssertion('id', { audience: AUDIENCE }))).code, 'invalid_answer');
  server.next.push(() => issued('x', { issued_token_type: type('id-jag') }));
  assert.equal((await errorOf(client.identityAssertion('id', { audience: AUDIENCE }))).code, 'invalid_answer');
  server.next.push(() => issued('x', { issued_token_type: type('id-jag'), token_type: 'N_A' }));
  assert.equal((await client.identityAssertion('id', { audience: AUDIENCE })).issuedType, 'id-jag');
});

test('metadata of another issuer, or with an endpoint that is not secure, is refused; a failure is not kept', async (t) => {
  const { server, client } = await setUp(t);
  const good = server.metadata;
  server.metadata = { ...good, issuer: 'https://other.example' };
  const other = await errorOf(client.exchange('s'));
  assert.equal(other.code, 'invalid_answer');
  assert.match(
    other.message,
    /^invalid_answer: the metadata of http.* names the issuer "https:\/\/other\.example"\. If/,
  );
  server.metadata = { ...good, issuer: `${server.issuer}/` };
  assert.match((await errorOf(client.exchange('s'))).message, /names the issuer "http:.*\/"/);
  server.metadata = { ...good, issuer: `https://${jwt({ sub: 'canary' })}` };
  assert.match((await errorOf(client.exchange('s'))).message, /names the issuer "\[redacted\]"/);
  server.metadata = {};
  assert.match((await errorOf(client.exchange('s'))).message, /is not valid\. Check issuer, or set metadata/);
  server.metadataStatus = 404;
  assert.match((await errorOf(client.exchange('s'))).message, /Check issuer, or set metadata/);
  server.metadataStatus = 200;
  server.metadata = good;
  assert.equal((await client.exchange('s')).token, 'token-1');
  const insecure = await setUp(t);
  insecure.server.metadata.token_endpoint = 'http://login.example/token';
  assert.match((await errorOf(insecure.client.exchange('s'))).message, /token_endpoint is at http:\/\/login\.example:/);
  const silent = await setUp(t, { metadata: { token_endpoint: `${server.issuer}/token` } });
  await silent.client.exchange('s');
  assert.equal(silent.server.metadataRequests, 0);
  assert.equal((await errorOf(silent.client.revoke('x'))).code, 'invalid_answer');
});
