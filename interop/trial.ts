// Runs commands, and reads the lines in which a program reports its trials.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Trial {
  /** The package, as the manifest names it. */
  readonly client: string;
  readonly what: string;
  /** What a user must know: a key of Cambio's file, or an option of the library. */
  readonly setting: string;
  /** `works`; `fails`, as the program expected; `wrong`, the opposite of what it expected. */
  readonly outcome: 'works' | 'fails' | 'wrong';
  readonly detail: string;
}

const OUTCOMES: readonly string[] = ['works', 'fails', 'wrong'];

/** A line of a program: `trial`, client, what, setting, outcome and detail, with tabs between. */
export function trialsIn(output: string): readonly Trial[] {
  return output
    .split('\n')
    .map((line) => line.split('\t'))
    .filter(([mark]) => mark === 'trial')
    .map(([, client = '', what = '', setting = '', outcome = '', detail = '']) => {
      if (!OUTCOMES.includes(outcome)) throw new Error(`not an outcome: ${outcome}`);
      return { client, what, setting, outcome: outcome as Trial['outcome'], detail };
    });
}

export interface Ending {
  readonly code: number | null;
  readonly output: string;
}

interface Around {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly limitMs: number;
}

/** Runs a command to its end. A command that exceeds its time is stopped, with all processes that it started. */
export async function run(
  [program = '', ...parameters]: readonly string[],
  { cwd, env, limitMs }: Around,
): Promise<Ending> {
  const child = spawn(program, parameters, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const limit = setTimeout(() => {
    output += `\nstopped after ${limitMs / 1000} seconds\n`;
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, limitMs);
  try {
    const [code] = await once(child, 'close');
    return { code, output };
  } catch (error) {
    return { code: null, output: String(error) };
  } finally {
    clearTimeout(limit);
  }
}
