// The server of a soak: `cambio serve` with a short retention, whose configuration changes and which is restarted.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cambioCommand } from './cambio.ts';
import type { Place } from './contender.ts';

const PROGRAM = join(import.meta.dirname, '../packages/server/bin/cambio.mjs');

export interface Soaked {
  readonly start: () => Promise<void>;
  readonly stop: (signal: 'SIGTERM' | 'SIGKILL') => Promise<void>;
  /** Changes a value of the file, which the server reads again. */
  readonly reload: () => void;
  /** Runs a command with the file. @returns its exit code */
  readonly command: (...words: readonly string[]) => Promise<number>;
  /** MiB of resident memory; undefined while the server does not run. */
  readonly memory: () => number | undefined;
}

/** @param store as in the configuration file */
export function openSoaked(place: Place, store: string, retention: string): Soaked {
  cambioCommand(place, store);
  const file = join(place.folder, 'cambio.yaml');
  appendFileSync(file, `audit: { retention: ${retention}, checkpointEvery: 10s }\n`);
  const text = readFileSync(file, 'utf8');
  let child: ChildProcess | undefined;
  let exited: Promise<unknown> = Promise.resolve();
  let changes = 0;
  return {
    start: async () => {
      const started = spawn(process.execPath, [PROGRAM, 'serve', '--config', file], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      exited = once(started, 'exit');
      started.stdout.setEncoding('utf8');
      for await (const line of started.stdout.iterator({ destroyOnReturn: false }))
        if (line.includes(' serves ')) break;
      started.stdout.resume();
      child = started;
    },
    stop: async (signal) => {
      const stopped = child;
      child = undefined;
      stopped?.kill(signal);
      await exited;
    },
    reload: () => writeFileSync(file, `${text}branding: { name: Soak ${++changes} }\n`),
    command: async (...words) => {
      const run = spawn(process.execPath, [PROGRAM, ...words, '--config', file], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      const [code] = await once(run, 'exit');
      return code;
    },
    memory: () => {
      if (child === undefined) return undefined;
      const [, kib] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? [];
      return kib === undefined ? undefined : Number(kib) / 1024;
    },
  };
}
