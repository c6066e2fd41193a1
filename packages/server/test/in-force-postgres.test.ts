// Changes come into force on nodes that share PostgreSQL, even while connections end and tables are locked.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { withOperators } from './support/admin-api.ts';
import { API, client } from './support/basics.ts';
import { added, all, type Configuration, changed, changeFile, edited } from './support/configuration.ts';
import { freePort, read } from './support/harness.ts';
import { ISSUER } from './support/life.ts';
import { eventually, type ServerNode, served, shared, startNode } from './support/node.ts';
import { lock, query, startPostgres } from './support/postgres.ts';
import { startProxy } from './support/proxy.ts';
import { scrape } from './support/scrape.ts';

const postgres = await startPostgres({ after });
const url = await postgres.database();
const metrics = await freePort();
const world = withOperators(shared(url), ISSUER);
const one = await startNode({ after }, changed(world, { server: { metrics: { port: metrics } } }));
const two = await startNode({ after }, world);

const tokenOf = (node: ServerNode, id: string, secret = `${id}-secret`) =>
  node.token({ grant_type: 'client_credentials', client_id: id, client_secret: secret });

const becomes = (node: ServerNode, id: string, secret: string, status: number) =>
  eventually(
    async () => (await tokenOf(node, id, secret)).status,
    (answered) => answered === status,
  );

async function admin(node: ServerNode, method: string, path: string, body?: unknown, ifMatch = '*') {
  const { access_token: token } = (await tokenOf(node, 'operator')).body;
  const headers = {
    authorization: `Bearer ${token}`,
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...(method !== 'POST' && { 'if-match': ifMatch }),
  };
  const sent = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
  return served(async () => read(await fetch(`${node.url}/admin/v1${path}`, sent)));
}

const entry = { auth: 'client_secret_post', grants: ['client_credentials'], audiences: [API], scopes: ['read'] };

/** Registers a client that both nodes know. @returns its secret */
async function register(id: string): Promise<string> {
  const answer = await admin(two, 'POST', '/clients', { id, ...entry });
  assert.equal(answer.status, 201, answer.text);
  const secret = String(answer.body.secret);
  for (const node of [one, two]) await becomes(node, id, secret, 200);
  return secret;
}

const TERMINATE =
  "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'cambio%' and pid <> pg_backend_pid()";

const disabling = (id: string): Configuration => ({ clients: edited(id, { disabled: true }) });
const people = {
  accounts: [{ username: 'ada', password: { plain: 'lovelace' } }],
  clients: added(
    client('web', { grants: ['authorization_code'], redirectUris: ['https://web.example/cb'], scopes: ['openid'] }),
  ),
};

test('reports a change that waits for the database as a metric, is not ready after five seconds, and puts it in force later, without delaying others', async () => {
  const secret = await register('meanwhile');
  const pending = async () => (await scrape(metrics)).value('cambio_configuration_pending_seconds') ?? Number.NaN;
  const ready = async (node = one) => (await node.get('/readyz')).status;
  assert.deepEqual([await pending(), await ready()], [0, 200]);
  // The file needs a secret for cookies, and the table of secrets is locked.
  const unlock = await lock(url, 'secrets');
  changeFile(one.file, people, disabling('plain'));
  await eventually(pending, (seconds) => seconds > 0);
  assert.equal(await ready(), 200);
  const disabled = await admin(two, 'PUT', '/clients/meanwhile', { ...entry, disabled: true });
  assert.equal(disabled.status, 200, disabled.text);
  await becomes(one, 'meanwhile', secret, 401);
  await eventually(ready, (status) => status === 503);
  assert.deepEqual([await ready(two), (await tokenOf(one, 'plain')).status], [200, 200]);
  await unlock();
  await becomes(one, 'plain', 'plain-secret', 401);
  await eventually(ready, (status) => status === 200);
  assert.equal(await pending(), 0);
  await one.prints('a change is not in force yet');
  await one.prints('the change is in force now');
});

test('puts the last change in force on every node while connections end, a table is locked, and clients and files change', async () => {
  const secrets = [await register('a'), await register('b'), await register('c')];
  for (const [index, id] of ['a', 'b', 'c'].entries()) {
    const unlock = index === 1 ? await lock(url, 'registered_clients') : async () => undefined;
    const ending = (async () => {
      for (let round = 0; round < 8; round++) {
        await query(url, TERMINATE);
        await wait(50);
      }
      await unlock();
    })();
    changeFile(one.file, { rules: all({ name: `beside${id}` }) });
    // A request that is refused because the database failed is sent again, as by an operator.
    await eventually(async () => {
      const { body } = await admin(two, 'GET', `/clients/${id}`).catch(() => ({
        body: {} as Record<string, unknown>,
      }));
      if ((body.entry as { disabled?: boolean } | undefined)?.disabled) return true;
      await admin(two, 'PUT', `/clients/${id}`, { ...entry, disabled: true }).catch(() => undefined);
      return false;
    }, Boolean);
    await ending;
    for (const node of [one, two]) await becomes(node, id, secrets[index] ?? '', 401);
  }
  changeFile(one.file, disabling('other'));
  one.signal('SIGHUP');
  await becomes(one, 'other', 'other-secret', 401);
  for (const node of [one, two]) assert.equal((await node.get('/readyz')).status, 200);
});

test('reloads without the database: a file comes into force although every table is locked', async () => {
  const unlock = await lock(url, 'secrets, signing_keys, registered_clients, revisions');
  changeFile(two.file, disabling('agent'));
  await two.prints(/cambio read .* again/);
  await unlock();
  assert.equal(
    (await two.token({ grant_type: 'client_credentials' }, { authorization: `Basic ${btoa('agent:agent-secret')}` }))
      .status,
    401,
  );
});

test('puts a file without some hundred accounts in force at once on a slow connection, and revokes each account once despite failures', async (t) => {
  const own = await postgres.database();
  const proxy = await startProxy(t, postgres.port);
  const slow = new URL(own);
  slow.port = String(proxy.port);
  const password = { hash: '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc' };
  const accounts = Array.from({ length: 701 }, (_, index) => ({ username: `p${index}`, password }));
  const node = await startNode(t, changed(shared(slow.href), people, { accounts }));
  proxy.delay(2);
  // The table can be read: a node that cannot read revocations soon answers nothing, before it looks at the client.
  const unlock = await lock(own, 'revocations', 'exclusive');
  changeFile(node.file, { accounts: accounts.slice(0, 1) }, disabling('plain'));
  await becomes(node, 'plain', 'plain-secret', 401);
  await node.prints('tokens of removed accounts (700) are not revoked yet');
  await unlock();
  const revoked = async () =>
    (
      await query(own, "select count(*)::int as n, max(sequence)::int as last from revocations where kind = 'subject'")
    )[0];
  await eventually(revoked, (row) => row?.n === 700);
  await eventually(
    async () => (await node.get('/readyz')).status,
    (status) => status === 200,
  );
  const rows = await query(own, "select personal from audit where personal like '%accounts removed%'");
  const named = rows.flatMap(
    ({ personal }) => JSON.parse(String(personal)).removed.map(({ sub }: { sub: string }) => sub) as string[],
  );
  assert.deepEqual(
    named.toSorted(),
    accounts
      .slice(1)
      .map(({ username }) => username)
      .toSorted(),
  );
  assert.deepEqual([rows.length, (await revoked())?.n], [2, 700]);
});
