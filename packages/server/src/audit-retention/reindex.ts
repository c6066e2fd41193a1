// Writes the index of the audit again, while servers run: adds the missing entries of every row, removes entries without a row, and
// makes the tables of tokens and counts anew. It stores how far it came, so that it continues after an interruption.
import { setTimeout as wait } from 'node:timers/promises';
import { deriveNextRows, readDerivedPosition, restartDerived } from '../store/audit-derived.ts';
import { dropColumnIndexes, indexNextRows, readIndexState } from '../store/audit-index.ts';
import {
  finishReindexing,
  type IndexEntry,
  readReindexing,
  reindexRows,
  removeStrayEntries,
} from '../store/audit-reindex.ts';
import { findFirstSequence, findSettled } from '../store/audit-settled.ts';
import type { Store } from '../store/store.ts';

const BATCH_ROWS = 1000;
const BATCH_ENTRIES = 5000;
const RETRY_MS = 250;

export interface ReindexProgress {
  /** The sequence numbers of the first row, of the last row that was read, and of the last row to be read. */
  readonly first: number;
  readonly done: number;
  readonly last: number;
}

export interface Reindexed {
  /** The sequence number up to which all rows are in the index. */
  readonly position: number;
  /** Entries of rows that the index did not have. */
  readonly added: number;
  /** Entries without a row. */
  readonly removed: number;
}

/** @param by.progress is called after every batch @param by.resume is called with the row after which an earlier run is continued */
export async function reindexAudit(
  store: Store,
  by: { readonly progress: (progress: ReindexProgress) => void; readonly resume: (after: number) => void },
): Promise<Reindexed> {
  const first = await findFirstSequence(store);
  await completeIndex(store, (done, last) => by.progress({ first, done, last }));
  const { position } = await readIndexState(store);
  const { after: earlier } = await readReindexing(store);
  if (earlier !== undefined) by.resume(earlier);
  let added = 0;
  for (let after = earlier ?? first - 1; after < position; ) {
    const batch = await inTurn(() => reindexRows(store, after, BATCH_ROWS));
    added += batch.added;
    after = batch.end;
    by.progress({ first, done: after, last: position });
  }
  let removed = 0;
  let place: IndexEntry | undefined;
  do {
    const batch = await inTurn(() => removeStrayEntries(store, place, BATCH_ENTRIES));
    removed += batch.removed;
    place = batch.last;
  } while (place !== undefined);
  await finishReindexing(store);
  await restartDerived(store);
  await completeDerived(store, (done) => by.progress({ first, done, last: position }));
  return { position, added, removed };
}

/** Indexes the rows that are not in the index yet, as a server does. */
async function completeIndex(store: Store, progress: (done: number, last: number) => void): Promise<void> {
  for (;;) {
    const settled = await findSettled(store);
    const { position, phase } = await readIndexState(store);
    if (settled !== undefined && position >= settled) {
      if (phase === 'built') await dropColumnIndexes(store);
      return;
    }
    const end = settled && (await inTurn(() => indexNextRows(store, settled, BATCH_ROWS)));
    // Another process writes the index, or its transaction has not ended.
    if (end === undefined) await wait(RETRY_MS);
    else progress(end, settled ?? end);
  }
}

/** Reads all rows into the tables of tokens and counts. A server may do the same at this time. */
async function completeDerived(store: Store, progress: (done: number) => void): Promise<void> {
  for (;;) {
    const settled = await findSettled(store);
    const position = await readDerivedPosition(store);
    if (settled !== undefined && position >= settled) return;
    const end = settled && (await inTurn(() => deriveNextRows(store, settled, BATCH_ROWS)));
    if (end === undefined) await wait(RETRY_MS);
    else progress(end);
  }
}

/** Runs a transaction, and leaves others as much time to write. */
async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  const result = await work();
  await wait(performance.now() - began);
  return result;
}
