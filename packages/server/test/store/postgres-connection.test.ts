// The connection to PostgreSQL: verified TLS, messages for people, and the end of transactions of lost nodes.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { readPostgresUrl } from '../../src/store/postgres-url.ts';
import { nextRevision } from '../../src/store/registered-clients.ts';
import { openStore } from '../../src/store/store.ts';
import { makeAuthority, selfSigned } from '../support/certificate.ts';
import { cambio } from '../support/command.ts';
import { changed, yamlOf } from '../support/configuration.ts';
import { freePort } from '../support/harness.ts';
import { eventually, own, shared, startNode } from '../support/node.ts';
import { query, startPostgres } from '../support/postgres.ts';
import { PROGRAM, type Program, startProgram, temporaryFolder } from '../support/program.ts';
import { scrape } from '../support/scrape.ts';

const folder = mkdtempSync(join(tmpdir(), 'cambio-tls-'));
after(() => rmSync(folder, { recursive: true, force: true }));
chmodSync(folder, 0o755);
const write = (name: string, text: string, mode = 0o644): string => {
  const file = join(folder, name);
  writeFileSync(file, text, { mode });
  return file;
};
const certificate = await selfSigned({ type: 'ip', value: '127.0.0.1' });
const untrusted = await selfSigned({ type: 'ip', value: '127.0.0.1' });
const authority = write('authority.pem', certificate.cert);
const key = write('server-key.pem', certificate.key, 0o600);
const postgres = await startPostgres({ after });
const url = await postgres.database();
/** Has PostgreSQL serve this certificate. */
async function serve(cert: string, key: string): Promise<void> {
  // If the tests run as root, PostgreSQL runs as another user, who must own its key.
  const idOf = (flag: string) => Number(spawnSync('id', [flag, 'postgres']).stdout);
  if (process.getuid?.() === 0) chownSync(key, idOf('-u'), idOf('-g'));
  for (const setting of [`ssl_cert_file = '${cert}'`, `ssl_key_file = '${key}'`, 'ssl = on'])
    await query(url, `alter system set ${setting}`);
  await query(url, 'select pg_reload_conf()');
  await eventually(
    () => query(url, "select current_setting('ssl') as ssl, current_setting('ssl_cert_file') as cert"),
    ([row]) => row?.ssl === 'on' && row.cert === cert,
  );
}
await serve(authority, key);
const store = (text: string) => {
  const { connection } = readPostgresUrl(text, folder);
  return openStore({ kind: 'postgres', connection: connection ?? assert.fail(text) }, 'write', Date.now());
};

test('every connection of a node uses verified TLS if the URL says so', async (t) => {
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

test('a renewed authority of the database is used for the next connection; while the new file is unusable, the one before it is', async (t) => {
  const trusted = write('trusted.pem', certificate.cert);
  const metrics = await freePort();
  const source = changed(shared(`${url}?sslmode=verify-full&sslrootcert=${trusted}`), {
    server: { metrics: { port: metrics } },
  });
  const node = await startNode(t, source);
  const failed = async (): Promise<number | undefined> =>
    (await scrape(metrics)).value('cambio_renewal_failed', { entry: 'store' });
  const disconnect = () =>
    query(url, "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'cambio%'");
  const serves = (status: number): Promise<unknown> =>
    eventually(
      async () => (await own(node.once)).status,
      (answered) => answered === status,
    );
  await serves(200);
  write('trusted.pem', 'damaged');
  await eventually(failed, (found) => found === 1);
  await disconnect();
  await serves(200);
  t.after(() => serve(authority, key));
  await serve(write('other.pem', untrusted.cert), write('other-key.pem', untrusted.key, 0o600));
  await disconnect();
  await serves(503);
  write('trusted.pem', untrusted.cert);
  await serves(200);
  await eventually(failed, (found) => found === undefined);
});

test('a node presents its client certificate, and the renewed one at the next connection; one of another user, or none, is refused', async (t) => {
  const [ours, strange] = await Promise.all([makeAuthority(), makeAuthority()]);
  const [first, renewed] = [await ours.issue('clerk'), await ours.issue('clerk')];
  const trusted = write('clients.pem', ours.cert);
  await query(url, "create role clerk login superuser password 'clerk'; create role keyless login superuser");
  const [{ hba } = {}] = await query(url, "select current_setting('hba_file') as hba");
  const rules = readFileSync(String(hba), 'utf8');
  writeFileSync(
    String(hba),
    `hostssl all clerk 127.0.0.1/32 password clientcert=verify-full\nhostssl all keyless 127.0.0.1/32 cert\n${rules}`,
  );
  await query(url, `alter system set ssl_ca_file = '${trusted}'`);
  await query(url, 'select pg_reload_conf()');
  t.after(async () => {
    writeFileSync(String(hba), rules);
    await query(url, 'select pg_reload_conf()');
  });
  await eventually(
    () => query(url, "select current_setting('ssl_ca_file') as authority"),
    ([row]) => row?.authority === trusted,
  );
  const clerk = url.replace('cambio:cambio@', 'clerk:clerk@');
  const present = (name: string, { cert, key }: { cert: string; key: string }, to = clerk): string =>
    `${to}?sslmode=verify-full&sslrootcert=${authority}&sslcert=${write(`${name}.pem`, cert)}&sslkey=${write(`${name}-key.pem`, key, 0o600)}`;
  const node = await startNode(t, shared(present('clerk', first)));
  const serials = () =>
    query(
      url,
      "select distinct client_dn as dn, client_serial::text as serial from pg_stat_ssl join pg_stat_activity using (pid) where usename = 'clerk' and application_name like 'cambio%'",
    );
  const serves = () =>
    eventually(
      async () => (await own(node)).status,
      (status) => status === 200,
    );
  const disconnect = () => query(url, "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'clerk'");
  const serialOf = ({ cert }: { cert: string }): string =>
    BigInt(`0x${new X509Certificate(cert).serialNumber}`).toString();
  const one = (serial: string) => (rows: unknown) => isDeepStrictEqual(rows, [{ dn: '/CN=clerk', serial }]);
  await serves();
  await eventually(serials, one(serialOf(first)));
  // Between the two files of a renewal, the certificate and the key do not belong together.
  write('clerk.pem', renewed.cert);
  await disconnect();
  await serves();
  await eventually(serials, one(serialOf(first)));
  write('clerk-key.pem', renewed.key);
  await disconnect();
  await serves();
  await eventually(serials, one(serialOf(renewed)));
  const keyless = url.replace('cambio:cambio@', 'keyless@');
  // With the method cert, the certificate is enough.
  await (await store(present('keyless', await ours.issue('keyless'), keyless))).destroy();
  const needs =
    'Write sslcert and sslkey in store, the files of a certificate from an authority in ssl_ca_file of the PostgreSQL server';
  for (const [refused, why] of [
    [
      `${clerk}?sslmode=verify-full&sslrootcert=${authority}`,
      `PostgreSQL asks the user clerk for a certificate. ${needs}`,
    ],
    [
      present('other', await ours.issue('other')),
      'PostgreSQL refuses the password or the certificate of the user clerk. Correct the user name or the password in store; in both, write all but letters and digits percent-encoded, such as %40 for @. The common name of the certificate in sslcert must be the user name',
    ],
    [
      present('another', await ours.issue('clerk'), keyless),
      'the certificate in sslcert is for another user. Its common name must be the user name in store',
    ],
    ...[await strange.issue('clerk'), await selfSigned({ type: 'dns', value: 'clerk' })].map(
      (certificate, index) =>
        [
          present(`strange-${index}`, certificate),
          `PostgreSQL does not accept the certificate in sslcert. ${needs}`,
        ] as const,
    ),
  ] as const)
    await assert.rejects(store(refused), {
      message: `cannot open the database on 127.0.0.1 port ${postgres.port}: ${why}`,
    });
});

test('refuses an untrusted certificate, another name and a server without TLS before sending the password, and says what to do', async (t) => {
  const strange = write('strange.pem', untrusted.cert);
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
  const on = `127.0.0.1 port ${postgres.port}`;
  const must = (host: string): string =>
    `Its certificate must name ${host} and come from an authority in sslrootcert, or from one that Node trusts`;
  const unknown = `cannot open the database on ${on}: its certificate is not from an authority that is trusted here. ${must('127.0.0.1')}`;
  for (const [refused, expected] of [
    [`${url}?sslmode=verify-full&sslrootcert=${strange}`, unknown],
    [`${url}?sslmode=verify-full`, unknown],
    [
      `${url.replace('127.0.0.1', 'localhost')}?sslmode=verify-full&sslrootcert=${authority}`,
      `cannot open the database on localhost port ${postgres.port}: its certificate is for another host name. ${must('localhost')}`,
    ],
    [
      `${inTheClear}?sslmode=require&sslrootcert=${authority}`,
      `cannot open the database on 127.0.0.1 port ${port}: it does not offer TLS. Set ssl = on in its postgresql.conf, with a certificate that names 127.0.0.1 and comes from an authority in sslrootcert, or from one that Node trusts`,
    ],
  ] as const)
    await assert.rejects(store(refused), { message: expected }, refused);
  // Only SSLRequest was sent.
  assert.deepEqual(new Set(received), new Set(['0000000804d2162f']));
  // The environment does not turn verification off.
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  try {
    await assert.rejects(
      store(`${url}?sslmode=verify-full&sslrootcert=${strange}`),
      /^Error: cannot open the database/,
    );
  } finally {
    delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
  }
  await (await store(`${url}?sslmode=verify-full&sslrootcert=${authority}`)).destroy();
  await (await store(url)).destroy();
});

test('explains why a database cannot be opened and what to do, without the password', async () => {
  const name = new URL(url).pathname.slice(1);
  const at = (change: (parts: URL) => unknown): string => {
    const parts = new URL(url);
    change(parts);
    return parts.href;
  };
  const closedPort = await freePort();
  const encoded =
    'Correct the user name or the password in store; in both, write all but letters and digits percent-encoded, such as %40 for @';
  const here = `cannot open the database on 127.0.0.1 port ${postgres.port}`;
  await query(url, "create role weak login password 'weak'");
  await query(url, 'create role closed login nosuperuser connection limit 0 password $$closed$$');
  for (const [text, expected] of [
    [
      at((parts) => Object.assign(parts, { port: String(closedPort) })),
      `cannot open the database on 127.0.0.1 port ${closedPort}: nothing listens on that port. Start PostgreSQL, or correct the host and the port in store`,
    ],
    [
      at((parts) => Object.assign(parts, { host: 'database.invalid:5432' })),
      'cannot open the database on database.invalid port 5432: there is no host database.invalid. Correct the host in store',
    ],
    [
      at((parts) => Object.assign(parts, { password: 'canary-wrong' })),
      `${here}: PostgreSQL refuses the password of the user cambio. ${encoded}`,
    ],
    [
      at((parts) => Object.assign(parts, { password: '' })),
      `${here}: PostgreSQL asks for a password, and store has none. Write postgres://USER:PASSWORD@HOST/DATABASE`,
    ],
    [
      at((parts) => Object.assign(parts, { pathname: '/canbio' })),
      `${here}: PostgreSQL has no database canbio. Create it with createdb canbio, or correct the name in store`,
    ],
    [
      at((parts) => Object.assign(parts, { username: 'closed', password: 'closed' })),
      `${here}: PostgreSQL has no connection left. Raise max_connections there, or start fewer nodes: each process opens up to 11`,
    ],
    [
      at((parts) => Object.assign(parts, { username: 'weak', password: 'weak' })),
      `${here}: the user weak lacks a right in the database. Make it the owner of the database, or let another role run cambio store migrate, with --grant for this one`,
    ],
    [
      `postgres://cambio@localhost:${postgres.port}/${name}?host=/nowhere`,
      'cannot open the database at the socket /nowhere: there is no such file. Start PostgreSQL, or correct the host and the port in store',
    ],
  ] as const)
    await assert.rejects(store(text), ({ message }: Error) => {
      assert.equal(message, expected);
      return true;
    });
});

test('check --online says how far the schema of a database is, what it cannot reach, and how long its certificates are valid', async (t) => {
  const file = join(folder, 'online.yaml');
  const check = async (database: string, expected: number): Promise<string> => {
    const text = `issuer: https://login.example\nserver: { metrics: off }\nstore: ${JSON.stringify(database)}\nsealingKey: { env: KEY }\n`;
    writeFileSync(file, text);
    const env = { KEY: Buffer.alloc(32, 1).toString('base64') };
    const { code, stdout, stderr } = await cambio(t, ['check', '--config', file, '--online'], { env });
    assert.equal(code, expected, stdout + stderr);
    return (stdout + stderr).replaceAll(file, 'FILE');
  };
  const empty = await postgres.database();
  const trusted = `${empty}?sslmode=verify-full&sslrootcert=${authority}`;
  assert.match(await check(trusted, 0), /^FILE:3:1: warning: store: the database has no tables of cambio yet\. /m);
  await (await store(trusted)).destroy();
  const current = await check(trusted, 0);
  assert.match(current, /^database: store: its schema is that of this version \(/m);
  assert.match(current, /^clock: store: the clock of the database agrees with the clock here$/m);
  assert.match(current, /store: the certificate in .*authority\.pem (?:is valid for|expires in) \d+ (?:days|h)/m);
  const [last] = await query(
    empty,
    'delete from migrations where name = (select max(name) from migrations) returning name',
  );
  assert.match(
    await check(trusted, 0),
    new RegExp(`^FILE:3:1: warning: store: its schema is 1 step behind this version: ${last?.name}\\. The start`, 'm'),
  );
  await query(empty, "insert into migrations values ('9998_a', 0), ('9999_b', 0)");
  assert.match(await check(trusted, 1), /^FILE:3:1: store: the database is 2 steps ahead of this version of cambio/m);
  const dead = `postgres://cambio:cambio@127.0.0.1:${await freePort()}/x`;
  assert.match(await check(dead, 1), /^FILE:3:1: store: .*nothing listens on that port/m);
});

test('the transaction of a lost node holds its locks for two seconds or less', async (t) => {
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
  await assert.rejects(nextRevision(other), /timeout|within/);
  await eventually(
    () => nextRevision(other).catch(() => 0),
    (revision) => revision > 0,
  );
  come();
  assert.ok((await ended) instanceof Error, 'what the lost node wrote is not there');
  await lost.destroy();
  // The accepted twin: a transaction that is not idle.
  const revision = await other.transaction().execute(nextRevision);
  assert.equal(await nextRevision(other), revision + 1);
});

test('a server waits for a database that comes up late, says so, and stops when it is told to', async (t) => {
  const closed = await freePort();
  const begin = (store: string, ...options: string[]): Program => {
    const place = temporaryFolder(t);
    writeFileSync(join(place, 'cambio.yaml'), yamlOf(changed(shared(store), { server: { metrics: 'off' } })));
    const command = [process.execPath, PROGRAM, 'serve', '--config', 'cambio.yaml', ...options];
    return startProgram(t, command, { cwd: place, env: { PORT: '0' } });
  };
  const absent = url.replace(/:\d+\//, `:${closed}/`);
  await postgres.stop();
  t.after(() => postgres.stop().then(postgres.start));
  const [late, stopped, never] = [
    begin(url, '--wait', '10m'),
    begin(absent),
    begin(absent, '--wait', '2s', '--workers', '2'),
  ];
  const nothing = (port: number): string =>
    `cannot open the database on 127.0.0.1 port ${port}: nothing listens on that port. Start PostgreSQL, or correct the host and the port in store`;
  await late.warned(
    new RegExp(`waiting for the database \\(\\d+ s of 10 min\\): ${RegExp.escape(nothing(postgres.port))}`),
  );
  await stopped.warned(nothing(closed));
  stopped.tell('SIGTERM');
  assert.deepEqual(await stopped.exited, 0);
  const gaveUp = await never.ended;
  assert.equal(gaveUp.code, 1);
  assert.match(gaveUp.stderr, new RegExp(`^cambio: after \\d+ s: ${nothing(closed)}$`, 'm'));
  assert.equal(gaveUp.stdout, '');
  await postgres.start();
  await late.printed('the database answers after');
  await late.printed('cambio serves');
  late.tell('SIGTERM');
  assert.equal(await late.exited, 0);
});

test('a server does not wait where the database answers and refuses', async (t) => {
  const file = join(temporaryFolder(t), 'cambio.yaml');
  for (const [change, expected] of [
    [{ password: 'canary-wrong' }, /^cambio: cannot open the database .* refuses the password of the user cambio\..*$/],
    [{ pathname: '/canbio' }, /^cambio: cannot open the database .* has no database canbio\..*$/],
    [
      { search: `?sslmode=verify-full&sslrootcert=${write('never.pem', untrusted.cert)}` },
      /^cambio: .*certificate is not from/,
    ],
  ] as const) {
    writeFileSync(
      file,
      yamlOf(changed(shared(Object.assign(new URL(url), change as object).href), { server: { metrics: 'off' } })),
    );
    const { code, stderr } = await cambio(t, ['serve', '--config', file], { env: { PORT: '0' } });
    assert.equal(code, 1);
    assert.match(stderr.trimEnd(), expected);
  }
});
