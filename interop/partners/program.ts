// Starts the program of a partner, and waits until it answers.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Cleanup } from './company.ts';

const READY_LIMIT_MS = 280_000;
const PAUSE_MS = 50;

interface Started {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** URL that answers 200 once the program is ready. */
  readonly ready: string;
}

/** @returns the id of its process group @throws Error with the output if the program ends, or is not ready in time */
export async function startPartner(
  t: Cleanup,
  [command = '', ...rest]: readonly string[],
  started: Started,
): Promise<number> {
  const child = spawn(command, rest, {
    cwd: started.cwd,
    env: { ...process.env, ...started.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = once(child, 'close');
  const end = (): void => {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined)
      process.kill(-child.pid, 'SIGKILL');
  };
  // Ctrl-C does not reach a process group of its own.
  process.once('exit', end);
  t.after(async () => {
    process.off('exit', end);
    end();
    await ended;
  });
  const limit = Date.now() + READY_LIMIT_MS;
  while (!(await answers(started.ready))) {
    if (child.exitCode !== null || child.signalCode !== null || Date.now() > limit)
      throw new Error(
        `${basename(command)} is not ready (${child.signalCode ?? child.exitCode ?? 'too slow'}):\n${output}`,
      );
    await pause(PAUSE_MS);
  }
  return child.pid ?? 0;
}

const answers = (url: string): Promise<boolean> =>
  fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
