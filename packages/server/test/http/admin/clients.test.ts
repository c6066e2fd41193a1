// Clients registered at run time: by the admin API, by a client generated from its OpenAPI document, and by commands.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { OpenAPIClientAxios } from 'openapi-client-axios';
import { admin, adminToken, startAdministered, withOperators } from '../../support/admin-api.ts';
import {
  API,
  assertIssued,
  assertRefused,
  client,
  configuration,
  exchange,
  gateway,
  SUBJECT_REFUSED,
  stranger,
  subjectToken,
  withRules,
} from '../../support/basics.ts';
import { beside, cambio } from '../../support/command.ts';
import { added, changed, edited, without, yamlOf } from '../../support/configuration.ts';
import { type Answer, claimsOf, encode, start, type TestServer, type } from '../../support/harness.ts';
import { ISSUER } from '../../support/life.ts';
import { eventually } from '../../support/node.ts';

const entry = { auth: 'client_secret_post', grants: ['client_credentials'], audiences: [API], scopes: ['read'] };

const etag = ({ headers }: Answer): Record<string, string> => ({ 'if-match': String(headers.get('etag')) });

const obtain = (server: TestServer, client_secret: unknown, client_id = 'new') =>
  server.token({ grant_type: 'client_credentials', client_id, client_secret: String(client_secret) });

test('registers, uses, changes, disables, enables and deletes a client, each with one audit row with before and after (A12, A13, A14)', async (t) => {
  const server = await startAdministered(t);
  const made = await admin(server, 'POST /clients', { body: { ...entry, id: 'new' } });
  assert.equal(made.status, 201);
  assert.equal(made.headers.get('location'), '/admin/v1/clients/new');
  const { secret } = made.body;
  const token = await obtain(server, secret);
  assertIssued(server, token);
  assert.deepEqual(token.body.scope, 'read');
  const changed = await admin(server, 'PUT /clients/new', {
    body: { ...entry, scopes: ['read', 'write'] },
    headers: etag(made),
  });
  assert.equal(changed.status, 200);
  assert.equal((await obtain(server, secret)).body.scope, 'read write');
  const disabled = await admin(server, 'PUT /clients/new', {
    body: { ...entry, disabled: true },
    headers: etag(changed),
  });
  assert.equal((await obtain(server, secret)).status, 401);
  const late = { subject_token: String(token.body.access_token) };
  assert.equal((await exchange(server, late)).status, 400);
  const enabled = await admin(server, 'PUT /clients/new', { body: entry, headers: etag(disabled) });
  assertIssued(server, await obtain(server, secret));
  const deleted = await admin(server, 'DELETE /clients/new', { headers: etag(enabled) });
  assert.equal(deleted.status, 204);
  assert.equal((await obtain(server, secret)).status, 401);
  assert.equal((await admin(server, 'GET /clients/new')).status, 404);
  const rows = [made, changed, disabled, deleted].map((answer) => server.audit(answer));
  for (const row of rows) {
    assert.equal(row?.client, 'operator');
    assert.equal(row?.outcome, 'changed');
    assert.equal(row?.change?.what, 'client new');
    assert.doesNotMatch(JSON.stringify(row), new RegExp(String(secret)));
  }
  const scopesOf = (told: unknown): unknown => (told as typeof entry | undefined)?.scopes;
  const { before, after } = rows[1]?.change ?? {};
  assert.deepEqual([scopesOf(before), scopesOf(after)], [['read'], ['read', 'write']]);
  assert.equal(rows[3]?.change?.after, undefined);
  assert.equal((await admin(server, 'POST /clients', { body: { ...entry, id: 'new' } })).status, 201, 'its id is free');
});

test('rotates a secret without an outage: two secrets are valid, and a third replaces the oldest', async (t) => {
  const server = await startAdministered(t);
  const { body: made } = await admin(server, 'POST /clients', { body: { ...entry, id: 'new' } });
  const { body: second } = await admin(server, 'POST /clients/new/secrets', { body: {} });
  for (const one of [made, second]) assertIssued(server, await obtain(server, one.secret));
  const { body: third } = await admin(server, 'POST /clients/new/secrets', { body: {} });
  assert.equal((await obtain(server, made.secret)).status, 401);
  for (const one of [second, third]) assertIssued(server, await obtain(server, one.secret));
  const [newest, older] = third.secrets as { id: string }[];
  assert.equal((await admin(server, `DELETE /clients/new/secrets/${older?.id}`)).status, 204);
  assert.equal((await obtain(server, second.secret)).status, 401);
  assert.equal((await admin(server, `DELETE /clients/new/secrets/${newest?.id}`)).status, 409);
  assertIssued(server, await obtain(server, third.secret));
});

test('refuses a change of an item that has changed since, or without If-Match (RFC 9110 section 13)', async (t) => {
  const server = await startAdministered(t);
  const made = await admin(server, 'POST /clients', { body: { ...entry, id: 'new' } });
  const put = (headers: Record<string, string>) => admin(server, 'PUT /clients/new', { body: entry, headers });
  assert.equal((await put({})).status, 428);
  assert.equal((await put({ 'if-match': '"0"' })).status, 412);
  const [one, other] = await Promise.all([put(etag(made)), put(etag(made))]);
  assert.deepEqual([one.status, other.status].toSorted(), [200, 412]);
  assert.equal((await admin(server, 'DELETE /clients/new', { headers: etag(made) })).status, 412);
  const read = await admin(server, 'GET /clients/new');
  assert.equal((await admin(server, 'DELETE /clients/new', { headers: etag(read) })).status, 204);
});

test('suspends the tokens of a disabled client, and revokes those of a deleted one for good', async (t) => {
  // Tokens for the API are addressed to the gateway, so that no rule need name the client.
  const grant = `grant: { audiences: [${API}], scopes: [read] }`;
  const rules = [`{ client: gateway, actor: { issuer: self }, ${grant} }`, `{ client: gateway, ${grant} }`];
  const source = changed(withRules(...rules), { clients: edited('gateway', { resource: API }) });
  const server = await start(t, withOperators(source));
  const operator = await adminToken(server);
  const make = () => admin(server, 'POST /clients', { body: { ...entry, id: 'new' }, token: operator });
  const goodFor = async (tokens: readonly unknown[]) =>
    Promise.all(tokens.map(async (token) => (await exchange(server, { subject_token: String(token) })).status));
  const issued = async (secret: unknown) => {
    const own = (await obtain(server, secret)).body.access_token;
    // About the client, issued to another one; and one in which it acts.
    const about = await exchange(server, { subject_token: String(own) });
    const acting = { actor_token: String(own), actor_token_type: type('access_token') };
    const acted = await exchange(server, acting);
    assertIssued(server, acted);
    assertIssued(server, about);
    return [own, about.body.access_token, acted.body.access_token];
  };
  const made = await make();
  const tokens = await issued(made.body.secret);
  assert.deepEqual(await goodFor(tokens), [200, 200, 200]);
  const put = async (disabled: boolean) => {
    const read = await admin(server, 'GET /clients/new', { token: operator });
    return admin(server, 'PUT /clients/new', { body: { ...entry, disabled }, headers: etag(read), token: operator });
  };
  assert.equal((await put(true)).status, 200);
  assert.deepEqual(await goodFor(tokens), [400, 400, 400]);
  assert.equal((await put(false)).status, 200);
  assert.deepEqual(await goodFor(tokens), [200, 200, 200], 'a suspension');
  const read = await admin(server, 'GET /clients/new', { token: operator });
  const deleted = await admin(server, 'DELETE /clients/new', { headers: etag(read), token: operator });
  assert.equal(deleted.status, 204);
  assert.deepEqual(await goodFor(tokens), [400, 400, 400]);
  const again = await make();
  assert.equal(again.status, 201);
  assert.deepEqual(await goodFor(tokens), [400, 400, 400], 'whichever client has the id now');
  assert.deepEqual(await goodFor(await issued(again.body.secret)), [200, 200, 200], 'at once');
});

test('treats a client that left the file and is registered anew as another one', async (t) => {
  const lasting = changed(withOperators(configuration, ISSUER), { issuer: ISSUER });
  const first = await start(t, lasting);
  const token = String((await first.token({ grant_type: 'client_credentials', ...stranger })).body.access_token);
  await first.close();
  const second = await start(t, changed(lasting, { clients: without('stranger') }), { folder: first.folder });
  const good = async (server: TestServer) =>
    (await server.post('/oauth/introspect', encode({ ...gateway, token }))).body.active;
  assert.equal(await good(second), false);
  const made = await admin(second, 'POST /clients', { body: { ...entry, id: 'stranger' } });
  assert.equal(made.status, 201, made.text);
  const form = { client_id: 'stranger', client_secret: String(made.body.secret) };
  const active = async (text: unknown) =>
    (await second.post('/oauth/introspect', encode({ ...form, token: String(text) }))).body.active;
  assert.equal(await active(token), false);
  const own = await second.token({ grant_type: 'client_credentials', ...form });
  assert.equal(await active(own.body.access_token), true);
});

test('works with a client generated from the OpenAPI document', async (t) => {
  const server = await startAdministered(t);
  const { body: definition } = await admin(server, 'GET /openapi.json');
  const api = new OpenAPIClientAxios({ definition: definition as never });
  const client = await api.init();
  client.defaults.headers.common.authorization = `Bearer ${await adminToken(server)}`;
  const made = await client['create-client']?.({}, { ...entry, id: 'new' });
  assert.equal(made?.status, 201);
  const read = await client['get-client']?.({ id: 'new' });
  assert.deepEqual(read?.data.entry.grants, ['client_credentials']);
  const listed = await client['list-clients']?.({ limit: 3 });
  assert.equal(listed?.data.items.length, 3);
  const deleted = await client['delete-client']?.({ id: 'new', 'If-Match': read?.headers.etag });
  assert.equal(deleted?.status, 204);
  await assert.rejects(async () => client['get-client']?.({ id: 'new' }), /404/);
});

test('runs cambio clients, keys and tokens on the database of a file, and through the API of a server', async (t) => {
  const server = await startAdministered(t);
  const file = join(server.folder, 'entry.yaml');
  writeFileSync(file, `auth: client_secret_post\ngrants: [client_credentials]\naudiences: [${API}]\nscopes: [read]\n`);
  const wider = join(server.folder, 'wider.json');
  const members = { auth: 'client_secret_post', grants: ['client_credentials'], audiences: [API] };
  writeFileSync(wider, JSON.stringify({ ...members, scopes: ['read', 'write'] }));
  const token = await adminToken(server);
  const ways = {
    local: (...args: string[]) => beside(t, server, args),
    remote: (...args: string[]) =>
      cambio(t, [...(args[0] ?? '').split(' '), ...args.slice(1), '--server', server.issuer], {
        env: { CAMBIO_TOKEN: token },
      }),
  };
  for (const [id, run] of Object.entries(ways)) {
    const added = await run('clients create', id, '--entry', file);
    assert.deepEqual([added.code, added.stderr], [0, '']);
    const works = (secret: string, status: number) =>
      eventually(
        () => {
          server.clock.now += 3000; // Failures are counted by the minute.
          return obtain(server, secret.trim(), id);
        },
        (answer) => answer.status === status,
      );
    await works(added.stdout, 200);
    const rotated = await run('clients rotate-secret', id);
    for (const { stdout } of [added, rotated]) await works(stdout, 200);
    assert.equal((await run('clients disable', id)).code, 0);
    await works(rotated.stdout, 401);
    assert.match(
      (await run('clients list')).stdout,
      new RegExp(`^${id} +registered +client_secret_post +client_credentials +disabled +\\w+ of \\S+Z`, 'm'),
    );
    assert.equal((await run('clients enable', id)).code, 0);
    await works(rotated.stdout, 200);
    const shown = await run('clients show', id, '--output', 'json');
    assert.equal(JSON.parse(shown.stdout).entry.disabled, undefined);
    assert.equal((await run('clients update', id, '--entry', wider)).code, 0);
    assert.match((await run('clients show', id)).stdout, /^scopes:\n {2}- read\n {2}- write$/m);
    const asked = await run('clients delete', id);
    assert.deepEqual([asked.code, asked.stdout], [2, '']);
    assert.match(asked.stderr, /deletes the client .*Add --yes to do it$/m);
    assert.equal((await run('clients delete', id, '--yes')).code, 0);
    await works(rotated.stdout, 401);
    const changes = await run('audit search', '--subject', id, '--since', '1h', '--until', '2100-01-01');
    const operator = id === 'remote' ? 'operator' : `${userInfo().username}@${hostname()}`;
    const lines = changes.stdout.split('\n').filter((line) => line.includes(operator));
    for (const [operation, said] of [
      ['create-client', `registered client ${id} added`],
      ['disable-client|replace-client|update-client', `registered client ${id}: disabled not set → true`],
      ['replace-client|update-client', `registered client ${id}: scopes write added`],
      ['delete-client', `registered client ${id} removed`],
    ] as const)
      assert.ok(
        lines.some((line) => new RegExp(` (${operation}) +\\S+ +${id} .*${said}`).test(line)),
        `${operation}\n${changes.stdout}`,
      );
    const unknown = await run('clients delete', id, '--yes');
    assert.deepEqual([unknown.code, unknown.stdout], [1, '']);
    assert.match(unknown.stderr, /there is no client/);
    assert.match((await run('keys list')).stdout, / {2}ES256 +active +/);
    const subject_token = await subjectToken(server);
    const { jti } = claimsOf(subject_token);
    assert.equal((await run('tokens revoke', String(jti))).code, 0);
    await eventually(
      () => exchange(server, { subject_token }),
      ({ status }) => status === 400,
    );
    const rows = await run('audit search', '--outcome', 'revoked', '--since', '1h', '--limit', '1', '--output', 'json');
    assert.equal(JSON.parse(rows.stdout).revoked, jti);
    assert.equal((await run('tokens revoke')).code, 2);
    assert.equal((await run('tokens revoke', 'x', '--subject', 'y')).code, 2);
  }
  const subject_token = await subjectToken(server);
  assert.equal((await exchange(server, { subject_token })).status, 200);
  assert.equal((await ways.remote('tokens revoke', '--all', '--yes')).code, 0);
  assert.equal((await exchange(server, { subject_token })).status, 400);
  assert.match((await ways.remote('clients list')).stderr, /answers 401/, 'the token of the operator is one of all');
  const neither = await cambio(t, ['clients', 'list']);
  assert.equal(neither.code, 2);
  const stranger = await cambio(t, ['clients', 'list', '--server', server.issuer, '--token', 'x.y.z']);
  assert.deepEqual([stranger.code, stranger.stdout], [1, '']);
  assert.match(stranger.stderr, /answers 401/);
});

test('refuses a file that declares a registered client until that client is deleted, also with the new file', async (t) => {
  const server = await startAdministered(t);
  const { secret } = (await admin(server, 'POST /clients', { body: { ...entry, id: 'moved' } })).body;
  const token = String((await obtain(server, secret, 'moved')).body.access_token);
  const before = changed(withOperators(configuration), { issuer: server.issuer });
  const named = {
    name: 'moved',
    client: 'gateway',
    subject: { issuer: 'self', clients: ['moved'] },
    grant: { audiences: [API] },
  };
  const file = changed(before, { clients: added(client('moved')), rules: added(named) });
  const refused = {
    name: 'Error',
    message: /clients\[moved\]\.id: the client “moved” is registered: .* cambio clients delete/,
  };
  await assert.rejects(server.reload(file), refused);
  assertIssued(server, await obtain(server, secret, 'moved'));
  const folder = await server.close().then(() => server.folder);
  const again = { folder, now: server.clock.now };
  await assert.rejects(start(t, file, again), refused);
  writeFileSync(join(folder, 'cambio.yaml'), yamlOf(file));
  const deleted = await beside(t, server, ['clients delete', 'moved', '--yes']);
  assert.deepEqual([deleted.code, deleted.stderr], [0, '']);
  const next = await start(t, file, again);
  assert.deepEqual(
    [(await obtain(next, secret, 'moved')).status, (await obtain(next, 'moved-secret', 'moved')).status],
    [401, 200],
  );
  assertRefused(next, await exchange(next, { subject_token: token }), {
    ...SUBJECT_REFUSED,
    reason: 'subject_token_revoked',
  });
  await next.reload(before);
  for (const one of [secret, 'moved-secret']) assert.equal((await obtain(next, one, 'moved')).status, 401);
});
