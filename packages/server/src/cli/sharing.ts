// How do the workers of a node count as one? Each sends its new counts to the first process ten times a second, and that one sends
// them to the others. A count that is lost admits one request more.
import cluster from 'node:cluster';
import type { Sharing } from '../primitives/rate.ts';
import type { TallyKey } from '../primitives/tallies.ts';

/** What was counted since the last time: name of the rate, key, how often. */
interface Counts {
  readonly counts: readonly (readonly [rate: string, key: TallyKey, times: number])[];
}

const isCounts = (message: unknown): message is Counts =>
  typeof message === 'object' && message !== null && 'counts' in message;

const SEND_EVERY_MS = 100;

/** In a worker. */
export function shareCounts(): Sharing {
  const untold = new Map<string, [rate: string, key: TallyKey, times: number]>();
  const listeners = new Map<string, (key: TallyKey, times: number) => void>();
  setInterval(() => {
    if (untold.size === 0) return;
    process.send?.({ counts: [...untold.values()] } satisfies Counts, undefined, undefined, () => undefined);
    untold.clear();
  }, SEND_EVERY_MS).unref();
  process.on('message', (message) => {
    if (!isCounts(message)) return;
    for (const [rate, key, times] of message.counts) listeners.get(rate)?.(key, times);
  });
  return {
    send: (rate, key, times) => {
      const name = `${rate} ${key}`;
      const known = untold.get(name);
      if (known === undefined) untold.set(name, [rate, key, times]);
      else known[2] += times;
    },
    receive: (rate, onCount) => listeners.set(rate, onCount),
  };
}

/** In the first process. */
export function relayCounts(): void {
  cluster.on('message', (from, message) => {
    if (!isCounts(message)) return;
    for (const worker of Object.values(cluster.workers ?? {})) {
      if (worker !== undefined && worker.id !== from.id && worker.isConnected()) worker.send(message);
    }
  });
}
