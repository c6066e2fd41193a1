// Starts servers with a clock that the harness sets.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../support/harness.ts';
import type { Target } from './caller.ts';
import type { Setting } from './clocked-server.ts';
import type { Bench } from './fault.ts';

const PROGRAM = join(import.meta.dirname, 'clocked-server.ts');

export interface Clocked extends Target {
  readonly file: string;
  /** Resolves when the server uses it. */
  readonly set: (setting: Setting) => Promise<void>;
}

export async function startClocked(bench: Bench, yaml: string, setting: Setting): Promise<Clocked> {
  const folder = mkdtempSync(join(tmpdir(), 'cambio-clocked-'));
  const file = join(folder, 'cambio.yaml');
  writeFileSync(file, yaml);
  const port = await freePort();
  const child = fork(PROGRAM, [file, JSON.stringify(setting)], {
    env: { ...process.env, PORT: String(port) },
    execArgv: ['--conditions=source', '--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  bench.after(async () => {
    child.kill('SIGKILL');
    await exited;
    rmSync(folder, { recursive: true, force: true });
  });
  const heard = async (text: string): Promise<void> => {
    for (;;) {
      const [message] = await Promise.race([
        once(child, 'message'),
        exited.then(() => {
          throw new Error('the server ended');
        }),
      ]);
      if (message === text) return;
    }
  };
  await heard('ready');
  return {
    url: `http://127.0.0.1:${port}`,
    up: true,
    ended: 0,
    file,
    set: async (next) => {
      const done = heard('set');
      child.send(next);
      await done;
    },
  };
}
