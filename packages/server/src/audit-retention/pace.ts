// The pace and the size of background writes: SQLite has one writer, and a request must not wait for two batches in a row.
import { setTimeout as wait } from 'node:timers/promises';

/** A batch that takes longer is followed by a longer rest: other writers of SQLite wait for it. */
export const MAX_BATCH_MS = 30;
const MAX_REST_MS = 1000;

export interface Pace {
  /** Waits until others could write since the last batch. @param until in milliseconds of `performance.now()` */
  readonly turn: (until: number) => Promise<void>;
  readonly took: (batchMs: number) => void;
}

/** The time by `performance.now()`. */
interface SteadyTime {
  readonly now: () => number;
  /** Keeps the process running: a server that stops waits for the last batches. */
  readonly wait: (ms: number) => Promise<unknown>;
}

const system: SteadyTime = { now: () => performance.now(), wait: (ms) => wait(ms) };

export function createPace(time: SteadyTime = system): Pace {
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

export interface BatchSize {
  readonly rows: () => number;
  /** Fits the size to a batch of that size. */
  readonly took: (batchMs: number) => void;
  /** After a failure: the database may be too slow for its deadline. */
  readonly shrink: () => void;
}

/**
 * A batch that takes long is followed by a smaller one, but only as long as smaller ones are shorter: on a slow disk, or behind other
 * writers, every batch takes long, and small ones would fall behind.
 * @param most larger batches cost less a row
 */
export function createBatchSize({ least, most }: { readonly least: number; readonly most: number }): BatchSize {
  let rows = most;
  let last: { readonly rows: number; readonly ms: number } | undefined;
  const shrink = (): void => {
    rows = Math.max(Math.floor(rows / 2), least);
  };
  const grow = (): void => {
    rows = Math.min(2 * rows, most);
  };
  /** Milliseconds of the rows alone, by the difference from a batch of another size. */
  const workOf = (batchMs: number): number | undefined =>
    last === undefined || last.rows === rows ? undefined : ((batchMs - last.ms) / (rows - last.rows)) * rows;
  return {
    rows: () => rows,
    took: (batchMs) => {
      const workMs = batchMs > MAX_BATCH_MS ? workOf(batchMs) : batchMs;
      last = { rows, ms: batchMs };
      // A batch of another size will tell.
      if (workMs === undefined) (rows > least ? shrink : grow)();
      else if (workMs > MAX_BATCH_MS) shrink();
      else if (workMs < MAX_BATCH_MS / 3 || batchMs > MAX_BATCH_MS) grow();
    },
    shrink,
  };
}
