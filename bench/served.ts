// A running contender: its own process, measured, called from here, and cleaned up at the end.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openConnection, writeGet, writeRequest } from './connection.ts';
import type { Contender, Program } from './contender.ts';
import type { Issuers } from './issuers.ts';
import type { Form } from './request.ts';
import { type Running, startNode, startProgram } from './running.ts';
import type { Workload } from './workloads.ts';

export interface Served extends Running {
  readonly contender: Contender;
  readonly port: number;
  /** Requests of a workload, as bytes. */
  readonly prepare: (workload: Workload, count: number) => Promise<readonly Buffer[]>;
  readonly stop: () => Promise<void>;
}

/** Connections for requests that prepare a round, and how long they may take: a round has fewer requests after that. */
const OBTAINING = 8;
const MAX_OBTAINING_MS = 5000;

export async function serve(contender: Contender, issuers: Issuers, { workers = 1 } = {}): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), 'cambio-bench-'));
  const port = await freePort();
  const works = [async () => rmSync(folder, { recursive: true, force: true })];
  const after = (work: () => Promise<void>): void => void works.unshift(work);
  const stop = async (): Promise<void> => {
    for (const work of works) await work();
  };
  try {
    const command = await contender.command({ port, folder, issuers, workers, after });
    const running = isProgram(command)
      ? await startProgram(command, port, after)
      : await startNode(command, { folder, name: contender.name, after });
    return { ...running, contender, port, prepare: preparation(contender, port, issuers), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const isProgram = (command: readonly string[] | Program): command is Program => 'run' in command;

function preparation(contender: Contender, port: number, issuers: Issuers): Served['prepare'] {
  const { paths, claims, translate = (form: Form) => form } = contender;
  const tokenEndpoint = `http://127.0.0.1:${port}${paths.token}`;
  const sources = {
    issuers,
    tokenEndpoint,
    people: (count: number) => issuers.people.tokens(count, ...(claims === undefined ? [] : [claims(port)])),
    obtain: (forms: readonly Form[], member: string) => obtainFrom(port, paths.token, forms.map(translate), member),
  };
  return async (workload, count) => {
    const { [workload.endpoint]: path = '' } = paths;
    if (workload.get) return Array(count).fill(writeGet(path, await workload.get(sources)));
    return (await workload.forms(count, sources)).map((form) => writeRequest(path, translate(form)));
  };
}

/** @returns a member of each answer, in any order, of as many as there was time for @throws Error if one is missing */
async function obtainFrom(
  port: number,
  path: string,
  forms: readonly Form[],
  member: string,
): Promise<readonly string[]> {
  const values: string[] = [];
  const until = performance.now() + MAX_OBTAINING_MS;
  let next = 0;
  const keepAsking = async (): Promise<void> => {
    const connection = await openConnection(port);
    for (let form = forms[next++]; form !== undefined; form = forms[next++]) {
      if (values.length > 0 && performance.now() > until) break;
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
