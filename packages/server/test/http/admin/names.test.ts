// A registered client never has the name of another party: at registration, start, reload, and on nodes with different files.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigurationError } from '../../../src/app.ts';
import { type AdminCall, admin, administered, startAdministered, withOperators } from '../../support/admin-api.ts';
import { API, configuration } from '../../support/basics.ts';
import { added, changed, changeFile, entries } from '../../support/configuration.ts';
import { type Answer, freePort, start, type TestServer } from '../../support/harness.ts';
import { entry, startIssuer } from '../../support/issuer.ts';
import { eventually, startNode } from '../../support/node.ts';
import { scrape } from '../../support/scrape.ts';

const ISSUER = 'https://login.example';
/** The same name on every node. */
const lasting = changed(withOperators(configuration, ISSUER), { issuer: ISSUER });

const ENTRY = { auth: 'client_secret_post', grants: ['client_credentials'], audiences: [API], scopes: ['read'] };
const account = (username: string, sub?: string) => ({
  username,
  password: { plain: 'password' },
  ...(sub && { sub }),
});
const ANY = { 'if-match': '*' };

const register = (server: TestServer, id: string, members: object = {}): Promise<Answer> =>
  admin(server, 'POST /clients', { body: { ...ENTRY, ...members, id } });

const obtain = (server: Pick<TestServer, 'token'>, client_id: string, client_secret: unknown): Promise<Answer> =>
  server.token({ grant_type: 'client_credentials', client_id, client_secret: String(client_secret) });

const faultsOf = ({ status, body }: Answer) => [
  status,
  ...((body.errors ?? []) as { at: string; detail: string }[]).map(({ at }) => at),
];

test('refuses a client with the name of an account or of a subject of another issuer, or with the SPIFFE ID or workload of another client', async (t) => {
  const idp = await startIssuer(t);
  const upstream = {
    issuer: 'https://people.example',
    name: 'corp',
    clientId: 'cambio',
    secret: { plain: 'upstream' },
  };
  const server = await start(
    t,
    changed(administered, {
      accounts: entries([account('ada'), account('bob', 'person-1')]),
      issuers: entries([entry(idp, { audiences: '[https://jobs.example, https://more.example]' })]),
      upstream,
    }),
  );
  for (const id of ['ada', 'bob', 'person-1', 'idp:ada', 'corp:ada', 'idp:'])
    assert.deepEqual(faultsOf(await register(server, id)), [422, 'body.id'], id);
  for (const id of ['adam', 'person', 'idp', 'other:ada', 'Ada'])
    assert.equal((await register(server, id)).status, 201, id);
  const workload = (audience: string) => ({
    auth: 'none',
    grants: ['token_exchange'],
    workload: { issuer: 'idp', audience },
    audiences: undefined,
    scopes: undefined,
  });
  const first = await register(server, 'jobs', workload('https://jobs.example'));
  assert.equal(first.status, 201, first.text);
  assert.deepEqual(faultsOf(await register(server, 'more', workload('https://jobs.example'))), [422, 'body.workload']);
  assert.equal((await register(server, 'more', workload('https://more.example'))).status, 201);
  const renamed = { headers: ANY, body: { ...ENTRY, ...workload('https://jobs.example') } } as AdminCall;
  assert.deepEqual(faultsOf(await admin(server, 'PUT /clients/more', renamed)), [422, 'body.workload']);
});

test('refuses a new file that gives the name of a registered client to another party, until the client is deleted', async (t) => {
  const metrics = await freePort();
  const node = await startNode(t, changed(lasting, { server: { metrics: { port: metrics } } }));
  const server = { issuer: node.url, token: node.token } as TestServer;
  const { body } = await register(server, 'carol');
  const faulty = async () => (await scrape(metrics)).value('cambio_configuration_faulty');
  changeFile(node.file, { accounts: added(account('carol')) });
  await eventually(faulty, (value) => value === 1);
  await node.prints('accounts[carol]: the client “carol” is registered: an account has the name "carol" too');
  await node.prints('keeping the previous configuration');
  assert.equal((await node.get('/readyz')).status, 200);
  assert.equal((await obtain(server, 'carol', body.secret)).status, 200);
  assert.equal((await admin(server, 'DELETE /clients/carol', { headers: ANY })).status, 204);
  await eventually(faulty, (value) => value === 0);
  assert.deepEqual(faultsOf(await register(server, 'carol')), [422, 'body.id']);
});

test('refuses to start with a file that gives the name of a registered client to another party; a running node leaves the client out', async (t) => {
  const first = await start(t, lasting);
  const { body } = await register(first, 'dora');
  const withDora = changed(lasting, { accounts: entries([account('dora')]) });
  const elsewhere = { store: `sqlite:${join(first.folder, 'cambio.db')}` };
  await assert.rejects(
    start(t, changed(withDora, elsewhere)),
    (error) => error instanceof ConfigurationError && /“dora” is registered/.test(error.message),
  );
  // Twin: another account. Then the other node registers a client with its name, which the file of that node does not use.
  const second = await start(t, changed(lasting, { accounts: entries([account('emil')]) }, elsewhere), {
    now: first.clock.now,
  });
  assert.equal((await obtain(second, 'dora', body.secret)).status, 200);
  const { body: emil } = await register(first, 'emil');
  const { body: later } = await register(first, 'later');
  assert.equal((await obtain(first, 'emil', emil.secret)).status, 200);
  await eventually(
    async () => (await obtain(second, 'later', later.secret)).status,
    (status) => status === 200,
  );
  assert.equal((await obtain(second, 'emil', emil.secret)).status, 401);
});

test('reads, changes and deletes a client whose id is as long and unusual as an id can be', async (t) => {
  const server = await startAdministered(t);
  const odd = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index))
    .join('')
    .replace('*', '');
  for (const id of [odd, 'x'.repeat(256), '%2F..%2F', ' ', 'a/b', '...']) {
    const place = `/clients/${encodeURIComponent(id)}`;
    assert.equal((await register(server, id)).status, 201, id);
    const shown = await admin(server, `GET ${place}`);
    assert.deepEqual([shown.status, shown.body.id], [200, id]);
    const call = { headers: ANY, body: { ...ENTRY, disabled: true } };
    assert.equal((await admin(server, `PUT ${place}`, call)).status, 200, id);
    assert.equal((await admin(server, `DELETE ${place}`, { headers: ANY })).status, 204, id);
  }
  for (const id of ['', '.', '..', 'x'.repeat(257), 'ä', 'a\tb', 'a*'])
    assert.deepEqual(faultsOf(await register(server, id)), [422, 'body.id'], id);
});
