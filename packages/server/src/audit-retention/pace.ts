// The pace and the size of background writes: SQLite has one writer, and a request must not wait for two batches in a row. PostgreSQL has
// many, but each batch waits several times for the event loop, so small batches fall behind.
import { setTimeout as wait } from 'node:timers/promises';
import { isPostgres } from '../store/database-time.ts';
import type { Store } from '../store/store.ts';

/** A batch that takes longer is followed by a longer rest: other writers of SQLite wait for it. */
export const MAX_BATCH_MS = 30;
const MAX_REST_MS = 1000;
/** In PostgreSQL. Less than the deadline of a statement, of which a batch has several. */
const MAX_SHARED_BATCH_MS = 400;

export interface Pace {
  /** Waits until others could write since the last batch. @param until in milliseconds of `performance.now()` */
  readonly turn: (until: number) => Promise<void>;
  readonly took: (batchMs: number) => void;
}

/** @returns the pace of the writes to the store */
export const paceOf = (store: Store): Pace => (isPostgres(store) ? NO_REST : createPace());

/** @param inSqlite the least and the most rows */
export const batchSizeOf = (store: Store, inSqlite: Omit<Limits, 'longestMs'>): BatchSize =>
  isPostgres(store)
    ? createBatchSize({ ...inSqlite, most: 1500, longestMs: MAX_SHARED_BATCH_MS })
    : createBatchSize({ ...inSqlite, longestMs: MAX_BATCH_MS });

const NO_REST: Pace = { turn: async () => undefined, took: () => undefined };

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

interface Limits {
  readonly least: number;
  /** Larger batches cost less a row. */
  readonly most: number;
  /** Milliseconds of the work on the rows of a batch. */
  readonly longestMs: number;
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
 */
export function createBatchSize({ least, most, longestMs }: Limits): BatchSize {
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
      const workMs = batchMs > longestMs ? workOf(batchMs) : batchMs;
      last = { rows, ms: batchMs };
      // A batch of another size will tell.
      if (workMs === undefined) (rows > least ? shrink : grow)();
      else if (workMs > longestMs) shrink();
      else if (workMs < longestMs / 3 || batchMs > longestMs) grow();
    },
    shrink,
  };
}
