// The database fails, in every way that a network and a failover know: callers are told 503 in time and blamed for nothing,
// and once it is back the server goes on by itself.
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { exchange, gateway, subjectToken } from '../support/basics.ts';
import { type Answer, read, start, type TestServer } from '../support/harness.ts';
import { introspect, refresh, revoke } from '../support/life.ts';
import { eventually, shared } from '../support/node.ts';
import { query, startPostgres } from '../support/postgres.ts';
import { startProxy } from '../support/proxy.ts';

/** Milliseconds: promised is about one second; the rest is for a busy machine. */
const DEADLINE = 2000;

const postgres = await startPostgres({ after });

/** A server, and the wire to its database. */
async function startBehindProxy(t: TestContext) {
  const url = await postgres.database();
  const proxy = await startProxy(t as { after: (work: () => Promise<void>) => void }, postgres.port);
  const server = await start(t, shared(url.replace(String(postgres.port), String(proxy.port))));
  return { server, proxy, url };
}

const get = async (server: TestServer, path: string): Promise<Answer> => read(await fetch(server.issuer + path));

async function inTime(what: string, asked: Promise<Answer>): Promise<Answer> {
  const began = performance.now();
  const answer = await asked;
  const milliseconds = performance.now() - began;
  assert.ok(milliseconds < DEADLINE, `${what}: ${milliseconds} ms`);
  return answer;
}

/** Good requests of every kind, many at once. */
async function assertUnavailable(server: TestServer, held: { token: string; refreshToken: unknown }): Promise<void> {
  const asked: [string, Promise<Answer>][] = Array.from(
    { length: 8 },
    () =>
      [
        ['client credentials', server.token({ grant_type: 'client_credentials', ...gateway })],
        ['exchange', exchange(server, { subject_token: held.token })],
        ['refresh', refresh(server, held.refreshToken)],
        ['revoke', revoke(server, held.token)],
      ] as [string, Promise<Answer>][],
  ).flat();
  await Promise.all(
    asked.map(async ([what, asking]) => {
      const { status, body, headers } = await inTime(what, asking);
      assert.deepEqual([what, status, body.error], [what, 503, 'temporarily_unavailable']);
      assert.equal(headers.get('retry-after'), '1');
      assert.equal('access_token' in body, false);
    }),
  );
  assert.equal((await inTime('readyz', get(server, '/readyz'))).status, 503);
  assert.equal((await inTime('livez', get(server, '/livez'))).status, 200);
  assert.equal((await inTime('keys', get(server, '/.well-known/jwks.json'))).status, 200);
}

/** Without a restart, and with what was issued before. */
async function assertRecovered(server: TestServer, held: { token: string; refreshToken: unknown }): Promise<void> {
  await eventually(
    () => get(server, '/readyz'),
    ({ status }) => status === 200,
    5000,
  );
  const ask = () => exchange(server, { subject_token: held.token });
  // On a slow machine the first of them may still be too slow for the deadline.
  await eventually(
    async () => (await Promise.all(Array.from({ length: 20 }, ask))).map(({ status }) => status),
    (statuses) => statuses.every((status) => status === 200),
    10_000,
  );
  assert.equal((await refresh(server, held.refreshToken)).status, 200);
}

async function hold(server: TestServer): Promise<{ token: string; refreshToken: unknown }> {
  const token = await subjectToken(server);
  // As many at once as the pool has connections: all of them are open when the fault comes.
  const answers = await Promise.all(Array.from({ length: 12 }, () => exchange(server, { subject_token: token })));
  return { token, refreshToken: answers[0]?.body.refresh_token };
}

const faults = {
  'the wire to the database is cut': { fail: 'cut' },
  'the database is half-open: it answers nothing and refuses nothing (Q15)': { fail: 'silence' },
  'each answer of the database takes too long': { fail: 'slow' },
} as const;

for (const [title, { fail }] of Object.entries(faults)) {
  test(`${title}: 503 in time, keys and liveness go on, and it recovers by itself`, async (t) => {
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

test('a database that can only be read, as after a failover: 503, and it recovers by itself', async (t) => {
  const { server, url } = await startBehindProxy(t);
  const held = await hold(server);
  const name = new URL(url).pathname.slice(1);
  const set = (value: string) =>
    query(url.replace(name, 'postgres'), `alter database ${name} set default_transaction_read_only = ${value}`);
  await set('on');
  // The setting counts from the next session on.
  await query(
    url,
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'cambio' and datname = '${name}'`,
  );
  await assertUnavailable(server, held);
  await set('off');
  await assertRecovered(server, held);
});

test('a table that somebody has locked: 503 in time, and the other tables go on', async (t) => {
  const { server, url } = await startBehindProxy(t);
  const held = await hold(server);
  const locking = query(url, 'begin; lock table audit; select pg_sleep(3); rollback');
  await eventually(
    () =>
      query(
        url,
        "select 1 from pg_locks where relation = 'audit'::regclass and granted and mode = 'AccessExclusiveLock'",
      ),
    (rows) => rows.length === 1,
  );
  const { status, body } = await inTime('exchange', exchange(server, { subject_token: held.token }));
  assert.deepEqual([status, body.error], [503, 'temporarily_unavailable']);
  assert.equal((await inTime('introspect', introspect(server, held.token))).body.active, true);
  await locking;
  await assertRecovered(server, held);
});

test('the database stops and starts again, connections and all: nothing that was told is lost', async (t) => {
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
    5000,
  );
});

test('a node that has not heard of the others for a second calls no token good: one may have been revoked there', async (t) => {
  const { server, proxy, url } = await startBehindProxy(t);
  const other = await start(t, shared(url));
  const held = await hold(other);
  assert.equal((await introspect(server, held.token)).body.active, true);
  proxy.cut();
  assert.equal((await revoke(other, held.token)).status, 200);
  // From a second on; the rest is for a busy machine, and less than any longer patience would take.
  const { headers } = await eventually(
    () => introspect(server, held.token),
    ({ status }) => status === 503,
    3500,
  );
  assert.equal(headers.get('retry-after'), '1');
  proxy.mend();
  await eventually(
    () => introspect(server, held.token),
    ({ body }) => body.active === false,
    5000,
  );
});
