// A standby of PostgreSQL that people's searches read, and the primary in its place while it cannot be read.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { decodeJwt } from 'jose';
import { sql } from 'kysely';
import { openPostgres } from '../../src/store/postgres.ts';
import { readPostgresUrl } from '../../src/store/postgres-url.ts';
import { openReaders } from '../../src/store/replica.ts';
import { admin } from '../support/admin-api.ts';
import { cambio } from '../support/command.ts';
import { changed, yamlOf } from '../support/configuration.ts';
import { freePort } from '../support/harness.ts';
import { eventually, isActiveAt, own, revokeAt, type ServerNode, shared, startNode } from '../support/node.ts';
import { administeredLife } from '../support/nodes.ts';
import { query, startPostgres } from '../support/postgres.ts';
import { temporaryFolder } from '../support/program.ts';

const primary = await startPostgres({ after });

const through = (url: string, port: number): string => url.replace(/:\d+\//, `:${port}/`);

interface Found {
  readonly items: readonly { readonly requestId: string }[];
  readonly position?: number;
  readonly replica?: { readonly used: boolean };
}

interface Answered extends Found {
  readonly token: { readonly id: string; readonly state: string };
}

/** A busy machine answers 503. */
const ask = async (node: ServerNode, path: string): Promise<Answered> => {
  const { body } = await eventually(
    () => admin({ ...node, issuer: node.url }, `GET ${path}`),
    ({ status }) => status !== 503,
  );
  return body as unknown as Answered;
};

const search = (node: ServerNode, filter = ''): Promise<Found> =>
  ask(node, `/audit?client=gateway&outcome=issued&limit=50${filter}`);

const revoked = (node: ServerNode, token: string) =>
  eventually(
    () => revokeAt(node, token),
    ({ status }) => status === 200,
  );

const issued = (node: ServerNode) =>
  eventually(
    () => own(node),
    ({ status }) => status === 200,
  );

/** The replica is read again some seconds after a failure. */
const until = (node: ServerNode, used: boolean): Promise<Found> =>
  eventually(
    () => search(node),
    ({ replica }) => replica?.used === used,
  );

/** `/status` says why the replica cannot be read, or nothing. */
const replicaFault = async (node: ServerNode, why?: RegExp): Promise<void> => {
  const { faults } = await eventually(
    async () =>
      (await ask(node, '/status')) as unknown as { faults: { kind: string; serves: boolean; details: string[] }[] },
    ({ faults }) => faults.some(({ kind }) => kind === 'replica_unread') === (why !== undefined),
  );
  const fault = faults.find(({ kind }) => kind === 'replica_unread');
  assert.equal(fault?.serves, why && true);
  if (why !== undefined) assert.match(String(fault?.details), why);
};

test('people read the replica, which then has all that was committed before, and the primary while the replica is behind or gone', async (t) => {
  const url = await primary.database();
  const replica = await (await primary.backUp(t)).start('standby');
  const standby = through(url, replica.port);
  const node = await startNode(t, changed(shared(url, administeredLife()), { store: { url, replica: standby } }));
  let { position } = await until(node, true);
  const file = join(temporaryFolder(t), 'cambio.yaml');
  writeFileSync(file, yamlOf(shared(standby, administeredLife())));
  const { code, stderr } = await cambio(t, ['keys', 'rotate', '--config', file], { env: { PORT: '1' } });
  assert.equal(code, 1);
  assert.match(
    stderr,
    /cannot open the database on 127\.0\.0\.1 port \d+: it can only be read, as a standby\. Name the primary/,
  );
  const read: string[] = [];
  /** Gets a token, and the rows that were written since the last call. */
  const issue = async (): Promise<string> => {
    const { body } = await issued(node);
    const token = String(body.access_token);
    const id = decodeJwt(token).jti ?? '';
    const found = await search(node, `&token=${id}`);
    assert.equal(found.items.length, 1, 'a row is found from its answer on');
    const later = await search(node, `&after=${position}`);
    ({ position } = later);
    read.push(...later.items.map(({ requestId }) => requestId));
    assert.equal(read.at(-1), found.items[0]?.requestId);
    assert.equal((await ask(node, `/tokens/${id}`)).token.state, 'active');
    await revoked(node, token);
    assert.equal((await ask(node, `/tokens/${id}`)).token.state, 'revoked');
    return token;
  };
  for (let count = 1; count <= 5; count++) await issue();
  await ask(node, '/overview');

  const postgresOf = (text: string) => readPostgresUrl(text, '/').connection ?? assert.fail();
  const store = openPostgres(postgresOf(url), 'requests');
  const location = { kind: 'postgres', connection: postgresOf(url), replica: postgresOf(standby) } as const;
  const readers = await openReaders(store, location, () => undefined);
  const backend = sql<{ pid: number }>`select pg_backend_pid() as pid`;
  const { result: pids, replica: use } = await readers.read((from) =>
    Promise.all([1, 2, 3].map(async () => (await backend.execute(from)).rows[0]?.pid)),
  );
  assert.equal(use?.used, true);
  assert.equal(
    new Set(pids).size,
    1,
    'an address may stand for several standbys, and only one was asked how far it is',
  );
  const slow = readers.read((from) => sql`select pg_sleep(2)`.execute(from), 100);
  await assert.rejects(slow, { reason: 'store_unavailable' }, 'the primary is not asked the same');
  assert.equal(readers.failure(), undefined);
  assert.equal((await readers.read((from) => backend.execute(from))).replica?.used, true);
  await Promise.all([readers.close(), store.destroy()]);

  await query(standby, 'select pg_wal_replay_pause()');
  // What decides never asks the replica.
  assert.equal(await isActiveAt(node, await issue()), false);
  await until(node, false);
  await node.prints(/the replica of the database cannot be read: it is behind the primary/);
  await query(standby, 'select pg_wal_replay_resume()');
  const all = await until(node, true);
  await replicaFault(node);
  assert.deepEqual(read, all.items.map(({ requestId }) => requestId).toReversed(), 'each row once');
  await node.prints(/the replica of the database can be read again/);

  const checked = await cambio(t, ['check', '--online', '--config', node.file], { env: { PORT: '1' } });
  assert.match(checked.stdout, /the replica can be read/, checked.stderr);
  await query(standby, 'select pg_promote()');
  const alone = await until(node, false);
  await replicaFault(node, /^it is not a standby$/);
  assert.equal(alone.items.length, read.length);
  await node.prints(/cannot be read: it is not a standby/);
  await replica.stop();
  assert.deepEqual((await search(node)).replica, { used: false });
});

test('a database that is not a standby of the primary is not read as its replica; without one, searches do not mention it', async (t) => {
  const [url, other] = [await primary.database(), await primary.database()];
  const alone = await startNode(t, shared(other, administeredLife()));
  assert.equal((await search(alone)).replica, undefined);
  const node = await startNode(t, changed(shared(url, administeredLife()), { store: { url, replica: other } }));
  await issued(node);
  const found = await search(node);
  assert.deepEqual([found.items.length > 0, found.replica], [true, { used: false }]);
  await node.prints(/cannot be read: it is not a standby/);
  const { stderr } = await cambio(t, ['check', '--online', '--config', node.file], { env: { PORT: '1' } });
  assert.match(stderr, /store\.replica: it is not a standby\. Name a standby/);
});

test('a node says that its replica cannot be read before anybody searches', async (t) => {
  const metrics = await freePort();
  const [url, gone] = [await primary.database(), through(await primary.database(), await freePort())];
  const serve = (store: unknown) =>
    startNode(
      t,
      changed(shared(url, administeredLife()), { store, server: { metrics: { host: '127.0.0.1', port: metrics } } }),
    );
  const scrape = async (): Promise<string> => (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text();
  const node = await serve({ url, replica: gone });
  await eventually(scrape, (text) => /^cambio_replica_unread 1$/m.test(text));
  await replicaFault(node, /^nothing listens on that port$/);
  node.signal('SIGTERM');
  await node.exited;
  await serve(url);
  assert.match(await scrape(), /^cambio_replica_unread 0$/m, 'without a replica, none is missing');
});
