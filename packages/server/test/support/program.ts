// Runs a program under test: starts its command line, reads its output, and ends it with the test by its process id.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import type { TestContext } from 'node:test';
import { canaries } from './canaries.ts';

export const repository = resolve(import.meta.dirname, '../../../..');
/** The program as `npm test` has built it, or from the sources. */
export const PROGRAM = process.env.CAMBIO_PROGRAM ?? join(repository, 'packages/server/bin/cambio.mjs');

type Test = Pick<TestContext, 'after'>;
type Signal = 'SIGTERM' | 'SIGINT' | 'SIGKILL' | 'SIGUSR1';

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Program {
  /** Resolves when it has printed the text. @throws Error with all output if it ends before */
  readonly printed: (text: string | RegExp) => Promise<void>;
  /** The same for its error output. */
  readonly warned: (text: string | RegExp) => Promise<void>;
  readonly tell: (signal: Signal) => void;
  /** Like Ctrl-C in a terminal: signals the program and all its processes. */
  readonly tellGroup: (signal: Signal) => void;
  /** The exit code when it is known; null if a signal ended the program. */
  readonly exited: Promise<number | null>;
  /** Resolves when the program and all its processes have ended. */
  readonly ended: Promise<Ending>;
}

export interface Surroundings {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export function startProgram(t: Test, [command = '', ...args]: readonly string[], around: Surroundings = {}): Program {
  const child = spawn(command, args, {
    cwd: around.cwd ?? repository,
    env: { ...process.env, NO_UPDATE_NOTIFIER: '1', ...around.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  let closed = false;
  const ended = once(child, 'close').then(([code, signal]): Ending => {
    closed = true;
    return { code, signal, ...output };
  });
  /** The process group that `detached` made. It has all processes of the program, and its number is in use until all have ended. */
  const tellGroup = (signal: NodeJS.Signals): void => {
    if (closed || child.pid === undefined) return;
    try {
      process.kill(-child.pid, signal);
    } catch (error) {
      // All have ended, and their output is still to be read.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
  t.after(async () => {
    tellGroup('SIGKILL');
    const { stdout, stderr } = await ended;
    canaries.look(`what ${command} printed`, stdout + stderr);
  });
  const until = (name: 'stdout' | 'stderr', text: string | RegExp): Promise<void> =>
    new Promise((fulfil, reject) => {
      const look = (): void => {
        if (output[name].search(typeof text === 'string' ? RegExp.escape(text) : text) >= 0) fulfil();
      };
      child[name].on('data', look);
      look();
      ended.then(({ code, stdout, stderr }) =>
        reject(new Error(`ended with ${code} before it printed ${text}:\n${stdout}\n${stderr}`)),
      );
    });
  return {
    printed: (text) => until('stdout', text),
    warned: (text) => until('stderr', text),
    tell: (signal) => child.kill(signal),
    tellGroup,
    exited: once(child, 'exit').then(([code]) => code),
    ended,
  };
}

/** Runs a program to its end. */
export const runProgram = (t: Test, command: readonly string[], around: Surroundings = {}): Promise<Ending> =>
  startProgram(t, command, around).ended;

export function temporaryFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'cambio-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** May every user of the machine enter the folder and its parents? */
export function isOpenToAll(folder: string): boolean {
  const open = process.platform === 'win32' || (statSync(folder).mode & 1) === 1;
  return open && (dirname(folder) === folder || isOpenToAll(dirname(folder)));
}

/** A folder for temporary files that every user may enter. */
export const findOpenFolder = (): string =>
  [tmpdir(), '/tmp', '/var/tmp'].find((folder) => existsSync(folder) && isOpenToAll(folder)) ?? tmpdir();

/** PATH with the Node of this repository first, as `npm` sets it. */
export const path = [dirname(process.execPath), process.env.PATH].join(delimiter);

/** A Node of the system that is too old to run the sources. */
export function findOldNode(): string | undefined {
  const candidates = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
  return candidates
    .map((folder) => join(folder, 'node'))
    .filter((file) => existsSync(file))
    .find((file) => Number(spawnSync(file, ['-p', 'process.versions.node.split(".")[0]']).stdout) < 24);
}
