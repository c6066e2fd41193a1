// A command run as a user would: the program itself, its exit code, and what it prints.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { TestContext } from 'node:test';
import { Command } from 'commander';
import type { CliCommand } from '../src/cli/command.ts';
import type { TestServer } from './harness.ts';
import { repository } from './program.ts';

const BIN = join(repository, 'packages/server/bin/cambio.mjs');

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Around {
  readonly env?: Readonly<Record<string, string>>;
  /** What stands on standard input. */
  readonly input?: string;
  readonly cwd?: string;
}

/** Runs `cambio` with these arguments to its end. */
export async function cambio(
  t: Pick<TestContext, 'after'>,
  args: readonly string[],
  { env = {}, input = '', cwd = repository }: Around = {},
): Promise<Outcome> {
  const child = spawn(process.execPath, [BIN, ...args], { cwd, env: { ...process.env, ...env }, stdio: 'pipe' });
  t.after(() => child.kill('SIGKILL'));
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  // A command that does not read its input may end before all of it is written.
  child.stdin.on('error', () => undefined).end(input);
  const [code] = await once(child, 'close');
  return { code, ...output };
}

/** What the configuration file of a test server needs. */
export const environmentOf = ({ issuer }: TestServer): Record<string, string> => ({
  ISSUER: issuer,
  PORT: new URL(issuer).port,
});

/** Runs a command with the configuration of a test server. */
export const beside = (
  t: Pick<TestContext, 'after'>,
  server: TestServer,
  [name = '', ...args]: readonly string[],
  around: Around = {},
): Promise<Outcome> =>
  cambio(t, [...name.split(' '), '--config', join(server.folder, 'cambio.yaml'), ...args], {
    ...around,
    env: { ...environmentOf(server), ...around.env },
  });

/** The same in this process, for many of a kind: starting the program takes a second. */
export async function within(
  t: Pick<TestContext, 'mock'>,
  server: TestServer,
  command: CliCommand,
  args: readonly string[],
): Promise<Outcome> {
  const output = { stdout: '', stderr: '' };
  const keep = (name: keyof typeof output, method: 'log' | 'error') =>
    t.mock.method(console, method, (text: string) => {
      output[name] += `${text}\n`;
    });
  const mocks = [keep('stdout', 'log'), keep('stderr', 'error')];
  const program = command.describe(new Command()).exitOverride();
  let code = 2;
  program.action(async (options: Record<string, unknown>) => {
    code = await command.run(options, []);
  });
  try {
    await program.parseAsync(['--config', settled(server), ...args], { from: 'user' });
  } finally {
    for (const { mock } of mocks) mock.restore();
  }
  return { code, ...output };
}

/** The configuration file of a test server, without variables. */
function settled(server: TestServer): string {
  const file = join(server.folder, 'settled.yaml');
  const text = readFileSync(join(server.folder, 'cambio.yaml'), 'utf8');
  const environment = Object.entries(environmentOf(server));
  writeFileSync(
    file,
    environment.reduce((all, [name, value]) => all.replaceAll(`\${${name}}`, value), text),
  );
  return file;
}

/** Several at a time: a command takes a second to start. */
export async function inTurn<T, R>(items: readonly T[], work: (item: T) => Promise<R>, atOnce = 3): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) results[index] = await work(items[index] as T);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

/** Every row of every table. */
export function everythingIn({ folder }: Pick<TestServer, 'folder'>): Record<string, unknown[]> {
  const database = new DatabaseSync(join(folder, 'cambio.db'), { readOnly: true });
  try {
    const tables = database.prepare("select name from sqlite_master where type = 'table' order by name").all();
    return Object.fromEntries(tables.map(({ name }) => [name, database.prepare(`select * from ${name}`).all()]));
  } finally {
    database.close();
  }
}

/** What is printed as JSON. */
export function jsonOf({ stdout, stderr }: Outcome): Record<string, unknown> {
  assert.equal(stderr, '');
  return JSON.parse(stdout);
}
