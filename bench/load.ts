// How fast is it answered? A closed loop sends the next request when the last one is answered; an open loop sends at a fixed
// rate, whatever is answered, as strangers do.
import { type Connection, openConnection } from './connection.ts';

export interface Sample {
  /** What was answered, by status. */
  readonly statuses: ReadonlyMap<number, number>;
  readonly seconds: number;
  /** Milliseconds to each answer with the expected status, sorted. */
  readonly latencies: Float64Array;
}

export interface ClosedLoop {
  readonly port: number;
  readonly requests: readonly Buffer[];
  /** The status that every answer must have. */
  readonly expect: number;
  readonly connections: number;
  /** Seconds after which nothing more is sent. */
  readonly within: number;
}

/** @throws Error at the first answer that is not as expected */
export async function runClosedLoop(loop: ClosedLoop): Promise<Sample> {
  const open = await Promise.all(Array.from({ length: loop.connections }, () => openConnection(loop.port)));
  const latencies: number[] = [];
  const began = performance.now();
  const until = began + loop.within * 1000;
  let next = 0;
  const keepSending = async ({ send }: Connection): Promise<void> => {
    for (;;) {
      const request = loop.requests[next++];
      const sent = performance.now();
      if (request === undefined || sent > until) return;
      const { status, head, body } = await send(request);
      if (status !== loop.expect) throw new Error(`${loop.expect} was expected:\n${head}\n\n${body}`);
      latencies.push(performance.now() - sent);
    }
  };
  try {
    await Promise.all(open.map(keepSending));
  } finally {
    for (const connection of open) connection.close();
  }
  const seconds = (performance.now() - began) / 1000;
  const statuses = new Map([[loop.expect, latencies.length]]);
  return { statuses, seconds, latencies: Float64Array.from(latencies).sort() };
}

/** @param sorted not empty */
export const percentile = (sorted: Float64Array, part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
