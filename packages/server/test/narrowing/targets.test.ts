// For whom a token is issued: logical names, places, several at once, and the default.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  API,
  assertIssued,
  assertRefused,
  BACKEND,
  configuration,
  exchange,
  gateway,
  startBasic,
  TARGET_REFUSED,
  withRules,
} from '../support/basics.ts';
import { added, type Configuration, changed, edited } from '../support/configuration.ts';
import { claimsOf, type Form, start, type TestServer } from '../support/harness.ts';

async function audienceOf(server: TestServer, form: Form): Promise<unknown> {
  const answer = await exchange(server, form);
  assertIssued(server, answer, JSON.stringify(form));
  return claimsOf(answer.body.access_token).aud;
}
async function refused(server: TestServer, form: Form, reason: string): Promise<void> {
  assertRefused(server, await exchange(server, form), { ...TARGET_REFUSED, reason }, JSON.stringify(form));
}

test('with neither audience nor resource the first audience of the rule is meant (AT-07)', async (t) => {
  const server = await startBasic(t);
  assert.equal(await audienceOf(server, {}), API);
  const grant = `grant: { audiences: [${BACKEND}, ${API}], scopes: [read] }`;
  const other = await start(t, withRules(`{ client: gateway, ${grant} }`));
  assert.equal(await audienceOf(other, {}), BACKEND);
});

test('one audience is a string, several are a list, and each stands once (RFC 7519 section 4.1.3; BC-01g)', async (t) => {
  const server = await startBasic(t);
  assert.equal(await audienceOf(server, { audience: [API, API], resource: `${API}/v1` }), API);
  assert.deepEqual(await audienceOf(server, { audience: [BACKEND, API] }), [BACKEND, API]);
  assert.deepEqual(await audienceOf(server, { audience: API, resource: `${BACKEND}/api` }), [API, BACKEND]);
});

test('several targets are allowed all together or not at all (RFC 8693 section 2.2.2; TE-41, RI-03)', async (t) => {
  const server = await startBasic(t);
  await refused(server, { audience: [API, 'https://private.example'] }, 'target_not_granted');
  await refused(server, { audience: API, resource: 'https://private.example/' }, 'target_not_granted');
  await refused(server, { audience: [API, 'https://unknown.example'] }, 'target_unknown');
  await refused(server, { audience: API, resource: 'https://unknown.example/' }, 'target_unknown');
});

test('https://x and https://x/ are one audience, in the request as in the configuration (RFC 3986 section 6.2.3; RI-09)', async (t) => {
  const server = await startBasic(t);
  assert.equal(await audienceOf(server, { audience: `${API}/` }), API);
  assert.equal(await audienceOf(server, { audience: 'HTTPS://API.EXAMPLE' }), API);
  for (const audience of [`${API}/v1`, `${API}//`, `${API}?`, `${API}#`, 'api.example', API.replace('https', 'http')]) {
    await refused(server, { audience }, 'target_unknown');
  }
  const slashed = await start(t, changed(configuration, { resources: edited(API, { audience: `${API}/` }) }));
  assert.equal(await audienceOf(slashed, { audience: API }), `${API}/`, 'aud is the name that the file gives');
});

test('a resource lies under a location by whole path segments (RFC 8707 section 2; RI-04, RI-09)', async (t) => {
  const server = await startBasic(t);
  for (const path of ['/v1', '/v1/', '/v1/a/b', '/v1?q=1', '/x/../v1', '/v1/./a', '/%2e%2e/v1']) {
    assert.equal(await audienceOf(server, { resource: API + path }), API, path);
  }
  for (const path of [
    '',
    '/',
    '/v',
    '/v1x',
    '/%761',
    '/v1%2Fa',
    '/V1',
    '//v1',
    '/v1/../admin',
    '/v1/%2e%2e/admin',
    '/v2/v1',
  ]) {
    await refused(server, { resource: API + path }, 'target_unknown');
  }
  for (const resource of [`${API}:8443/v1`, 'http://api.example/v1', 'https://api.example.evil.example/v1']) {
    await refused(server, { resource }, 'target_unknown');
  }
});

test('of two locations that hold a resource the narrower one is meant', async (t) => {
  const withAdmin = (...audiences: readonly string[]): Configuration =>
    changed(withRules({ client: 'gateway', grant: { audiences, scopes: ['read'] } }), {
      resources: added({ audience: 'admin', locations: [`${API}/v1/admin`], scopes: ['read'] }),
    });
  const open = await start(t, withAdmin(API, 'admin'));
  assert.equal(await audienceOf(open, { resource: `${API}/v1/admin/users` }), 'admin');
  assert.equal(await audienceOf(open, { resource: `${API}/v1/administration` }), API);
  const closed = await start(t, withAdmin(API));
  await refused(closed, { resource: `${API}/v1/admin/users` }, 'target_not_granted');
  assert.equal(await audienceOf(closed, { resource: `${API}/v1/users` }), API);
});

test('an audience that is a place is its own location; a name is none', async (t) => {
  const resources = added(
    { audience: 'https://plain.example', scopes: ['read'] },
    { audience: 'billing', scopes: ['read'] },
  );
  const rule = '{ client: gateway, grant: { audiences: [https://plain.example, billing], scopes: [read] } }';
  const server = await start(t, changed(withRules(rule), { resources }));
  assert.equal(await audienceOf(server, { resource: 'https://plain.example/any/path' }), 'https://plain.example');
  assert.equal(await audienceOf(server, { audience: 'billing' }), 'billing');
  await refused(server, { resource: 'billing' }, 'target_malformed');
  await refused(server, { resource: 'https://billing/' }, 'target_unknown');
});

test('several targets share one token, so their tokens must look alike', async (t) => {
  const server = await start(t, changed(configuration, { resources: edited(BACKEND, { token: { alg: 'Ed25519' } }) }));
  await refused(server, { audience: [API, BACKEND], scope: 'read' }, 'targets_disagree');
  assert.equal(await audienceOf(server, { audience: API }), API);
  assert.equal(await audienceOf(server, { audience: BACKEND }), BACKEND);
});

test("client_credentials serves the audiences of the client's entry, the first by default (RFC 6749 section 4.4; RI-02, AT-07)", async (t) => {
  const server = await startBasic(t);
  const ask = (form: Form) => server.token({ grant_type: 'client_credentials', ...gateway, ...form });
  for (const [form, aud] of [
    [{}, API],
    [{ audience: `${BACKEND}/` }, BACKEND],
    [{ resource: `${BACKEND}/api/x` }, BACKEND],
    [{ audience: [API, BACKEND], scope: 'read' }, [API, BACKEND]],
  ] as const) {
    const answer = await ask(form);
    assertIssued(server, answer);
    assert.deepEqual(claimsOf(answer.body.access_token).aud, aud);
  }
  for (const [audience, reason] of [
    ['https://private.example', 'target_not_granted'],
    ['https://unknown.example', 'target_unknown'],
  ] as const) {
    assertRefused(server, await ask({ audience: [API, audience] }), { ...TARGET_REFUSED, reason });
  }
  const none = await start(
    t,
    changed(configuration, { clients: edited('gateway', { audiences: undefined, scopes: ['read'] }) }),
  );
  const answer = await none.token({ grant_type: 'client_credentials', ...gateway });
  assertRefused(none, answer, { ...TARGET_REFUSED, reason: 'target_missing' });
});
