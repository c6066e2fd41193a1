// The connection to PostgreSQL: verified TLS, and what the database does when the machine at our end is lost.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { readPostgresUrl } from '../../src/store/postgres-url.ts';
import { nextRevision } from '../../src/store/registered-clients.ts';
import { openStore } from '../../src/store/store.ts';
import { selfSigned } from '../support/certificate.ts';
import { freePort } from '../support/harness.ts';
import { eventually, own, shared, startNode } from '../support/node.ts';
import { query, startPostgres } from '../support/postgres.ts';

const folder = mkdtempSync(join(tmpdir(), 'cambio-tls-'));
after(() => rmSync(folder, { recursive: true, force: true }));
chmodSync(folder, 0o755);
const write = (name: string, text: string, mode = 0o644): string => {
  const file = join(folder, name);
  writeFileSync(file, text, { mode });
  return file;
};
const certificate = await selfSigned({ type: 'ip', value: '127.0.0.1' });
const stranger = await selfSigned({ type: 'ip', value: '127.0.0.1' });
const authority = write('authority.pem', certificate.cert);
const key = write('server-key.pem', certificate.key, 0o600);
const postgres = await startPostgres({ after });
const url = await postgres.database();
// As root the server runs as a user of its own, who must own its key.
const idOf = (flag: string) => Number(spawnSync('id', [flag, 'postgres']).stdout);
if (process.getuid?.() === 0) chownSync(key, idOf('-u'), idOf('-g'));
for (const setting of [`ssl_cert_file = '${authority}'`, `ssl_key_file = '${key}'`, 'ssl = on'])
  await query(url, `alter system set ${setting}`);
await query(url, 'select pg_reload_conf()');
await eventually(
  () => query(url, 'show ssl'),
  ([row]) => row?.ssl === 'on',
  10_000,
);
const store = (text: string) => {
  const { connection } = readPostgresUrl(text, folder);
  return openStore({ kind: 'postgres', connection: connection ?? assert.fail(text) }, 'write', Date.now());
};

test('every connection of a node is verified TLS where the URL says so', async (t) => {
  const node = await startNode(t, shared(`${url}?sslmode=verify-full&sslrootcert=${authority}`));
  assert.equal((await own(node)).status, 200);
  const connections = () =>
    query(
      url,
      "select distinct application_name as name, ssl from pg_stat_ssl join pg_stat_activity using (pid) where application_name like 'cambio%' order by name",
    );
  const protectedBoth = [
    { name: 'cambio', ssl: true },
    { name: 'cambio listening', ssl: true },
  ];
  await eventually(connections, (rows) => isDeepStrictEqual(rows, protectedBoth));
});

test('a certificate of a stranger, of another name, and a server without TLS are refused before the password is sent; the message says what to do', async (t) => {
  const strange = write('strange.pem', stranger.cert);
  const received: string[] = [];
  const plain = createServer((socket) => {
    socket
      .on('error', () => undefined)
      .on('data', (data) => {
        received.push(data.toString('hex'));
        socket.write('N');
      });
  });
  const port = await freePort();
  await new Promise<void>((resolve) => plain.listen(port, '127.0.0.1', resolve));
  t.after(() => void plain.close());
  const inTheClear = url.replace(/:\d+\//, `:${port}/`);
  for (const refused of [
    `${url}?sslmode=verify-full&sslrootcert=${strange}`,
    `${url}?sslmode=verify-full`,
    `${url.replace('127.0.0.1', 'localhost')}?sslmode=verify-full&sslrootcert=${authority}`,
    `${inTheClear}?sslmode=require&sslrootcert=${authority}`,
  ])
    await assert.rejects(
      store(refused),
      ({ message }: Error) =>
        /^the database (127\.0\.0\.1|localhost) port \d+ cannot be opened: .*sslrootcert/.test(message) &&
        !message.includes('cambio:cambio'),
      refused,
    );
  // SSLRequest, and nothing else.
  assert.deepEqual(new Set(received), new Set(['0000000804d2162f']));
  // Neither does the environment turn verification off.
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  try {
    await assert.rejects(store(`${url}?sslmode=verify-full&sslrootcert=${strange}`), /cannot be opened/);
  } finally {
    delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
  }
  await (await store(`${url}?sslmode=verify-full&sslrootcert=${authority}`)).destroy();
  await (await store(url)).destroy();
});

test('the transaction of a node that is lost holds its locks for two seconds at most', async (t) => {
  const [lost, other] = [await store(url), await store(url)];
  t.after(() => other.destroy());
  const { promise: forEver, resolve: come } = Promise.withResolvers<void>();
  const { promise: holds, resolve: taken } = Promise.withResolvers<void>();
  const ended = lost
    .transaction()
    .execute(async (transaction) => {
      await nextRevision(transaction);
      taken();
      await forEver;
    })
    .catch((error: Error) => error);
  await holds;
  await assert.rejects(nextRevision(other), /lock timeout|statement timeout|within/);
  await eventually(
    () => nextRevision(other).catch(() => 0),
    (revision) => revision > 0,
    10_000,
  );
  come();
  assert.ok((await ended) instanceof Error, 'what the lost node wrote is not there');
  await lost.destroy();
  // Twin: a transaction that goes on.
  const revision = await other.transaction().execute(nextRevision);
  assert.equal(await nextRevision(other), revision + 1);
});
