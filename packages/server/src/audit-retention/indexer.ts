// Keeps the index of the audit up to date in the background, and builds it for the rows of earlier versions. Every process does this:
// one at a time writes, in a transaction that also advances the position.
import type { Chains } from '../audit/chain.ts';
import { createRepeatable } from '../primitives/serial.ts';
import { dropColumnIndexes, indexNextRows, readIndexState } from '../store/audit-index.ts';
import { hasEveryRow } from '../store/audit-positions.ts';
import { findSettled } from '../store/audit-settled.ts';
import { describeDatabaseFailure } from '../store/failure.ts';
import type { Store } from '../store/store.ts';
import { createDeriver } from './deriver.ts';
import { batchSizeOf, type Pace, paceOf } from './pace.ts';

export interface Indexer {
  /** Milliseconds since all rows that were committed were in the index. */
  readonly lag: () => number;
  /** Indexes the remaining rows for at most `LAST_RUN_MS`. */
  readonly stop: () => Promise<void>;
}

/** Rows that one transaction of SQLite indexes. */
const BATCH_ROWS = { least: 50, most: 1000 } as const;
/** Time from a commit until its rows are indexed, with those that were committed meanwhile. */
const DELAY_MS = 500;
/** Time between two looks for rows of other processes. */
const LOOK_MS = 2000;
/** A database that fails for a moment is reported elsewhere. */
const MAX_SILENT_LAG_MS = 10_000;
const LAST_RUN_MS = 2000;

export function startIndexer({
  store,
  chains,
  report,
}: {
  readonly store: Store;
  readonly chains: Chains;
  readonly report: (line: string) => void;
}): Indexer {
  let completeAt = performance.now();
  let until = Number.POSITIVE_INFINITY;
  let hasGrown = true;
  let isReported = false;
  const build = createBuild(store, report);
  const pace = paceOf(store);
  const batches = createBatches(store, pace, () => until);
  const deriver = createDeriver(store, pace);

  const indexOnce = async (): Promise<void> => {
    const began = performance.now();
    const isQuiet = !hasGrown && build.isComplete();
    hasGrown = false;
    try {
      if (isQuiet && (await hasEveryRow(store))) {
        completeAt = began;
        return;
      }
      await build.continue();
      const settled = await findSettled(store);
      if (settled === undefined || !(await batches.indexThrough(settled))) hasGrown = true;
      else {
        completeAt = began;
        if (!(await deriver.through(settled, until))) hasGrown = true;
      }
      await build.continue();
      if (isReported) report('the index of the audit is up to date again');
      isReported = false;
    } catch (error) {
      hasGrown = true;
      batches.shrink();
      if (isReported || performance.now() - completeAt < MAX_SILENT_LAG_MS) return;
      report(`audit rows are not indexed: ${describeDatabaseFailure(error)}; searches read them one by one`);
      isReported = true;
    }
  };

  const run = createRepeatable(async () => {
    await indexOnce();
    if (hasGrown) runSoon();
  });
  let running: Promise<void> | undefined;
  let soon: NodeJS.Timeout | undefined;
  const start = (): void => {
    clearTimeout(soon);
    soon = undefined;
    running = run();
  };
  const runSoon = (): void => {
    soon ??= setTimeout(start, DELAY_MS).unref();
  };
  chains.onGrowth(() => {
    hasGrown = true;
    runSoon();
  });
  start();
  const looking = setInterval(start, LOOK_MS).unref();
  return {
    lag: () => performance.now() - completeAt,
    stop: async () => {
      clearInterval(looking);
      until = performance.now() + LAST_RUN_MS;
      await running;
      if (hasGrown && performance.now() < until) await run();
      clearTimeout(soon);
    },
  };
}

interface Batches {
  /** @returns whether the index has all rows up to one */
  readonly indexThrough: (through: number) => Promise<boolean>;
  readonly shrink: () => void;
}

/** @param until the time of `performance.now()` after which no batch begins */
function createBatches(store: Store, pace: Pace, until: () => number): Batches {
  const size = batchSizeOf(store, BATCH_ROWS);
  return {
    indexThrough: async (through) => {
      await pace.turn(until());
      while (performance.now() < until()) {
        const began = performance.now();
        const position = await indexNextRows(store, through, size.rows());
        if (position === undefined) break;
        const tookMs = performance.now() - began;
        pace.took(tookMs);
        size.took(tookMs);
        if (position >= through) return true;
        await pace.turn(until());
      }
      return (await readIndexState(store)).position >= through;
    },
    shrink: size.shrink,
  };
}

interface Build {
  /** Reports that the index is built for earlier rows, and drops the indexes that it replaces once it is. */
  readonly continue: () => Promise<void>;
  readonly isComplete: () => boolean;
}

function createBuild(store: Store, report: (line: string) => void): Build {
  let isBuilding = false;
  let isComplete = false;
  const next = async (): Promise<void> => {
    if (isComplete) return;
    const { phase } = await readIndexState(store);
    if (phase === 'building' && !isBuilding)
      report('the index of the audit is built in the background; until then, searches use the earlier indexes');
    isBuilding ||= phase === 'building';
    if (phase === 'built')
      report(
        (await dropColumnIndexes(store)) === 'dropped'
          ? 'the index of the audit is built, and the earlier indexes are gone'
          : 'the index of the audit is built. The role of this server cannot drop the earlier indexes, which delay every exchange: run cambio store migrate with the role that owns the tables',
      );
    isComplete = phase !== 'building';
  };
  return { continue: next, isComplete: () => isComplete };
}
