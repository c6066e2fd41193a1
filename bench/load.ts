// Sends load and measures latency. A closed loop sends the next request after each answer. An open loop sends at a fixed rate, like
// independent callers.
import { setTimeout as wait } from 'node:timers/promises';
import { type Connection, openConnection } from './connection.ts';

export interface Sample {
  readonly seconds: number;
  /** Milliseconds to each answer, sorted, by status. 0: no connection, or it was lost. */
  readonly latencies: ReadonlyMap<number, Float64Array>;
}

interface Loop {
  readonly port: number;
  readonly requests: readonly Buffer[];
  /** The status that every answer must have. Only 503 is counted beside it. */
  readonly expect: number;
}

export interface ClosedLoop extends Loop {
  readonly connections: number;
  /** Seconds until the last request is sent. */
  readonly within: number;
}

export interface OpenLoop extends Loop {
  /** Requests per second. They are sent in turn, and repeated from the first. */
  readonly rate: number;
  readonly seconds: number;
  /** Connections, opened before the first request. One that got `Retry-After` pauses; a request without a free one is lost. */
  readonly connections: number;
}

/** An open loop waits this long for its last answers. */
const MAX_WAIT_MS = 5000;
const NOTHING = Buffer.alloc(0);

/** @throws Error at the first unexpected answer */
export async function runClosedLoop({ port, requests, expect, connections, within }: ClosedLoop): Promise<Sample> {
  const open = await Promise.all(Array.from({ length: connections }, () => openConnection(port)));
  const tally = openTally(expect);
  const began = performance.now();
  const until = began + within * 1000;
  let next = 0;
  const keepSending = async ({ send }: Connection): Promise<void> => {
    for (;;) {
      const request = requests[next++];
      const sent = performance.now();
      if (request === undefined || sent > until) return;
      tally.count(await send(request), sent);
    }
  };
  try {
    await Promise.all(open.map(keepSending));
  } finally {
    for (const connection of open) connection.close();
  }
  return tally.sample((performance.now() - began) / 1000);
}

/**
 * The latency of a request starts when it is due, not when it is sent: its caller would have waited.
 * @throws Error at the first unexpected answer
 */
export async function runOpenLoop({ port, requests, expect, ...loop }: OpenLoop): Promise<Sample> {
  const { rate, seconds, connections } = loop;
  const tally = openTally(expect);
  const all = await Promise.all(Array.from({ length: connections }, () => openConnection(port)));
  const idle = [...all];
  const pending = new Set<Promise<void>>();
  const sendOne = async (request: Buffer, due: number): Promise<void> => {
    const connection = idle.pop();
    if (connection === undefined) return tally.lose(due);
    try {
      const answer = await connection.send(request);
      tally.count(answer, due);
      const [, rest] = /\r\nretry-after: (\d+)/i.exec(answer.head) ?? [];
      if (rest === undefined) idle.push(connection);
      else setTimeout(() => idle.push(connection), Number(rest) * 1000).unref();
    } catch {
      tally.lose(due);
    }
  };
  const total = Math.round(rate * seconds);
  const began = performance.now();
  for (let sent = 0; sent < total; ) {
    const due = Math.min(total, Math.ceil(((performance.now() - began) / 1000) * rate));
    for (; sent < due; sent++) {
      const work = sendOne(requests[sent % requests.length] ?? NOTHING, began + (sent / rate) * 1000);
      pending.add(work);
      work.finally(() => pending.delete(work));
    }
    await wait(1);
  }
  const lasted = (performance.now() - began) / 1000;
  await Promise.race([Promise.all(pending), wait(MAX_WAIT_MS)]);
  for (const connection of all) connection.close();
  await Promise.all(pending);
  return tally.sample(lasted);
}

function openTally(expect: number) {
  const latencies = new Map<number, number[]>();
  let unexpected: Error | undefined;
  const add = (status: number, since: number): void => {
    const list = latencies.get(status) ?? [];
    latencies.set(status, list);
    list.push(performance.now() - since);
  };
  return {
    count: ({ status, head, body }: { status: number; head: string; body: Buffer }, since: number): void => {
      add(status, since);
      if (status === expect || status === 503) return;
      unexpected ??= new Error(`${expect} was expected:\n${head}\n\n${body}`);
    },
    lose: (since: number) => add(0, since),
    sample: (seconds: number): Sample => {
      if (unexpected) throw unexpected;
      const sorted = [...latencies].map(([status, list]) => [status, Float64Array.from(list).sort()] as const);
      return { seconds, latencies: new Map(sorted) };
    },
  };
}

export const latenciesOf = ({ latencies }: Sample, status: number): Float64Array =>
  latencies.get(status) ?? new Float64Array();

/** @returns NaN for an empty list */
export const percentile = (sorted: Float64Array, part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
