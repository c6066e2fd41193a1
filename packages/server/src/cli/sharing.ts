// How do the workers of a node share rate limits? Each sends its new counts to the first process ten times a second, which relays
// them to the other workers. A lost count admits one more request.
import cluster from 'node:cluster';
import type { Sharing } from '../primitives/rate.ts';
import type { TallyKey } from '../primitives/tallies.ts';

/** Counts since the last message. */
interface Counts {
  readonly counts: readonly (readonly [rate: string, key: TallyKey, times: number])[];
}

const isCounts = (message: unknown): message is Counts =>
  typeof message === 'object' && message !== null && 'counts' in message;

const SEND_EVERY_MS = 100;

/** Called in a worker. */
export function shareCounts(): Sharing {
  const unsent = new Map<string, [rate: string, key: TallyKey, times: number]>();
  const listeners = new Map<string, (key: TallyKey, times: number) => void>();
  setInterval(() => {
    if (unsent.size === 0) return;
    process.send?.({ counts: [...unsent.values()] } satisfies Counts, undefined, undefined, () => undefined);
    unsent.clear();
  }, SEND_EVERY_MS).unref();
  process.on('message', (message) => {
    if (!isCounts(message)) return;
    for (const [rate, key, times] of message.counts) listeners.get(rate)?.(key, times);
  });
  return {
    send: (rate, key, times) => {
      const name = `${rate} ${key}`;
      const known = unsent.get(name);
      if (known === undefined) unsent.set(name, [rate, key, times]);
      else known[2] += times;
    },
    receive: (rate, onCount) => listeners.set(rate, onCount),
  };
}

/** Called in the first process. */
export function relayCounts(): void {
  cluster.on('message', (from, message) => {
    if (!isCounts(message)) return;
    for (const worker of Object.values(cluster.workers ?? {})) {
      if (worker !== undefined && worker.id !== from.id && worker.isConnected()) worker.send(message);
    }
  });
}
