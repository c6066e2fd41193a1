// The public documents of the server: RFC 8414 metadata, keys, health, and which origins may read them.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { clientAuthMethods } from '../../../src/client-auth/index.ts';
import { REDEEMING_GRANTS } from '../../../src/exchange/redeem.ts';
import { grants, SIGN_IN_GRANTS } from '../../../src/grants/index.ts';
import { withOperators } from '../../support/admin-api.ts';
import { API, assertIssued, configuration, exchange, gateway, startBasic } from '../../support/basics.ts';
import { cambio } from '../../support/command.ts';
import { changed } from '../../support/configuration.ts';
import { type Answer, read, start, type TestServer } from '../../support/harness.ts';
import { configuration as people } from '../../support/people.ts';

const METADATA = '/.well-known/oauth-authorization-server';
const get = async (url: string, init: RequestInit = {}): Promise<Answer> => read(await fetch(url, init));

test('describes the server in the metadata, where every URL answers (RFC 8414 section 2; MD-01, MD-03, MD-04, BC-01i)', async (t) => {
  const server = await startBasic(t);
  const { status, headers, body } = await get(server.issuer + METADATA);
  assert.equal(status, 200);
  assert.match(headers.get('content-type') ?? '', /^application\/json\b/);
  assert.equal(body.issuer, server.issuer);
  assert.equal(body.token_endpoint, `${server.issuer}/oauth/token`);
  assert.equal(body.jwks_uri, `${server.issuer}/.well-known/jwks.json`);
  assert.deepEqual(new Set(body.scopes_supported as string[]), new Set(['read', 'write', 'admin']));
  assert.deepEqual(body.response_types_supported, []);
  for (const [member, value] of Object.entries(body)) {
    const empty = value === null || (Array.isArray(value) && value.length === 0);
    assert.equal(empty && member !== 'response_types_supported', false, `${member} (section 3.2)`);
    if (/_endpoint$|_uri$/.test(member)) assert.notEqual((await get(String(value))).status, 404, member);
  }
});

test('lists the grants and client authentication methods of the code, in our order of preference (MD-05, MD-06)', async (t) => {
  const server = await startBasic(t);
  const { body } = await get(server.issuer + METADATA);
  assert.deepEqual(
    body.grant_types_supported,
    // This configuration has no sign-in, and no issuer that gives grants.
    grants
      .filter(({ name }) => !SIGN_IN_GRANTS.has(name) && !REDEEMING_GRANTS.has(name))
      .map(({ grantType }) => grantType),
  );
  assert.deepEqual(
    body.token_endpoint_auth_methods_supported,
    clientAuthMethods.map(({ name }) => name).filter((name) => !name.endsWith('tls_client_auth')),
    'nobody can show a certificate here',
  );
  assert.deepEqual(
    body.introspection_endpoint_auth_methods_supported,
    (body.revocation_endpoint_auth_methods_supported as string[]).filter((name) => name !== 'none'),
  );
  const algorithms = body.token_endpoint_auth_signing_alg_values_supported as string[];
  assert.ok(algorithms.includes('ES256') && !algorithms.some((name) => /^(HS\d+|none)$/.test(name)));
  for (const endpoint of ['introspection_endpoint', 'revocation_endpoint'])
    assert.deepEqual(body[`${endpoint}_auth_signing_alg_values_supported`], algorithms, endpoint);
  assert.equal((body.token_endpoint_auth_methods_supported as string[])[0], 'client_secret_basic');
  for (const grant_type of body.grant_types_supported as string[]) {
    const answer = await server.token({ grant_type, ...gateway });
    assert.notEqual(answer.body.error, 'unsupported_grant_type', grant_type);
  }
  assert.equal((await server.token({ grant_type: 'password', ...gateway })).body.error, 'unsupported_grant_type');
});

test('puts endpoints below an issuer with a path, and its metadata between host and path (RFC 8414 section 3.1; MD-02)', async (t) => {
  const server = await start(t, changed(configuration, { issuer: `${configuration.issuer}/tenant/one` }));
  const issuer = `${server.issuer}/tenant/one`;
  const { status, body } = await get(`${server.issuer}${METADATA}/tenant/one`);
  assert.deepEqual([status, body.issuer, body.token_endpoint], [200, issuer, `${issuer}/oauth/token`]);
  const form = new URLSearchParams({ grant_type: 'client_credentials', ...gateway });
  const answer = await get(String(body.token_endpoint), { method: 'POST', body: form });
  assertIssued(server, answer);
  const keys = createRemoteJWKSet(new URL(String(body.jwks_uri)));
  await jwtVerify(String(answer.body.access_token), keys, { issuer, audience: API });
  for (const path of [METADATA, `/tenant/one${METADATA}`, `${METADATA}/tenant/one/`, '/oauth/token']) {
    assert.equal((await get(server.issuer + path)).status, 404, path);
  }
  assert.equal((await get(`${server.issuer}/livez`)).status, 200, 'health is at the root, where probes look');
});

test('keeps a slash at the end of the issuer in iss, and leaves it out of paths (RFC 8414 section 3.1; MD-02)', async (t) => {
  const server = await start(t, changed(configuration, { issuer: `${configuration.issuer}/` }));
  const { body } = await get(server.issuer + METADATA);
  assert.deepEqual([body.issuer, body.token_endpoint], [`${server.issuer}/`, `${server.issuer}/oauth/token`]);
  assertIssued(server, await exchange(server));
});

test('publishes public keys only, each with its id, use and algorithm (RFC 7517 section 4; MD-09)', async (t) => {
  const server = await startBasic(t);
  const { status, body } = await get(`${server.issuer}/.well-known/jwks.json`);
  assert.equal(status, 200);
  const keys = body.keys as Record<string, unknown>[];
  assert.equal(keys.length, 1);
  for (const { kid, x, y, ...others } of keys) {
    assert.deepEqual(others, { kty: 'EC', crv: 'P-256', use: 'sig', alg: 'ES256' }, 'and no d');
    assert.deepEqual([typeof kid, typeof x, typeof y], ['string', 'string', 'string']);
  }
  const { access_token } = (await exchange(server)).body;
  const { protectedHeader } = await jwtVerify(
    String(access_token),
    createRemoteJWKSet(new URL(`${server.issuer}/.well-known/jwks.json`)),
    { issuer: server.issuer, audience: API, typ: 'at+jwt' },
  );
  assert.deepEqual(protectedHeader, { alg: 'ES256', typ: 'at+jwt', kid: keys[0]?.kid });
});

test('lets metadata and keys be cached for minutes, but not refusals or health', async (t) => {
  const server = await startBasic(t);
  const cacheOf = async (path: string, init?: RequestInit): Promise<(string | null)[]> => {
    const { headers } = await get(server.issuer + path, init);
    return [headers.get('cache-control'), headers.get('pragma')];
  };
  for (const path of [METADATA, '/.well-known/jwks.json']) {
    assert.deepEqual(await cacheOf(path), ['public, max-age=300', null]);
    assert.deepEqual(await cacheOf(path, { method: 'POST' }), ['no-store', 'no-cache']);
  }
  for (const path of ['/livez', '/unknown']) assert.deepEqual(await cacheOf(path), ['no-store', 'no-cache']);
});

test('answers GET and HEAD to readers, and 405 with Allow to other methods (RFC 9110 section 15.5.6)', async (t) => {
  const server = await startBasic(t);
  for (const path of [METADATA, '/.well-known/jwks.json', '/livez', '/readyz']) {
    const answer = await get(server.issuer + path);
    const head = await get(server.issuer + path, { method: 'HEAD' });
    assert.deepEqual([head.status, head.text], [200, ''], path);
    assert.equal(head.headers.get('content-length'), String(answer.text.length), path);
    for (const method of ['POST', 'PUT', 'DELETE']) {
      const refused = await get(server.issuer + path, { method });
      assert.deepEqual([refused.status, refused.headers.get('allow')], [405, 'GET, HEAD'], `${method} ${path}`);
    }
  }
});

const preflight = (server: TestServer, path: string): Promise<Answer> =>
  get(server.issuer + path, {
    method: 'OPTIONS',
    headers: { origin: 'https://app.example', 'access-control-request-method': 'POST' },
  });

test('lets a page of any origin read metadata, keys and token answers, without credentials (DP-06)', async (t) => {
  const server = await startBasic(t);
  const origin = { origin: 'https://app.example' };
  const form = new URLSearchParams({ grant_type: 'client_credentials', ...gateway });
  for (const [path, init, method] of [
    [METADATA, {}, 'GET'],
    ['/.well-known/jwks.json', {}, 'GET'],
    ['/oauth/token', { method: 'POST', body: form }, 'POST'],
    ['/oauth/token', { method: 'POST', body: '%' }, 'POST'],
    ['/oauth/token', { method: 'PUT', body: '' }, 'POST'],
  ] as const) {
    const { headers } = await get(server.issuer + path, { ...init, headers: origin });
    assert.equal(headers.get('access-control-allow-origin'), '*', path);
    assert.equal(headers.get('access-control-allow-credentials'), null, path);
    const exposed = 'DPoP-Nonce, Retry-After, WWW-Authenticate, X-Request-Id';
    assert.equal(headers.get('access-control-expose-headers'), exposed, path);
    const asked = await preflight(server, path);
    assert.deepEqual([asked.status, asked.text], [204, ''], path);
    assert.equal(asked.headers.get('access-control-allow-origin'), '*', path);
    assert.equal(asked.headers.get('access-control-allow-credentials'), null, path);
    assert.equal(asked.headers.get('access-control-allow-methods'), method, path);
    for (const name of ['Authorization', 'Content-Type', 'DPoP']) {
      assert.match(asked.headers.get('access-control-allow-headers') ?? '', new RegExp(`\\b${name}\\b`));
    }
  }
});

test('lets no page of another origin read health and unknown paths', async (t) => {
  const server = await startBasic(t);
  for (const path of ['/livez', '/readyz', '/unknown']) {
    for (const { headers } of [await get(server.issuer + path), await preflight(server, path)]) {
      assert.equal(headers.get('access-control-allow-origin'), null, path);
    }
  }
});

test('answers livez while the process runs, and readyz while it can do its work', async (t) => {
  const server = await startBasic(t);
  const ask = async (path: string): Promise<unknown[]> => {
    const { status, body } = await get(server.issuer + path);
    return [status, body.status];
  };
  assert.deepEqual(
    [await ask('/livez'), await ask('/readyz')],
    [
      [200, 'ok'],
      [200, 'ok'],
    ],
  );
  server.sql('alter table used_ids rename to gone');
  assert.deepEqual(
    [await ask('/livez'), await ask('/readyz')],
    [
      [200, 'ok'],
      [503, 'unavailable'],
    ],
  );
  const { body } = await get(`${server.issuer}/readyz`);
  const since = new Date(server.clock.now).toISOString();
  assert.deepEqual(body.obstacles, [{ reason: 'database_unreachable', since }]);
  server.clock.now += 60_000;
  assert.deepEqual((await get(`${server.issuer}/readyz`)).body.obstacles, body.obstacles, 'since it began');
  server.sql('alter table gone rename to used_ids');
  assert.deepEqual(await ask('/readyz'), [200, 'ok']);
  assert.equal((await get(`${server.issuer}/readyz`)).body.obstacles, undefined);
});

test('cambio ready reports what readyz says, to a health check that has no curl', async (t) => {
  const server = await startBasic(t);
  const ready = (...options: string[]) => cambio(t, ['ready', '--server', server.issuer, ...options]);
  assert.deepEqual(await ready(), { code: 0, stdout: `${server.issuer} is ready\n`, stderr: '' });
  server.sql('alter table used_ids rename to gone');
  const not = `cambio: ${server.issuer} is not ready: database_unreachable\n`;
  assert.deepEqual(await ready(), { code: 1, stdout: '', stderr: not });
  const { code, stdout } = await ready('--output', 'json');
  assert.deepEqual([code, JSON.parse(stdout).obstacles[0].reason], [1, 'database_unreachable']);
  await server.close();
  const closed = `cambio: cannot reach ${server.issuer}: nothing listens on that port\n`;
  assert.deepEqual(await ready(), { code: 1, stdout: '', stderr: closed });
  const other = createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1');
  t.after(() => other.close());
  await once(other, 'listening');
  const at = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  const strange = `cambio: ${at} is not a Cambio server: it answers 200 at /readyz. Correct --server\n`;
  assert.deepEqual(await cambio(t, ['ready', '--server', at]), { code: 1, stdout: '', stderr: strange });
});

test('describes the server at /: a page for browsers, JSON for programs, and every link answers', async (t) => {
  const documentation = 'https://docs.example.com/';
  const server = await start(
    t,
    changed(withOperators(people), { branding: { name: 'Example', color: '#1d4f91', language: 'de', documentation } }),
  );
  const json = await get(`${server.issuer}/`);
  assert.match(json.headers.get('content-type') ?? '', /^application\/json\b/);
  assert.deepEqual(json.body, {
    issuer: server.issuer,
    keys: `${server.issuer}/.well-known/jwks.json`,
    metadata: server.issuer + METADATA,
    openid: `${server.issuer}/.well-known/openid-configuration`,
    device: `${server.issuer}/device`,
    logout: `${server.issuer}/oauth/logout`,
    admin: `${server.issuer}/admin/v1/openapi.json`,
    documentation,
  });
  for (const accept of ['*/*', 'application/json', 'application/json, text/html;q=0.9', 'text/html;q=0', 'image/png'])
    assert.equal((await get(`${server.issuer}/`, { headers: { accept } })).text, json.text, accept);

  const asked = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };
  const { headers, text } = await get(`${server.issuer}/`, { headers: asked });
  assert.match(headers.get('content-type') ?? '', /^text\/html\b/);
  assert.match(headers.get('content-security-policy') ?? '', /^default-src 'none'; style-src 'sha256-/);
  assert.equal(headers.get('vary'), 'Accept, Accept-Language');
  assert.match(text, /<html lang="de">[\s\S]*<title>Token-Server · Example<\/title>/);
  assert.ok(text.includes(`<code>${server.issuer}</code>`));
  const links = [...text.matchAll(/<a href="([^"]*)"/g)].map(([, link = '']) => link);
  for (const link of Object.values(json.body)) assert.equal(links.includes(String(link)), link !== server.issuer);
  for (const link of links.filter((one) => one.startsWith(server.issuer)))
    assert.equal((await get(link)).status, 200, link);
  const english = await get(`${server.issuer}/?ui_locales=fr%20en`, { headers: { ...asked, 'accept-language': 'de' } });
  assert.match(english.text, /<html lang="en">/);

  const { body } = await get(server.issuer + METADATA);
  assert.deepEqual([body.service_documentation, body.ui_locales_supported], [documentation, ['en', 'de']]);
});

test('links at / only to endpoints of this configuration, and serves it at the root even if the issuer has a path', async (t) => {
  const server = await start(t, changed(configuration, { issuer: `${configuration.issuer}/tenant` }));
  assert.deepEqual((await get(`${server.issuer}/`)).body, {
    issuer: `${server.issuer}/tenant`,
    keys: `${server.issuer}/tenant/.well-known/jwks.json`,
    metadata: `${server.issuer}${METADATA}/tenant`,
  });
  const { text } = await get(`${server.issuer}/`, { headers: { accept: 'text/html' } });
  assert.doesNotMatch(text, /\/device|logout|openapi|openid/);
  assert.match(text, /<html lang="en">/);
  assert.equal((await get(`${server.issuer}/tenant`)).status, 404);
});
