// A running contender: its own process, metered, called from here, and cleaned up at the end.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Profiler } from 'node:inspector/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openConnection, writeGet, writeRequest } from './connection.ts';
import type { Contender } from './contender.ts';
import type { Issuers } from './issuers.ts';
import type { Question, Usage } from './meter.ts';
import type { Form } from './request.ts';
import type { Workload } from './workloads.ts';

export interface Served {
  readonly contender: Contender;
  readonly port: number;
  /** Requests of a workload, as bytes. */
  readonly prepare: (workload: Workload, count: number) => Promise<readonly Buffer[]>;
  readonly usage: () => Promise<Usage>;
  /** Like `usage`, and restarts the measurement of the event loop. */
  readonly watch: () => Promise<Usage>;
  /** Profiles the first process while the work runs. */
  readonly profile: (work: () => Promise<unknown>) => Promise<Profiler.Profile>;
  readonly stop: () => Promise<void>;
}

const METER = join(import.meta.dirname, 'meter.ts');
const FLAGS = ['--conditions=source', '--disable-warning=ExperimentalWarning', '--import', METER];
/** Connections for requests that prepare a round. */
const OBTAINING = 8;

export async function serve(contender: Contender, issuers: Issuers, { workers = 1 } = {}): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), 'cambio-bench-'));
  const port = await freePort();
  const works = [async () => rmSync(folder, { recursive: true, force: true })];
  const after = (work: () => Promise<void>): void => void works.unshift(work);
  const command = await contender.command({ port, folder, issuers, workers, after });
  const child = spawn(process.execPath, [...FLAGS, ...command], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    cwd: folder,
  });
  const exited = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await exited;
    for (const work of works) await work();
  };
  try {
    await untilServing(child, contender.name);
  } catch (error) {
    await stop();
    throw error;
  }
  const ask = async <T = Usage>(meter: Question['meter']): Promise<T> => {
    child.send({ meter } satisfies Question);
    const [answer] = await once(child, 'message');
    return answer;
  };
  const { paths } = contender;
  const obtain = (forms: readonly Form[], member: string): Promise<readonly string[]> =>
    obtainFrom(port, paths.token, forms, member);
  return {
    contender,
    port,
    prepare: async (workload, count) => {
      const tokenEndpoint = `http://127.0.0.1:${port}${paths.token}`;
      const sources = { issuers, tokenEndpoint, obtain };
      const { [workload.endpoint]: path = '' } = paths;
      if (workload.get) return Array(count).fill(writeGet(path, await workload.get(sources)));
      return (await workload.forms(count, sources)).map((form) => writeRequest(path, form));
    },
    usage: () => ask('usage'),
    watch: () => ask('watch'),
    profile: async (work) => {
      await ask('profile');
      await work();
      return ask<Profiler.Profile>('profiled');
    },
    stop,
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

/** @returns a member of each answer, in any order @throws Error if one is missing */
async function obtainFrom(
  port: number,
  path: string,
  forms: readonly Form[],
  member: string,
): Promise<readonly string[]> {
  const values: string[] = [];
  let next = 0;
  const keepAsking = async (): Promise<void> => {
    const connection = await openConnection(port);
    for (let form = forms[next++]; form !== undefined; form = forms[next++]) {
      const { body } = await connection.send(writeRequest(path, form));
      const { [member]: value } = JSON.parse(body.toString());
      if (typeof value !== 'string') throw new Error(`no ${member}: ${body}`);
      values.push(value);
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: OBTAINING }, keepAsking));
  return values;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
