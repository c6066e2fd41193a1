// The request line and headers of a token request, and the answer.
import assert from 'node:assert/strict';
import { agentBasic, exchange, gateway, subjectToken, withoutRequestId } from '../../../support/basics.ts';
import { claimsOf, encode } from '../../../support/harness.ts';
import { answerOf, FORM, LENGTH, request } from '../../../support/wire.ts';
import type { Cases } from '../../group.ts';
import { because, METHODS, type World } from './world.ts';

export const transport = {
  T01: async ({ server }, { attempt, twin }) => {
    for (const method of METHODS) {
      const line = `${method} /oauth/token?${FORM} HTTP/1.1`;
      const bytes = await server.raw(request(['Host: x', LENGTH], { line }));
      // HEAD is answered with headers and without a body.
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
      assert.equal(answers.match(/HTTP\/1\.1/g)?.length, 1, `${what}: the rest is not a request`);
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
      ['POST /oauth/token HTTP/1.0'],
    ];
    for (const [line, ...headers] of handled) {
      const what = [line, ...headers].join(', ');
      const answer = await attempt(what, answerOf(await server.raw(request([...headers, LENGTH], { line }))));
      assert.equal(claimsOf(answer.body.access_token).iss, server.issuer, what);
    }
    const without = await attempt('HTTP/1.1 without Host', answerOf(await server.raw(request([LENGTH]))));
    assert.equal(without.status, 400);
    for (const second of ['a.example', 'b.example']) {
      const bytes = await server.raw(request(['Host: a.example', `Host: ${second}`, LENGTH]));
      assert.equal((await attempt(`Host doubled, ${second}`, answerOf(bytes))).status, 400);
    }
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
      assert.equal(withoutRequestId(answer), withoutRequestId(await server.post('/oauth/token', body)));
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
      assert.deepEqual(Object.keys(answer.body), ['error', 'error_description', 'request_id']);
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
} satisfies Cases<World>;
