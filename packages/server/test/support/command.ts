// Runs a command as a user does: the real program, its exit code, and its output.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { mock, type TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { runProgram } from '../../src/cli/program.ts';
import { canaries } from './canaries.ts';
import type { TestServer } from './harness.ts';
import { PROGRAM, repository } from './program.ts';

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Around {
  readonly env?: Readonly<Record<string, string>>;
  /** Standard input. */
  readonly input?: string;
  readonly cwd?: string;
  /** Run in a process of its own even if not needed. */
  readonly apart?: true;
}

/** Runs `cambio` with these arguments to its end: in this process, one at a time, or in its own process if needed. */
export async function cambio(
  t: Pick<TestContext, 'after'>,
  args: readonly string[],
  around: Around = {},
): Promise<Outcome> {
  for (const arg of args) if (/^eyJ/.test(arg)) canaries.plant(arg);
  const outcome = await run(t, args, around);
  canaries.look(`what ${args[0]} printed`, outcome.stdout + outcome.stderr);
  return outcome;
}

async function run(t: Pick<TestContext, 'after'>, args: readonly string[], around: Around): Promise<Outcome> {
  if (around.input !== undefined || around.apart) return runApart(t, args, around);
  const running = before.then(() => runUnlocked(args, around));
  before = running.catch(() => undefined);
  return running;
}

/** The running command. Commands run one at a time, because they share environment, folder and console. */
let before: Promise<unknown> = Promise.resolve();

/** A command here keeps the server of this process from ending a transaction that it has begun. */
async function runUnlocked(args: readonly string[], around: Around): Promise<Outcome> {
  for (let left = 10; ; left--) {
    const outcome = await runHere(args, around);
    if (left === 0 || outcome.stderr !== 'cambio: database is locked\n') return outcome;
    await wait(100);
  }
}

async function runHere(args: readonly string[], { env = {}, cwd }: Around): Promise<Outcome> {
  const output = { stdout: '', stderr: '' };
  const mocks = (['log', 'error'] as const).map((method) =>
    mock.method(console, method, (text: string) => {
      output[method === 'log' ? 'stdout' : 'stderr'] += `${text}\n`;
    }),
  );
  const written = mock.method(process.stdout, 'write', (chunk: string | Uint8Array, ...others: never[]): boolean => {
    // The runner of the tests writes its reports as bytes.
    if (typeof chunk !== 'string') return write(chunk, ...others);
    output.stdout += chunk;
    return true;
  });
  const folder = process.cwd();
  const surroundings = { ...process.env };
  Object.assign(process.env, env);
  if (cwd !== undefined) process.chdir(cwd);
  try {
    return { code: await runProgram(args), ...output };
  } finally {
    process.chdir(folder);
    process.env = surroundings;
    for (const one of [...mocks, written]) one.mock.restore();
  }
}

const write = process.stdout.write.bind(process.stdout) as (chunk: string | Uint8Array, ...others: never[]) => boolean;

async function runApart(
  t: Pick<TestContext, 'after'>,
  args: readonly string[],
  { env = {}, input = '', cwd = repository }: Around,
): Promise<Outcome> {
  const child = spawn(process.execPath, [PROGRAM, ...args], { cwd, env: { ...process.env, ...env }, stdio: 'pipe' });
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

/** The environment that the configuration file of a test server needs. */
export const environmentOf = ({ issuer }: Pick<TestServer, 'issuer'>): Record<string, string> => ({
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

/** The output, parsed as JSON. */
export function jsonOf({ stdout, stderr }: Outcome): Record<string, unknown> {
  assert.equal(stderr, '');
  return JSON.parse(stdout);
}
