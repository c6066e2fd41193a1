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

export function createPace(): Pace {
  let restUntil = 0;
  return {
    turn: async (until) => {
      const restMs = Math.min(restUntil, until) - performance.now();
      if (restMs > 0) await wait(restMs, undefined, { ref: false });
    },
    took: (batchMs) => {
      // A request may wait for a batch, for the commit of those before it, and for its own. On a slow disk another batch must not
      // come between.
      const restMs = batchMs > MAX_BATCH_MS ? 2 * batchMs : batchMs;
      restUntil = performance.now() + Math.min(restMs, MAX_REST_MS);
    },
  };
}
