// Repairs the index that searches read: writes missing entries, and removes entries that no row has. It stores how far it came.
import { sql } from 'kysely';
import { ALL_KINDS, entriesOf, hasNoEntry, insertionOfEntries, termByKind } from './audit-index.ts';
import { findBatchEnd, lockPosition, readCounters, rowsBetween, writeCounter } from './audit-positions.ts';
import type { Database } from './schema.ts';
import type { Store } from './store.ts';

/** The name of the counter of how far `cambio audit reindex` came. */
const REINDEXED = 'audit reindex';

/** The progress of writing the index again. */
export interface Reindexing {
  /** The last row whose entries were written again; undefined before the first. */
  readonly after: number | undefined;
}

export async function readReindexing(database: Database): Promise<Reindexing> {
  const [after] = await readCounters(database, REINDEXED);
  return { after };
}

/** Writes missing entries of rows that should be in the index. @returns the last of these rows, and the number of entries */
export const reindexRows = (
  store: Store,
  after: number,
  limit: number,
): Promise<{ readonly end: number; readonly added: number }> =>
  store.transaction().execute(async (transaction) => {
    const through = (await lockPosition(transaction, 'audit index', 'wait')) ?? 0;
    const end = await findBatchEnd(transaction, { after, through, limit });
    const { numAffectedRows } = await insertionOfEntries(transaction, rowsBetween(after, end)).execute(transaction);
    await writeCounter(transaction, REINDEXED, end);
    return { end, added: Number(numAffectedRows) };
  });

export async function finishReindexing(database: Database): Promise<void> {
  await database.deleteFrom('revisions').where('name', '=', REINDEXED).execute();
}

/** An entry of the index, as the place where the examination of entries goes on. */
export interface IndexEntry {
  readonly kind: number;
  readonly term: string;
  readonly time: number;
  readonly sequence: number;
}

/**
 * Examines the next entries, and removes those that no row has: of a row that an earlier version deleted or erased.
 * @returns the last entry that was examined, or undefined if none is left; and the number of removed entries
 */
export const removeStrayEntries = (
  store: Store,
  after: IndexEntry | undefined,
  limit: number,
): Promise<{ readonly last: IndexEntry | undefined; readonly removed: number }> =>
  store.transaction().execute(async (transaction) => {
    await lockPosition(transaction, 'audit index', 'wait');
    const place = (entry: IndexEntry) => sql`(${entry.kind}, ${entry.term}, ${entry.time}, ${entry.sequence})`;
    const rest = after === undefined ? sql`true` : sql`(kind, term, time, sequence) > ${place(after)}`;
    const { rows } = await sql<IndexEntry>`select kind, term, time, sequence from audit_index where ${rest}
      order by kind, term, time, sequence limit 1 offset ${limit - 1}`.execute(transaction);
    const [last] = rows;
    const range = last === undefined ? rest : sql`${rest} and (kind, term, time, sequence) <= ${place(last)}`;
    const { numAffectedRows } =
      await sql`delete from audit_index where ${range} and not exists (${matchingRow})`.execute(transaction);
    return { last, removed: Number(numAffectedRows) };
  });

/** The row that an entry of `audit_index` is about. */
const matchingRow = sql`select 1 from audit where audit.sequence = audit_index.sequence and audit.time = audit_index.time
  and audit_index.term = ${termByKind} and not (${hasNoEntry})`;

/** Counts the entries that the index lacks, of some of its rows. */
export async function countMissingEntries(database: Database, after: number, through: number): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) as count
    from (${entriesOf(rowsBetween(after, through), ALL_KINDS)}) as entries
    where not exists (select 1 from audit_index where audit_index.kind = entries.kind and audit_index.term = entries.term
      and audit_index.time = entries.time and audit_index.sequence = entries.sequence)`.execute(database);
  return Number(rows[0]?.count);
}
