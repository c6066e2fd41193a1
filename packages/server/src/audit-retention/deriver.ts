// Reads audit rows into the tables of tokens and counts, a limited time at once: after an upgrade, all rows are new to them.
import { deriveNextRows, readDerivedPosition } from '../store/audit-derived.ts';
import type { Store } from '../store/store.ts';
import { batchSizeOf, type Pace, paceOf } from './pace.ts';

export interface Deriver {
  /** @returns whether the tables have all rows up to one @param until in milliseconds of `performance.now()` */
  readonly through: (settled: number, until: number) => Promise<boolean>;
}

/** In SQLite. */
const BATCH_ROWS = { least: 25, most: 500 } as const;
/** New rows wait for the search index while earlier ones are read. */
const MAX_RUN_MS = 400;

export function createDeriver(store: Store, pace: Pace = paceOf(store)): Deriver {
  const size = batchSizeOf(store, BATCH_ROWS);
  return {
    through: async (settled, until) => {
      await pace.turn(until);
      const runEnd = Math.min(until, performance.now() + MAX_RUN_MS);
      try {
        while (performance.now() < runEnd) {
          const began = performance.now();
          const position = await deriveNextRows(store, settled, size.rows());
          if (position === undefined) break;
          const tookMs = performance.now() - began;
          pace.took(tookMs);
          size.took(tookMs);
          if (position >= settled) return true;
          await pace.turn(runEnd);
        }
      } catch (error) {
        size.shrink();
        throw error;
      }
      return (await readDerivedPosition(store)) >= settled;
    },
  };
}
