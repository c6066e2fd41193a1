// Keeps the tables of tokens and counts, which are made of audit rows, up to date: in batches, after the rows.
import { type RawBuilder, sql } from 'kysely';
import { changeOfCounts, subtractCounts } from './audit-counts.ts';
import {
  lockPosition,
  type Making,
  makeNextRows,
  readCounters,
  readPosition,
  rowsBetween,
  writeCounter,
} from './audit-positions.ts';
import { isOfContent, listUnreadable, onReadable, without } from './audit-readable.ts';
import { countMissingTokens, deleteTokens, insertionOfTokens } from './audit-tokens.ts';
import { isPostgres } from './database-time.ts';
import type { Database } from './schema.ts';
import type { Store } from './store.ts';

const making: Making = {
  position: 'audit tokens',
  statements: (database, rows) => [insertionOfTokens(database, rows), changeOfCounts(database, rows, 1)],
};

/** @returns the sequence number up to which the tables have all rows */
export const readDerivedPosition = (database: Database): Promise<number> => readPosition(database, 'audit tokens');

/** Reads the next rows into the tables, as `makeNextRows`, without those that are not JSON. */
export async function deriveNextRows(store: Store, through: number, limit: number): Promise<number | undefined> {
  try {
    return await makeNextRows(store, making, through, limit);
  } catch (error) {
    if (!(isPostgres(store) && isOfContent(error))) throw error;
    const after = await readDerivedPosition(store);
    const next = sql`sequence in (select sequence from audit where ${rowsBetween(after, through)} order by sequence limit ${limit})`;
    const unreadable = await listUnreadable(store, next);
    if (unreadable.length === 0) throw error;
    const statements: Making['statements'] = (database, rows) => making.statements(database, without(rows, unreadable));
    return makeNextRows(store, { ...making, statements }, through, limit);
  }
}

/** Removes what the tables have of rows that are about to be deleted or erased. @param rows a condition on `audit` */
export async function removeDerived(
  transaction: Database,
  rows: RawBuilder<unknown>,
  which: 'all' | 'personal',
): Promise<void> {
  const position = (await lockPosition(transaction, 'audit tokens', 'wait')) ?? 0;
  const known = sql`${rows} and sequence <= ${position}`;
  await onReadable(transaction, known, async (readable) => {
    await deleteTokens(transaction, readable, which);
    // Names of people are not counted.
    if (which === 'all') await subtractCounts(transaction, readable);
  });
}

/** The name of the counter of how often the tables were emptied. */
const RESTARTS = 'audit tokens restarts';
/** Nobody empties them more often while one reader reads. */
const MAX_READINGS = 3;

/**
 * Reads the position and the tables, and reads again if the tables were emptied meanwhile: what an earlier position promises is gone
 * then. PostgreSQL empties them for a snapshot from before, too, so `read` takes its snapshot itself.
 */
export async function readDerived<T>(database: Database, read: () => Promise<T>): Promise<T> {
  let [restarts] = await readCounters(database, RESTARTS);
  for (let readings = 1; ; readings++) {
    const result = await read();
    const [now] = await readCounters(database, RESTARTS);
    if (now === restarts || readings === MAX_READINGS) return result;
    restarts = now;
  }
}

/** Empties the tables, so that servers, and `cambio audit reindex`, read all rows into them again. */
export const restartDerived = (store: Store): Promise<void> =>
  store.transaction().execute(async (transaction) => {
    await lockPosition(transaction, 'audit tokens', 'wait');
    // Each is the statement by which its database empties a table without a visit to every row.
    const empty = sql.raw(isPostgres(transaction) ? 'truncate' : 'delete from');
    for (const table of ['audit_tokens', 'audit_counts']) await sql`${empty} ${sql.table(table)}`.execute(transaction);
    await writeCounter(transaction, 'audit tokens', 0);
    const [restarts = 0] = await readCounters(transaction, RESTARTS);
    await writeCounter(transaction, RESTARTS, restarts + 1);
  });

/** Counts the entries of tokens that are missing, of some of the rows that the tables have. */
export const countMissingDerived = (database: Database, after: number, through: number): Promise<number> =>
  onReadable(database, rowsBetween(after, through), (readable) => countMissingTokens(database, readable));
