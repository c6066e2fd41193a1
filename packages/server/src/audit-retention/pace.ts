// The pace of background writes: SQLite has one writer, and a request must not wait for two batches in a row.
import { setTimeout as wait } from 'node:timers/promises';

/** A batch that takes longer is followed by a smaller one, and by a longer rest: other writers of SQLite wait for it. */
export const MAX_BATCH_MS = 30;
const MAX_REST_MS = 1000;

export interface Pace {
  /** Waits until others could write since the last batch. @param until in milliseconds of `performance.now()` */
  readonly turn: (until: number) => Promise<void>;
  readonly took: (batchMs: number) => void;
}

/** The time by `performance.now()`. */
export interface Time {
  readonly now: () => number;
  /** Keeps the process running: a server that stops waits for the last batches. */
  readonly wait: (ms: number) => Promise<unknown>;
}

const system: Time = { now: () => performance.now(), wait: (ms) => wait(ms) };

export function createPace(time: Time = system): Pace {
  let restUntil = 0;
  return {
    turn: async (until) => {
      const restMs = Math.min(restUntil, until) - time.now();
      if (restMs > 0) await time.wait(restMs);
    },
    took: (batchMs) => {
      // A request may wait for a batch, for the commit of those before it, and for its own. On a slow disk another batch must not
      // come between.
      const restMs = batchMs > MAX_BATCH_MS ? 2 * batchMs : batchMs;
      restUntil = time.now() + Math.min(restMs, MAX_REST_MS);
    },
  };
}
