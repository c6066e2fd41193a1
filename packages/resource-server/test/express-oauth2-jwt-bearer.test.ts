// Does an app that was written for express-oauth2-jwt-bearer keep its answers?
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import express from 'express';
import {
  type AuthOptions,
  auth,
  claimCheck,
  claimEquals,
  claimIncludes,
  requiredActor,
  requiredScopes,
  scopeIncludesAny,
} from '../src/express-oauth2-jwt-bearer.ts';
import { AUDIENCE, createIssuer, ISSUER } from './issuer.ts';

const issuer = await createIssuer();

async function start(t: TestContext, more: AuthOptions = {}) {
  const app = express();
  app.set('env', 'test');
  app.use('/before', requiredScopes('read'));
  app.use(auth({ issuerBaseURL: ISSUER, audience: AUDIENCE, jwks: issuer.jwks, ...more }));
  const routes = {
    '/any': [],
    '/scopes': [requiredScopes('read write')],
    '/list': [requiredScopes(['read', 'write'])],
    '/one': [scopeIncludesAny('admin read')],
    '/equals': [claimEquals('org', 'acme')],
    '/includes': [claimIncludes('roles', 'a', 'b')],
    '/check': [claimCheck(({ level }) => level === 3, 'say "three"')],
    '/actor': [requiredActor({ sub: 'agent' })],
  };
  for (const [path, handlers] of Object.entries(routes))
    app.get(path, ...handlers, (request, response) => {
      response.json((request as { auth?: unknown }).auth ?? null);
    });
  // An error handler as an app has it.
  app.use(
    (
      error: { status?: number; headers?: Record<string, string>; code?: string },
      _request: express.Request,
      response: express.Response,
      _next: express.NextFunction,
    ) => {
      response
        .status(error.status ?? 500)
        .set(error.headers ?? {})
        .json({ code: error.code });
    },
  );
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return async (path: string, claims?: Readonly<Record<string, unknown>>) => {
    const token = claims && (await issuer.sign({ claims }));
    const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    const answer = await fetch(origin + path, { headers });
    const challenge = answer.headers.get('www-authenticate') ?? '';
    return { status: answer.status, body: await answer.json(), challenge, token };
  };
}

test('admits a valid token with `request.auth`, and hands refusals to the error handler of the app', async (t) => {
  const get = await start(t);
  const { body, token } = await get('/any', { org: 'acme' });
  assert.partialDeepStrictEqual(body, { header: { typ: 'at+jwt' }, payload: { sub: 'ada', org: 'acme' }, token });
  const missing = await get('/any');
  assert.deepEqual([missing.status, missing.body, missing.challenge.slice(0, 6)], [401, { code: 'missing' }, 'Bearer']);
  const wrong = await get('/any', { aud: 'https://other.example' });
  assert.deepEqual([wrong.status, wrong.body], [401, { code: 'invalid_token' }]);
});

test('checks scopes, claims and actors as the library does', async (t) => {
  const get = await start(t);
  const cases = [
    ['/scopes', {}, 200, { scope: 'read' }, 403],
    ['/list', {}, 200, { scope: 'write' }, 403],
    ['/one', { scope: 'read' }, 200, { scope: 'write' }, 403],
    ['/equals', { org: 'acme' }, 200, { org: ['acme'] }, 401],
    ['/equals', { org: 'acme' }, 200, {}, 401],
    ['/includes', { roles: ['b', 'a', 'c'] }, 200, { roles: ['a'] }, 401],
    ['/includes', { roles: 'a b' }, 200, { roles: 'ab' }, 401],
    ['/check', { level: 3 }, 200, { level: '3' }, 401],
    ['/actor', { act: { sub: 'agent' } }, 200, { act: { sub: 'other' } }, 403],
  ] as const;
  for (const [path, good, accepted, bad, refused] of cases) {
    assert.equal((await get(path, good)).status, accepted, path);
    const answer = await get(path, bad);
    assert.equal(answer.status, refused, path);
    assert.match(answer.challenge, /^Bearer error="(insufficient_scope|invalid_token|actor_unauthorized)"/);
  }
  assert.ok((await get('/check', {})).challenge.endsWith(`error_description="say 'three'"`));
});

test('a check without `auth` before it refuses; optional authentication admits no invalid token', async (t) => {
  const get = await start(t, { authRequired: false });
  assert.equal((await get('/before')).status, 401);
  assert.deepEqual([(await get('/any')).status, (await get('/any')).body], [200, null]);
  assert.equal((await get('/any', { aud: 'https://other.example' })).status, 401);
  for (const path of ['/scopes', '/one', '/equals', '/includes', '/check', '/actor'])
    assert.equal((await get(path)).status, 401, path);
  assert.equal((await get('/scopes', {})).status, 200);
});

test('refuses options that it would ignore', () => {
  assert.throws(() => auth({ audience: AUDIENCE }), /issuerBaseURL is undefined/);
  assert.throws(() => auth({ issuerBaseURL: ISSUER }), /audience is undefined/);
  const ignored = { issuerBaseURL: ISSUER, audience: AUDIENCE, clockTolerance: 60 } as AuthOptions;
  assert.throws(() => auth(ignored), /clockTolerance is not known/);
  assert.throws(() => auth({ issuerBaseURL: ISSUER, audience: AUDIENCE, tokenSigningAlg: 'HS256' }), /asymmetric/);
});
