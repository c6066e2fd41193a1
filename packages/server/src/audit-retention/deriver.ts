// Reads audit rows into the tables of tokens and counts, a limited time at once: after an upgrade, all rows are new to them.
import { deriveNextRows, readDerivedPosition } from '../store/audit-derived.ts';
import type { Store } from '../store/store.ts';
import { createPace, MAX_BATCH_MS, type Pace } from './pace.ts';

export interface Deriver {
  /** @returns whether the tables have all rows up to one @param until in milliseconds of `performance.now()` */
  readonly through: (settled: number, until: number) => Promise<boolean>;
}

const MAX_BATCH_ROWS = 500;
/** After a failure, or a batch that other writers waited for, batches are smaller. */
const MIN_BATCH_ROWS = 25;
/** New rows wait for the search index while earlier ones are read. */
const MAX_RUN_MS = 400;

export function createDeriver(store: Store, pace: Pace = createPace()): Deriver {
  let batchRows = MAX_BATCH_ROWS;
  const fewer = (): void => {
    batchRows = Math.max(Math.floor(batchRows / 2), MIN_BATCH_ROWS);
  };
  return {
    through: async (settled, until) => {
      await pace.turn(until);
      const runEnd = Math.min(until, performance.now() + MAX_RUN_MS);
      try {
        while (performance.now() < runEnd) {
          const began = performance.now();
          const position = await deriveNextRows(store, settled, batchRows);
          if (position === undefined) break;
          const tookMs = performance.now() - began;
          pace.took(tookMs);
          if (tookMs > MAX_BATCH_MS) fewer();
          else if (tookMs < MAX_BATCH_MS / 3) batchRows = Math.min(2 * batchRows, MAX_BATCH_ROWS);
          if (position >= settled) return true;
          await pace.turn(runEnd);
        }
      } catch (error) {
        fewer();
        throw error;
      }
      return (await readDerivedPosition(store)) >= settled;
    },
  };
}
