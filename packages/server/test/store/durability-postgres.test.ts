// Failures of PostgreSQL, of the network and failovers: callers get 503 in time, and the server recovers without a restart.
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { exchange, gateway, subjectToken } from '../support/basics.ts';
import { type Answer, read, start, type TestServer } from '../support/harness.ts';
import { introspect, refresh, revoke } from '../support/life.ts';
import { eventually, shared } from '../support/node.ts';
import { lock, query, startPostgres } from '../support/postgres.ts';
import { startProxy } from '../support/proxy.ts';

const postgres = await startPostgres({ after });

/** A server, and a proxy between it and its database. */
async function startBehindProxy(t: TestContext) {
  const url = await postgres.database();
  const proxy = await startProxy(t as { after: (work: () => Promise<void>) => void }, postgres.port);
  const through = shared(url.replace(String(postgres.port), String(proxy.port)));
  const server = await start(t, through);
  return { server, proxy, url };
}

const get = async (server: TestServer, path: string): Promise<Answer> => read(await fetch(server.issuer + path));

/** Sends valid requests of every kind, many at the same time. They are answered although the failure lasts. */
async function assertUnavailable(server: TestServer, held: { token: string; refreshToken: unknown }): Promise<void> {
  const { once } = server;
  const asked: [string, Promise<Answer>][] = Array.from(
    { length: 8 },
    () =>
      [
        ['client credentials', once.token({ grant_type: 'client_credentials', ...gateway })],
        ['exchange', exchange(once, { subject_token: held.token })],
        ['refresh', refresh(once, held.refreshToken)],
        ['revoke', revoke(once, held.token)],
      ] as [string, Promise<Answer>][],
  ).flat();
  await Promise.all(
    asked.map(async ([what, asking]) => {
      const { status, body, headers } = await asking;
      assert.deepEqual([what, status, body.error], [what, 503, 'temporarily_unavailable']);
      assert.equal(headers.get('retry-after'), '1');
      assert.equal('access_token' in body, false);
    }),
  );
  assert.equal((await get(server, '/readyz')).status, 503);
  assert.equal((await get(server, '/livez')).status, 200);
  assert.equal((await get(server, '/.well-known/jwks.json')).status, 200);
}

/** Requires recovery without a restart, with the tokens that were issued before. */
async function assertRecovered(server: TestServer, held: { token: string; refreshToken: unknown }): Promise<void> {
  await eventually(
    () => get(server, '/readyz'),
    ({ status }) => status === 200,
  );
  const ask = () => exchange(server, { subject_token: held.token });
  // Many at the same time, so that all connections are used. A busy machine may have no time for one of them.
  await Promise.all(Array.from({ length: 20 }, () => eventually(ask, ({ status }) => status === 200)));
  const { status, text } = await refresh(server, held.refreshToken);
  assert.equal(status, 200, text);
}

async function hold(server: TestServer): Promise<{ token: string; refreshToken: unknown }> {
  const token = await subjectToken(server);
  const ask = () => exchange(server, { subject_token: token });
  // As many requests as the pool has connections, so that all are open when the failure begins.
  const answers = await Promise.all(Array.from({ length: 12 }, ask));
  return { token, refreshToken: answers[0]?.body.refresh_token };
}

const faults = {
  'the connection to the database is cut': { fail: 'cut' },
  'the database accepts connections and never answers (Q15)': { fail: 'silence' },
  'every answer of the database is too slow': { fail: 'slow' },
} as const;

for (const [title, { fail }] of Object.entries(faults)) {
  test(`${title}: answers 503 in time, still serves keys and liveness, and recovers`, async (t) => {
    const { server, proxy } = await startBehindProxy(t);
    const held = await hold(server);
    if (fail === 'slow') proxy.delay(1000);
    else proxy[fail]();
    await assertUnavailable(server, held);
    await assertUnavailable(server, held);
    proxy.mend();
    await assertRecovered(server, held);
  });
}

test('answers 503 while the database is read-only, as after a failover, and recovers', async (t) => {
  const { server, url } = await startBehindProxy(t);
  const held = await hold(server);
  const name = new URL(url).pathname.slice(1);
  const set = (value: string) =>
    query(url.replace(name, 'postgres'), `alter database ${name} set default_transaction_read_only = ${value}`);
  await set('on');
  // The setting applies to new sessions.
  await query(
    url,
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'cambio' and datname = '${name}'`,
  );
  await assertUnavailable(server, held);
  await set('off');
  await assertRecovered(server, held);
});

test('answers 503 in time while a table is locked, and uses the other tables', async (t) => {
  const { server, url } = await startBehindProxy(t);
  const held = await hold(server);
  const unlock = await lock(url, 'audit');
  const { status, body } = await exchange(server.once, { subject_token: held.token });
  assert.deepEqual([status, body.error], [503, 'temporarily_unavailable']);
  assert.equal((await introspect(server, held.token)).body.active, true);
  await unlock();
  await assertRecovered(server, held);
});

test('loses nothing that it answered when the database restarts', async (t) => {
  const url = await postgres.database();
  const server = await start(t, shared(url));
  const held = await hold(server);
  const revoked = await exchange(server, { subject_token: held.token });
  assert.equal((await revoke(server, revoked.body.access_token)).status, 200);
  await postgres.stop();
  await assertUnavailable(server, held);
  await postgres.start();
  await assertRecovered(server, held);
  assert.equal((await introspect(server, revoked.body.access_token)).body.active, false);
  const listening =
    "select 1 from pg_stat_activity where application_name = 'cambio listening' and datname = current_database()";
  await eventually(
    () => query(url, listening),
    (rows) => rows.length === 1,
  );
});

test('a node that has not polled for a second accepts no token: another node may have revoked it', async (t) => {
  const { server, proxy, url } = await startBehindProxy(t);
  const other = await start(t, shared(url));
  const held = await hold(other);
  assert.equal((await introspect(server, held.token)).body.active, true);
  proxy.cut();
  assert.equal((await revoke(other, held.token)).status, 200);
  const { headers } = await eventually(
    () => introspect(server.once, held.token),
    ({ status }) => status === 503,
  );
  assert.equal(headers.get('retry-after'), '1');
  proxy.mend();
  await eventually(
    () => introspect(server, held.token),
    ({ body }) => body.active === false,
  );
});
