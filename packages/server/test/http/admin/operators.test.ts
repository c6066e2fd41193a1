// Nobody can lock all operators out of the admin API: not by disabling or deleting the last one, nor by taking its rights.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { admin, withOperators } from '../../support/admin-api.ts';
import { API, client, configuration } from '../../support/basics.ts';
import { added, type Configuration, changed, edited, entries } from '../../support/configuration.ts';
import { type Answer, start, type TestServer } from '../../support/harness.ts';

const ISSUER = 'https://login.example';
const AUDIENCE = `${ISSUER}/admin`;
const world = changed(withOperators(configuration, ISSUER), { issuer: ISSUER });
/** The operator of the file has read access only. */
const looking = changed(world, { clients: edited('operator', { scopes: ['admin:read'] }) });

const OPERATING = {
  auth: 'client_secret_post',
  grants: ['client_credentials', 'token_exchange'],
  audiences: [AUDIENCE, API],
  scopes: ['admin:read', 'admin:write', 'read'],
};
const ANY = { 'if-match': '*' };

/** Starts a server that its registered clients with these ids may operate. @returns calls as each of them, by its id */
async function startOperated(t: TestContext, ids: readonly string[], source: Configuration = looking) {
  const first = await start(t, world);
  const secrets = new Map<string, unknown>();
  for (const id of ids) {
    const { body, text } = await admin(first, 'POST /clients', { body: { ...OPERATING, id } });
    assert.ok(body.secret, text);
    secrets.set(id, body.secret);
  }
  await first.close();
  const server = await start(t, source, { folder: first.folder });
  const callAs = async (id: string, what: string, body?: unknown, at: TestServer = server): Promise<Answer> => {
    const form = { grant_type: 'client_credentials', client_id: id, client_secret: String(secrets.get(id)) };
    const token = String(
      (await at.token({ ...form, audience: AUDIENCE, scope: 'admin:read admin:write' })).body.access_token,
    );
    return admin(at, what, { token, body, headers: ANY });
  };
  return { server, callAs };
}

const losing: Readonly<Record<string, readonly [what: string, body?: object]>> = {
  disabled: ['PUT', { ...OPERATING, disabled: true }],
  'without the scope': ['PUT', { ...OPERATING, scopes: ['admin:read', 'read'] }],
  'without scopes': ['PUT', { ...OPERATING, scopes: undefined }],
  'without the audience': ['PUT', { ...OPERATING, audiences: [API] }],
  'without the grant': ['PUT', { ...OPERATING, grants: ['token_exchange'] }],
  deleted: ['DELETE'],
};

test('refuses each change by which the last operator would lose its access, and allows others', async (t) => {
  const { callAs } = await startOperated(t, ['second']);
  for (const [how, [method, body]] of Object.entries(losing)) {
    const refused = await callAs('second', `${method} /clients/second`, body);
    assert.equal(refused.status, how === 'without authentication' ? refused.status : 409, `${how}: ${refused.text}`);
    assert.ok(refused.status >= 400, how);
    if (refused.status === 409)
      assert.match(refused.text, /register one first, or declare one in the configuration file/);
  }
  assert.equal((await callAs('second', 'PUT /clients/second', { ...OPERATING, audiences: [AUDIENCE] })).status, 200);
  assert.equal((await callAs('second', 'POST /clients/second/secrets', {})).status, 201);
});

test('allows these changes if another client, of the file or registered, or a person, can operate', async (t) => {
  const people = changed(looking, {
    accounts: entries([{ username: 'ada', password: { plain: 'lovelace' } }]),
    clients: added(
      client('web', {
        grants: ['authorization_code'],
        redirectUris: ['https://web.example/cb'],
        audiences: [AUDIENCE],
        scopes: ['openid', 'admin:write'],
      }),
    ),
  });
  for (const [others, source] of [
    [['third'], looking],
    [[], world],
    [[], people],
  ] as const)
    for (const how of ['without the scope', 'disabled'] as const) {
      const { callAs } = await startOperated(t, ['second', ...others], source);
      const [method, body] = losing[how] ?? assert.fail();
      assert.equal((await callAs('second', `${method} /clients/second`, body)).status, 200, how);
    }
});

test('does not count a disabled client, or a client that could only exchange, as an operator', async (t) => {
  const source = changed(looking, {
    clients: added(
      client('off', { audiences: [AUDIENCE], scopes: ['admin:write'], disabled: true }),
      client('exchanging', { grants: ['token_exchange'], audiences: [], scopes: ['admin:write'] }),
    ),
    rules: added({
      name: 'operate by exchange',
      client: ['exchanging'],
      subject: { issuer: 'self', types: ['access_token'] },
      grant: { audiences: [AUDIENCE], scopes: ['admin:write'] },
    }),
  });
  const { callAs } = await startOperated(t, ['second'], source);
  assert.equal((await callAs('second', 'DELETE /clients/second')).status, 409);
});

test('refuses one of two operators that remove each other at once on two nodes', async (t) => {
  for (let round = 0; round < 3; round++) {
    const { server, callAs } = await startOperated(t, ['second', 'third']);
    const shared = changed(looking, { store: `sqlite:${join(server.folder, 'cambio.db')}` });
    const other = await start(t, shared, { now: server.clock.now });
    const disable = { ...OPERATING, disabled: true };
    const answers = await Promise.all([
      callAs('second', 'PUT /clients/third', disable),
      callAs('third', 'PUT /clients/second', disable, other),
    ]);
    const done = answers.filter(({ status }) => status === 200).length;
    assert.equal(done, 1, answers.map(({ status, text }) => `${status} ${text}`).join());
  }
});
