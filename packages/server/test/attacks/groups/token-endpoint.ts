// T: may anything be smuggled past the way in which the token endpoint reads a request?
import assert from 'node:assert/strict';
import { API, acting, agentBasic, BACKEND, client, exchange, gateway, subjectToken } from '../../support/basics.ts';
import { added, changed, edited } from '../../support/configuration.ts';
import { type Answer, claimsOf, encode, type Form, start, type TestServer, type } from '../../support/harness.ts';
import { entry, type FakeIssuer, startIssuer } from '../../support/issuer.ts';
import { pem, idp as provider, samlEntry, signedFor, trustingSaml } from '../../support/saml-exchange.ts';
import { NOW } from '../../support/saml-signer.ts';
import { freshToken } from '../../support/trusting.ts';
import { answerOf, FORM, LENGTH, request } from '../../support/wire.ts';
import { askEach, group, type Trial, type Undo } from '../group.ts';

/** CONNECT never reaches a path, and OPTIONS is a preflight. */
const METHODS = ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'QUERY', 'PROPFIND', 'PURGE', 'M-SEARCH', 'LINK'];
const URLENCODED = 'application/x-www-form-urlencoded';
const GRANT = `grant: { audiences: [${API}, ${BACKEND}], scopes: [read, write]`;
const RULES = [
  `{ client: gateway, subject: { issuer: [self, idp, saml], types: [access_token, refresh_token, id_token, jwt, saml1, saml2] }, actor: { clients: [agent] }, ${GRANT}, types: [access_token, jwt, refresh_token] } }`,
  `{ client: narrow, subject: { issuer: self, clients: [gateway], types: [access_token, refresh_token] }, ${GRANT}, types: [access_token, refresh_token] } }`,
];
const NARROW = { client_id: 'narrow', client_secret: 'narrow-secret' };

interface World {
  readonly server: TestServer;
  readonly idp: FakeIssuer;
}

async function open(undo: Undo): Promise<World> {
  const idp = await startIssuer(undo);
  const entries = [samlEntry({ name: 'saml' }), entry(idp, { accepts: '[access_token, id_token, jwt]' })];
  const narrow = client('narrow', { grants: ['token_exchange'], audiences: undefined, scopes: undefined });
  const configuration = changed(
    trustingSaml(entries, RULES),
    { clients: edited('gateway', { grants: ['client_credentials', 'token_exchange', 'refresh_token'] }) },
    { clients: added(narrow) },
  );
  return { idp, server: await start(undo, configuration, { files: { 'idp.pem': pem(provider) }, now: NOW * 1000 }) };
}

/** The row says so in every answer, and the audit row why. */
const because = (server: TestServer, answer: Answer, reason: string, what = ''): void =>
  assert.equal(server.audit(answer)?.reason, reason, what);

/** Bodies of this type are forms, or they are refused; the form itself is a twin. */
async function tryTypes({ server }: World, { attempt, twin }: Trial, types: readonly (readonly [string, string])[]) {
  const post = (type: string, body: string) => server.post('/oauth/token', body, { 'content-type': type });
  for (const [type, body] of types) {
    because(server, await attempt(type, post(type, body)), 'form_malformed', type);
  }
  await twin(post(URLENCODED, FORM));
}

/** Each pair beside a good form makes it unreadable, as bytes that latin1 stands for. */
async function tryPairs({ server }: World, { attempt, twin }: Trial, bad: readonly string[], good: readonly string[]) {
  const post = (pair: string, encoding: BufferEncoding) =>
    server.post('/oauth/token', new Uint8Array(Buffer.from(`${FORM}&${pair}`, encoding)));
  const pairs = bad.flatMap((value) => [`x=${value}`, `${value}=x`, `scope=read${value}`]);
  for (const [pair, answer] of await askEach(pairs, (one) => attempt(one, post(one, 'latin1')))) {
    because(server, answer, 'form_malformed', pair);
  }
  for (const value of good) await twin(post(`x=${value}`, 'utf8'));
}

export const tokenEndpoint = group('T', 'token-endpoint.ts', open, {
  T01: async ({ server }, { attempt, twin }) => {
    for (const method of METHODS) {
      const line = `${method} /oauth/token?${FORM} HTTP/1.1`;
      const bytes = await server.raw(request(['Host: x', LENGTH], { line }));
      // HEAD has the headers of an answer, and no body.
      const answer = await attempt(method, answerOf(bytes.replace(/^(HTTP.*?\r\n\r\n)$/s, '$1{}')));
      assert.equal(answer.headers.get('allow'), 'POST', method);
      because(server, answer, 'method_not_allowed', method);
      assert.doesNotMatch(JSON.stringify(server.audit(answer)), /gateway/, method);
    }
    const { client_secret, ...rest } = { grant_type: 'client_credentials', ...gateway };
    const inUrl = await server.post(`/oauth/token?client_secret=${client_secret}`, encode(rest));
    assert.equal(inUrl.body.error, 'invalid_client');
    assert.doesNotMatch(JSON.stringify(server.audit(inUrl)), /gateway-secret/);
    assert.equal((await server.post(`/oauth/token?${FORM}`, '')).body.error, 'invalid_request');
    await twin(server.post('/oauth/token?grant_type=unknown&scope=unknown', FORM));
  },

  T03: (world, trial) => {
    const json = JSON.stringify({ grant_type: 'client_credentials', ...gateway });
    const types = ['application/json', 'text/plain', `${URLENCODED}x`, `text/plain, ${URLENCODED}`, '', '/'];
    const typed = types.map((type) => [type, FORM] as const);
    return tryTypes(world, trial, [['application/json', json], ...typed, [`text/plain; x=${URLENCODED}`, FORM]]);
  },

  T04: async ({ server }, { attempt, twin }) => {
    const post = (type: string) => server.post('/oauth/token', FORM, { 'content-type': type });
    for (const same of [`${URLENCODED}\t;`, `${URLENCODED};`, ` ${URLENCODED} ; x=y`, URLENCODED.toUpperCase()]) {
      for (const _time of [1, 2]) assert.equal((await attempt(same, post(same))).status, 200, same);
    }
    for (const other of ['application/json', URLENCODED]) {
      const doubled = request(['Host: x', LENGTH, `Content-Type: ${other}`]);
      const answer = await attempt(`doubled, ${other}`, answerOf(await server.raw(doubled)));
      assert.equal(answer.status, 400, 'which of two counts, a proxy may see otherwise');
    }
    await twin(post(`${URLENCODED};charset=UTF-8`));
  },

  T05: (world, trial) => {
    const part = '--x\r\nContent-Disposition: form-data; name="grant_type"\r\n\r\nclient_credentials\r\n--x--';
    return tryTypes(world, trial, [
      ['multipart/form-data; boundary=x', part],
      ['multipart/form-data', FORM],
      ['multipart/form-data; boundary=x', FORM],
    ]);
  },

  T14: async ({ server, idp }, { attempt, twin }) => {
    const forIt = { aud: 'gateway', nonce: 'n' };
    const tokens: Readonly<Record<string, () => Promise<string> | string>> = {
      access_token: () => subjectToken(server),
      refresh_token: async () =>
        String((await exchange(server, { requested_token_type: type('refresh_token') })).body.access_token),
      id_token: () => idp.signAll({ ...claimsOf(freshToken(server, idp)), ...forIt }),
      jwt: () => idp.signAll({ ...claimsOf(freshToken(server, idp)), scope: 'read' }),
      saml1: () => signedFor(server, 'saml1'),
      saml2: () => signedFor(server, 'saml2'),
    };
    for (const [proved, make] of Object.entries(tokens)) {
      for (const declared of Object.keys(tokens)) {
        const answer = exchange(server, { subject_token: await make(), subject_token_type: type(declared) });
        // Our own access token may be called a jwt; a foreign one that says what it may do, an access token.
        const good = [`${proved} ${proved}`, 'access_token jwt', 'jwt access_token'].includes(`${proved} ${declared}`);
        if (good && (proved === declared || proved === 'access_token')) await twin(answer);
        else if (!good) await attempt(`${proved} as ${declared}`, answer);
      }
    }
  },

  T15: async ({ server }, { attempt, twin }) => {
    const { actor_token } = await acting(server);
    for (const actor_token_type of [undefined, '']) {
      because(
        server,
        await attempt('no type', exchange(server, { actor_token, actor_token_type })),
        'parameter_missing',
      );
    }
    for (const empty of [undefined, '']) {
      const form = { actor_token: empty, actor_token_type: type('access_token') };
      because(server, await attempt('no token', exchange(server, form)), 'parameter_not_allowed');
    }
    await twin(exchange(server, { actor_token, actor_token_type: type('access_token') }));
    await twin(exchange(server, { actor_token: '', actor_token_type: '' }));
  },

  T17: async ({ server }, { attempt, twin }) => {
    const ask = async (name: string, form: Form = {}): Promise<Answer> =>
      exchange(server, { requested_token_type: name, ...form, subject_token: await subjectToken(server) });
    const unknown = [
      'x',
      'access_token',
      type('ACCESS_TOKEN'),
      type('access_token '),
      type('toString'),
      type('id-jag'),
    ];
    for (const name of [...unknown, type('id_token'), type('saml2')]) {
      because(server, await attempt(name, ask(name)), 'requested_token_type_unsupported');
    }
    const forbidden = { jwt: 'requested_token_type_not_granted', refresh_token: 'requested_token_type_needs_grant' };
    for (const [name, reason] of Object.entries(forbidden)) {
      const answer = await attempt(`${name}, which the client may not have`, ask(type(name), NARROW));
      because(server, answer, reason);
      assert.equal(server.audit(answer)?.issued, undefined);
    }
    for (const name of ['access_token', 'jwt', 'refresh_token']) await twin(ask(type(name)));
    await twin(ask(type('access_token'), NARROW));
  },

  T18: (world, trial) =>
    tryPairs(
      world,
      trial,
      ['%', '%2', '%zz', '%u0041', '%%20', '%+1', '%-1', '% 41'],
      ['%F0%9F%98%80', '%EF%BB%BF', '😀', 'a=b=c', '?;,#'],
    ),

  T19: (world, trial) => {
    const nul = ['%00', 'a%00b', '\0'];
    const encoded = ['%FF', '%C3', '%C3%28', '%C0%AF', '%E0%80%AF', '%ED%A0%80', '%F5%80%80%80', '%F0%9F%98'];
    const bytes = ['\xff', '\xc3\x28', '\xed\xa0\x80', '\xc0\xaf', '\xfe\xff\x00a'];
    return tryPairs(world, trial, [...nul, ...encoded, ...bytes], ['%C3%A9', 'é']);
  },

  T20: async ({ server }, { attempt, twin }) => {
    const names = ['__proto__', 'constructor', 'toString', 'audience[]', 'audience[0]', 'audience.x', 'audience%5B%5D'];
    for (const name of [...names, '__proto__.audience', 'constructor[prototype][scope]', 'request_context']) {
      const answer = await attempt(name, exchange(server, { [name]: 'https://unknown.example', audience: API }));
      assert.deepEqual(server.audit(answer)?.targets, [API], name);
    }
    const own = await twin(exchange(server, { audience: BACKEND }));
    assert.deepEqual(server.audit(own)?.targets, [BACKEND]);
  },

  T22: async ({ server }, { attempt, twin }) => {
    const smuggled = request(['Host: x', LENGTH]);
    const readings: readonly (readonly string[])[] = [
      [LENGTH, 'Transfer-Encoding: chunked'],
      [LENGTH, 'Content-Length: 0'],
      ['Content-Length: +1'],
      ['Transfer-Encoding: xchunked'],
      [LENGTH, 'X : y'],
    ];
    const one = async (what: string, bytes: string): Promise<void> => {
      const answers = await server.raw(bytes);
      await attempt(what, answerOf(answers));
      assert.equal(answers.match(/HTTP\/1\.1/g)?.length, 1, `${what}: what follows is no request`);
    };
    for (const headers of readings) {
      await one(headers.join(), request(['Host: x', ...headers], { body: `0\r\n\r\n${smuggled}` }));
    }
    await one('smaller than the body', request(['Host: x', 'Content-Length: 3']));
    const part = `Content-Length: ${FORM.length + 21}`;
    await one('larger than the body', request(['Host: x', part], { body: `${FORM}\0${smuggled}` }));
    await twin(answerOf(await server.raw(smuggled)));
  },

  T23: async ({ server }, { attempt, twin }) => {
    const handled: readonly (readonly [string, ...string[]])[] = [
      ['POST /oauth/token HTTP/1.1', 'Host: login.example'],
      ['POST /oauth/token HTTP/1.1', 'Host: x', 'X-Forwarded-Host: evil.example', 'X-Forwarded-Proto: https'],
      ['POST /oauth/token HTTP/1.1', 'Host: x', 'Forwarded: host=evil.example', 'Expect: 100-continue'],
      ['POST http://evil.example/oauth/token HTTP/1.1', 'Host: evil.example'],
      ['POST /oauth/token HTTP/1.1', 'Host: a.example', 'Host: b.example'],
      ['POST /oauth/token HTTP/1.0'],
    ];
    for (const [line, ...headers] of handled) {
      const what = [line, ...headers].join(', ');
      const answer = await attempt(what, answerOf(await server.raw(request([...headers, LENGTH], { line }))));
      assert.equal(claimsOf(answer.body.access_token).iss, server.issuer, what);
    }
    const without = await attempt('HTTP/1.1 without Host', answerOf(await server.raw(request([LENGTH]))));
    assert.equal(without.status, 400);
    const metadata = await fetch(`${server.issuer}/.well-known/oauth-authorization-server`, {
      headers: { 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' },
    });
    assert.doesNotMatch(await metadata.text(), /evil/);
    await twin(server.post('/oauth/token', FORM));
  },

  T24: async ({ server }, { attempt, twin }) => {
    const names = ['X-HTTP-Method-Override', 'X-Method-Override', 'X-HTTP-Method'];
    for (const name of names) {
      assert.equal((await attempt(name, server.post('/oauth/token', FORM, { [name]: 'DELETE' }))).status, 200);
      const line = 'GET /oauth/token HTTP/1.1';
      const bytes = await server.raw(request(['Host: x', LENGTH, `${name}: POST`], { line }));
      assert.equal((await attempt(`GET with ${name}`, answerOf(bytes))).status, 405);
    }
    for (const origin of ['https://evil.example', 'null', server.issuer]) {
      const headers = { origin, 'access-control-request-method': 'POST' };
      const response = await fetch(`${server.issuer}/oauth/token`, { method: 'OPTIONS', headers });
      const answers = [
        await attempt('OPTIONS', { status: response.status, headers: response.headers }),
        await twin(server.post('/oauth/token', FORM, { origin })),
      ];
      for (const answer of answers) {
        assert.equal(answer.headers.get('access-control-allow-origin'), '*');
        assert.equal(answer.headers.get('access-control-allow-credentials'), null);
      }
    }
  },

  T25: async ({ server }, { attempt, twin }) => {
    const asked = { accept: 'text/html,application/xhtml+xml;q=0.9' };
    for (const body of ['%', `${FORM}&scope=%3Cscript%3E`, encode({ ...gateway, grant_type: '<script>' })]) {
      const answer = await attempt(body, server.post('/oauth/token', body, asked));
      assert.match(answer.headers.get('content-type') ?? '', /^application\/json\b/);
      assert.equal(answer.text, (await server.post('/oauth/token', body)).text);
      assert.doesNotMatch(answer.text, /<script|%3C/);
    }
    const good = await twin(server.post('/oauth/token', FORM, asked));
    assert.match(good.headers.get('content-type') ?? '', /^application\/json\b/);
  },

  T26: async ({ server }, { attempt, twin }) => {
    const probe = '"><probe>\\\r\nSet-Cookie: probe=1\té\u2028😀';
    const names = [
      'grant_type',
      'client_id',
      'client_secret',
      'subject_token',
      'subject_token_type',
      'actor_token_type',
    ];
    for (const name of [...names, 'requested_token_type', 'scope', 'audience', 'resource']) {
      const answer = await attempt(name, exchange(server, { [name]: probe }));
      assert.doesNotMatch(answer.text, /probe/, name);
      assert.match(String(answer.body.error_description), /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/);
      assert.deepEqual(Object.keys(answer.body), ['error', 'error_description']);
      assert.ok(Buffer.byteLength(answer.text) <= 256, 'gateways log the first 256 bytes');
      assert.notEqual(server.audit(answer)?.reason, undefined);
    }
    await twin(server.post('/oauth/token', `${FORM}&${encode({ [probe]: ['1', '2'] })}`));
  },

  T28: async ({ server }, { attempt, twin }) => {
    const get = answerOf(await server.raw(request(['Host: x', LENGTH], { line: 'GET /oauth/token HTTP/1.1' })));
    const token = await subjectToken(server);
    const asking = encode({ ...gateway, token });
    const answers = {
      'an exchange': await twin(exchange(server)),
      'a refused subject token': exchange(server, { subject_token: '<script>' }),
      'a wrong secret': exchange(server, { client_secret: 'wrong' }),
      'a bad form': server.post('/oauth/token', '%'),
      GET: get,
      introspection: server.post('/oauth/introspect', asking, agentBasic),
      'refused introspection': server.post('/oauth/introspect', encode({ token })),
      revocation: server.post('/oauth/revoke', asking),
      'refused revocation': server.post('/oauth/revoke', '%'),
      'no place': server.post('/oauth/nowhere', FORM),
    };
    for (const [what, asked] of Object.entries(answers)) {
      const { headers, text } = await attempt(what, asked);
      assert.equal(headers.get('cache-control'), 'no-store', what);
      assert.equal(headers.get('pragma'), 'no-cache', what);
      assert.match(headers.get('content-type') ?? '', /^application\/json\b/, what);
      JSON.parse(text);
    }
  },
});
