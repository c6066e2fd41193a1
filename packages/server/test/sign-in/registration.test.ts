// Clients that register themselves (RFC 7591).
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { admin, withOperators } from '../support/admin-api.ts';
import { API } from '../support/basics.ts';
import { createBrowser } from '../support/browser.ts';
import { type Configuration, changed } from '../support/configuration.ts';
import { type Answer, claimsOf, everythingIn, type TestServer } from '../support/harness.ts';
import { newKey, privateJwk } from '../support/issuer.ts';
import { authorizationUrl, authorizeAs, configuration, startPeople, VERIFIER } from '../support/people.ts';

const RETURN = 'https://new.example/callback';
const TOKEN = 'the-initial-access-token';
const closed = { registration: { initialAccessToken: { plain: TOKEN }, audiences: [API], scopes: ['read'] } };
const open = { registration: { open: true, audiences: [API], scopes: ['openid', 'read'], lifetime: '1h' } };

const begin = (t: TestContext, more: Configuration): Promise<TestServer> =>
  startPeople(t, changed(configuration, more));

const register = (
  server: TestServer,
  metadata: unknown = { redirect_uris: [RETURN] },
  headers: Record<string, string> = {},
): Promise<Answer> =>
  server.post('/oauth/register', typeof metadata === 'string' ? metadata : JSON.stringify(metadata), {
    'content-type': 'application/json',
    ...headers,
  });

const metadataOf = async ({ issuer }: TestServer): Promise<Record<string, unknown>> =>
  (await (await fetch(`${issuer}/.well-known/oauth-authorization-server`)).json()) as Record<string, unknown>;

test('nobody registers a client unless the file says so, and then with the initial access token (CR-01)', async (t) => {
  const off = await begin(t, {});
  assert.equal((await register(off)).status, 404);
  assert.equal((await metadataOf(off)).registration_endpoint, undefined);
  const server = await begin(t, closed);
  assert.equal((await metadataOf(server)).registration_endpoint, `${server.issuer}/oauth/register`);
  for (const authorization of [undefined, `Bearer ${TOKEN}x`, `Basic ${btoa(`x:${TOKEN}`)}`, TOKEN, 'Bearer ']) {
    const refused = await register(server, undefined, authorization === undefined ? {} : { authorization });
    assert.deepEqual([refused.status, refused.body.error], [401, 'invalid_token']);
    assert.match(String(refused.headers.get('www-authenticate')), /^Bearer/);
    assert.equal(server.audit(refused)?.reason, 'registration_token');
  }
  const registered = await register(server, undefined, { authorization: `Bearer ${TOKEN}` });
  assert.equal(registered.status, 201, registered.text);
});

test('a registered client signs a person in, who is told that nothing is proven, until it expires', async (t) => {
  const server = await startPeople(t, changed(withOperators(configuration), open));
  const wish = {
    client_name: 'Newcomer',
    redirect_uris: [RETURN],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'none',
    application_type: 'web',
    scope: 'admin',
    unknown: 1,
  };
  const registered = await register(server, wish);
  const { client_id: id, ...rest } = registered.body;
  assert.deepEqual(rest, {
    client_id_issued_at: Math.floor(server.clock.now / 1000),
    redirect_uris: [RETURN],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    scope: 'openid read',
    client_name: 'Newcomer',
    application_type: 'web',
  });
  const row = server.audit(registered);
  assert.deepEqual([row?.action, row?.outcome, row?.client], ['register', 'changed', id]);
  assert.deepEqual(row?.change?.after, registered.body);
  const form = { client_id: String(id), redirect_uri: RETURN, scope: 'read' };
  const page = await createBrowser(server.issuer).get(authorizationUrl(form));
  assert.match(page.text, /This application registered itself here/);
  const redeem = async (at: URL): Promise<Answer> => {
    const code = at.searchParams.get('code') ?? '';
    return server.token({ grant_type: 'authorization_code', client_id: form.client_id, code, code_verifier: VERIFIER });
  };
  const tokens = await redeem(await authorizeAs(server, form));
  assert.equal(claimsOf(String(tokens.body.access_token)).client_id, id);
  const refresh = ({ body }: Answer): Promise<Answer> =>
    server.token({ grant_type: 'refresh_token', client_id: form.client_id, refresh_token: String(body.refresh_token) });
  const refreshed = await refresh(tokens);
  assert.equal(refreshed.status, 200, refreshed.text);
  const other = await createBrowser(server.issuer).get(authorizationUrl({ ...form, redirect_uri: `${RETURN}/x` }));
  assert.deepEqual([other.status, other.leftTo], [400, undefined]);
  // A node that starts later finds it in the database.
  await server.reload(changed(withOperators(configuration), open, { registration: { lifetime: '2h' } }));
  const again = await refresh(refreshed);
  assert.equal(again.status, 200, again.text);
  assert.equal((await admin(server, 'POST /revocations', { body: { all: true } })).status, 204);
  assert.equal((await refresh(again)).body.error, 'invalid_grant');
  await server.reload(changed(withOperators(configuration), open));
  const still = await createBrowser(server.issuer).get(authorizationUrl(form));
  assert.equal(still.status, 200, 'every sign-in ended, and the client is registered');
  server.clock.now += 3_601_000;
  const late = await refresh(again);
  assert.deepEqual([late.status, late.body.error], [401, 'invalid_client']);
  const gone = await createBrowser(server.issuer).get(authorizationUrl(form));
  assert.deepEqual([gone.status, gone.leftTo], [400, undefined]);
});

test('a registered client proves itself by the secret that only the answer has, or by its key', async (t) => {
  const server = await begin(t, open);
  const { body } = await register(server, { redirect_uris: [RETURN] });
  assert.equal(body.token_endpoint_auth_method, 'client_secret_basic');
  assert.equal(body.client_secret_expires_at, Number(body.client_id_issued_at) + 3600);
  assert.equal(JSON.stringify(everythingIn(server)).includes(String(body.client_secret)), false);
  const at = await authorizeAs(server, { client_id: String(body.client_id), redirect_uri: RETURN, scope: 'read' });
  const grant = { grant_type: 'authorization_code', code: at.searchParams.get('code') ?? '', code_verifier: VERIFIER };
  const basic = (secret: string) => ({ authorization: `Basic ${btoa(`${body.client_id}:${secret}`)}` });
  const wrong = await server.token(grant, basic('wrong'));
  assert.deepEqual([wrong.status, wrong.body.error], [401, 'invalid_client']);
  const none = await server.token({ ...grant, client_id: String(body.client_id) });
  assert.deepEqual([none.status, none.body.error], [401, 'invalid_client']);
  assert.equal((await server.token(grant, basic(String(body.client_secret)))).status, 200);
  const key = newKey();
  const keyed = { redirect_uris: [RETURN], token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [key.jwk] } };
  assert.equal((await register(server, keyed)).status, 201);
});

test('metadata that cannot be used is refused by its name, and an id that nobody registered is unknown', async (t) => {
  const server = await begin(t, open);
  const bad: readonly (readonly [unknown, error: string, member: RegExp])[] = [
    [{}, 'invalid_redirect_uri', /redirect URI/],
    [{ redirect_uris: ['javascript:alert(1)', 'http://app.example/'] }, 'invalid_redirect_uri', /redirect URI/],
    [{ redirect_uris: [RETURN], jwks_uri: 'http://169.254.169.254/' }, 'invalid_client_metadata', /jwks_uri/],
    [{ redirect_uris: [RETURN], grant_types: ['client_credentials'] }, 'invalid_client_metadata', /grant_types/],
    [{ redirect_uris: [RETURN], response_types: ['token'] }, 'invalid_client_metadata', /response_types/],
    [
      { redirect_uris: [RETURN], token_endpoint_auth_method: 'tls_client_auth' },
      'invalid_client_metadata',
      /auth_method/,
    ],
    [
      {
        redirect_uris: [RETURN],
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [privateJwk(newKey())] },
      },
      'invalid_client_metadata',
      /jwks/,
    ],
    ['[]', 'invalid_client_metadata', /metadata/],
    ['{"redirect_uris":[],"redirect_uris":[]}', 'invalid_client_metadata', /metadata/],
  ];
  for (const [metadata, error, member] of bad) {
    const refused = await register(server, metadata);
    assert.deepEqual([refused.status, refused.body.error], [400, error], refused.text);
    assert.match(String(refused.body.error_description), member);
  }
  const { body } = await register(server);
  const id = String(body.client_id);
  for (const forged of [
    `${id.slice(0, -1)}${id.endsWith('A') ? 'B' : 'A'}`,
    id.replace(/_([0-9a-z]+)\./, '_zzzzzz.'),
  ]) {
    const form = { client_id: forged, redirect_uri: RETURN };
    const page = await createBrowser(server.issuer).get(authorizationUrl(form));
    assert.deepEqual([page.status, server.audit(page)?.reason], [400, 'authorization_client_unknown']);
  }
  // 20 a minute for an address; 11 were sent.
  const answers = await Promise.all(Array.from({ length: 12 }, () => register(server)));
  const limited = answers.filter(({ status }) => status === 429);
  assert.ok(limited.length > 0 && limited.every(({ headers }) => headers.has('retry-after')));
  server.clock.now += 60_000;
  assert.equal((await register(server)).status, 201);
});

test('metadata has the size of a document at most, since anyone could fill the audit log', async (t) => {
  const server = await begin(t, open);
  const sized = (bytes: number) => {
    const metadata = { redirect_uris: [RETURN], software_id: '' };
    return { ...metadata, software_id: 'x'.repeat(bytes - JSON.stringify(metadata).length) };
  };
  assert.equal((await register(server, sized(5120))).status, 201);
  const refused = await register(server, sized(5121));
  assert.deepEqual([refused.status, refused.body.error], [400, 'invalid_client_metadata']);
  assert.match(String(server.audit(refused)?.detail), /more than 5120 bytes/);
  assert.ok(JSON.stringify(server.audit(refused)).length < 1000);
});
