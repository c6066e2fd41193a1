// Starts the process of a contender, and measures it: a program of Node from inside, another program from /proc.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Profiler } from 'node:inspector/promises';
import { join } from 'node:path';
import { startPartner } from '../interop/partners/program.ts';
import type { Place, Program } from './contender.ts';
import type { Question, Usage } from './meter.ts';
import { cpuOfProcess, memoryOf, processesOf } from './processes.ts';

export interface Running {
  /** What its start cost. */
  readonly start: Start;
  /** As the program tells it; undefined: a program of this repository. */
  readonly version?: string;
  readonly usage: () => Promise<Usage>;
  /** Like `usage`, and restarts the measurement of the event loop. */
  readonly watch: () => Promise<Usage>;
  /** Profiles the first process while the work runs. */
  readonly profile: (work: () => Promise<unknown>) => Promise<Profiler.Profile>;
}

export interface Start extends Pick<Usage, 'cpu' | 'memory'> {
  /** Milliseconds until it answers. */
  readonly ready: number;
}

const METER = join(import.meta.dirname, 'meter.ts');
const FLAGS = ['--conditions=source', '--disable-warning=ExperimentalWarning', '--import', METER];

interface Around extends Pick<Place, 'folder' | 'after'> {
  readonly name: string;
}

export async function startNode(command: readonly string[], { folder, name, after }: Around): Promise<Running> {
  const began = performance.now();
  const child = spawn(process.execPath, [...FLAGS, ...command], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    cwd: folder,
  });
  const exited = once(child, 'exit');
  const end = (): boolean => child.kill('SIGTERM');
  process.once('exit', end);
  after(async () => {
    process.off('exit', end);
    end();
    await exited;
  });
  await untilServing(child, name);
  const ready = performance.now() - began;
  const ask = async <T = Usage>(meter: Question['meter']): Promise<T> => {
    child.send({ meter } satisfies Question);
    const [answer] = await once(child, 'message');
    return answer;
  };
  return {
    start: { ...(await ask('usage')), ready },
    usage: () => ask('usage'),
    watch: () => ask('watch'),
    profile: async (work) => {
      await ask('profile');
      await work();
      return ask<Profiler.Profile>('profiled');
    },
  };
}

/** @throws Error with its output if it ends first */
async function untilServing(child: ChildProcess, name: string): Promise<void> {
  let printed = '';
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        printed += text;
        if (printed.includes(' serves ')) resolve();
      });
    }
    child.once('exit', () => reject(new Error(`${name} ended: ${printed}`)));
  });
}

/** All processes of its group are measured. The event loop of another runtime is not. */
export async function startProgram(program: Program, port: number, after: Place['after']): Promise<Running> {
  const began = performance.now();
  const group = await startPartner({ after }, program.run, {
    cwd: program.cwd,
    env: program.env ?? {},
    ready: `http://127.0.0.1:${port}${program.ready}`,
  });
  const ready = performance.now() - began;
  const usage = async (): Promise<Usage> => {
    const pids = processesOf(group);
    const sum = (of: (pid: number) => number): number => pids.reduce((total, pid) => total + of(pid), 0);
    return { cpu: sum(cpuOfProcess), memory: sum(memoryOf), held: { p99: Number.NaN, max: Number.NaN } };
  };
  return {
    start: { ...(await usage()), ready },
    version: program.version,
    usage,
    watch: usage,
    profile: () => Promise.reject(new Error('only a program of Node can be profiled')),
  };
}
