// Reads audit rows into the tables of tokens and counts, a limited time at once: after an upgrade, all rows are new to them.
import { setTimeout as wait } from 'node:timers/promises';
import { deriveNextRows, readDerivedPosition } from '../store/audit-derived.ts';
import type { Store } from '../store/store.ts';

export interface Deriver {
  /** @returns whether the tables have all rows up to one @param until in milliseconds of `performance.now()` */
  readonly through: (settled: number, until: number) => Promise<boolean>;
}

const MAX_BATCH_ROWS = 500;
/** After a failure, or a batch that other writers waited for, batches are smaller. */
const MIN_BATCH_ROWS = 25;
const MAX_BATCH_MS = 30;
/** New rows wait for the search index while earlier ones are read. */
const MAX_RUN_MS = 400;

export function createDeriver(store: Store): Deriver {
  let batchRows = MAX_BATCH_ROWS;
  const fewer = (): void => {
    batchRows = Math.max(Math.floor(batchRows / 2), MIN_BATCH_ROWS);
  };
  return {
    through: async (settled, until) => {
      const runEnd = Math.min(until, performance.now() + MAX_RUN_MS);
      try {
        while (performance.now() < runEnd) {
          const began = performance.now();
          const position = await deriveNextRows(store, settled, batchRows);
          if (position === undefined) break;
          const tookMs = performance.now() - began;
          if (tookMs > MAX_BATCH_MS) fewer();
          else if (tookMs < MAX_BATCH_MS / 3) batchRows = Math.min(2 * batchRows, MAX_BATCH_ROWS);
          if (position >= settled) return true;
          // Others write as long as this did.
          await wait(Math.max(0, Math.min(tookMs, runEnd - performance.now())), undefined, { ref: false });
        }
      } catch (error) {
        fewer();
        throw error;
      }
      return (await readDerivedPosition(store)) >= settled;
    },
  };
}
