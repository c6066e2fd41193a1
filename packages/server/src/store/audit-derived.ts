// Keeps the tables of tokens and counts, which are made of audit rows, up to date: in batches, after the rows, each in the transaction
// that also stores how far it came.
import { type RawBuilder, sql } from 'kysely';
import { changeOfCounts, subtractCounts } from './audit-counts.ts';
import { findBatchEnd, POSITION as INDEX_POSITION } from './audit-index.ts';
import { countMissingTokens, deleteTokens, insertionOfTokens } from './audit-tokens.ts';
import { isPostgres } from './database-time.ts';
import type { Database } from './schema.ts';
import { type CommitTogether, commitTogetherIn } from './sqlite.ts';
import type { Store } from './store.ts';

/** The name of the counter. */
const POSITION = 'audit tokens';
/** Maximum wait for a batch. No caller waits for it. */
const MAX_BATCH_WAIT_MS = 10_000;

/** @returns the sequence number up to which the tables have all rows */
export async function readDerivedPosition(database: Database): Promise<number> {
  const row = await database.selectFrom('revisions').select('number').where('name', '=', POSITION).executeTakeFirst();
  return row?.number ?? 0;
}

/** Is every row in the index and in the tables that has a number by now? One small query, for a server that has nothing to index. */
export async function hasEveryRow(database: Database): Promise<boolean> {
  const last = isPostgres(database)
    ? sql`(select case when is_called then last_value else last_value - 1 end from audit_sequence_seq)`
    : sql`coalesce((select max(sequence) from audit), 0)`;
  const { rows } =
    await sql`select number from revisions where name in (${INDEX_POSITION}, ${POSITION}) and number >= ${last}`.execute(
      database,
    );
  return rows.length === 2;
}

const between = (after: number, through: number): RawBuilder<unknown> =>
  sql`sequence > ${after} and sequence <= ${through}`;

const batchOf = (database: Database, after: number, end: number): readonly RawBuilder<unknown>[] => [
  insertionOfTokens(database, between(after, end)),
  changeOfCounts(database, between(after, end), 1),
];

/**
 * Reads the next rows into the tables, and stores the new position, in one transaction.
 * @param through the last row that may be read, from `findSettled`
 * @returns the new position; undefined if no row is left, or another process writes the tables
 */
export async function deriveNextRows(store: Store, through: number, limit: number): Promise<number | undefined> {
  const together = commitTogetherIn(store);
  if (together !== undefined) return deriveTogether(store, together, through, limit);
  return store.transaction().execute(async (transaction) => {
    const after = await lockPosition(transaction, 'skip');
    if (after === undefined || after >= through) return undefined;
    const end = await findBatchEnd(transaction, { after, through, limit });
    for (const statement of batchOf(transaction, after, end)) await statement.execute(transaction);
    await transaction.updateTable('revisions').set({ number: end }).where('name', '=', POSITION).execute();
    return end;
  });
}

/** In one message to the thread of the database: no other writer waits for this process between two statements. */
async function deriveTogether(
  store: Store,
  together: CommitTogether,
  through: number,
  limit: number,
): Promise<number | undefined> {
  const after = await readDerivedPosition(store);
  if (after >= through) return undefined;
  const end = await findBatchEnd(store, { after, through, limit });
  const advance = store
    .updateTable('revisions')
    .set({ number: end })
    .where('name', '=', POSITION)
    .where('number', '=', after)
    .compile();
  const last = batchOf(store, after, end).map((statement) => statement.compile(store));
  const failed = await together({ units: [[advance]], last, maxWaitMs: MAX_BATCH_WAIT_MS });
  return failed.length === 0 ? end : undefined;
}

/** A writing transaction of SQLite is exclusive anyway. @returns undefined if another process has the lock */
async function lockPosition(transaction: Database, busy: 'skip' | 'wait'): Promise<number | undefined> {
  let query = transaction.selectFrom('revisions').select('number').where('name', '=', POSITION);
  if (isPostgres(transaction)) query = busy === 'skip' ? query.forUpdate().skipLocked() : query.forUpdate();
  return (await query.executeTakeFirst())?.number;
}

/** Removes what the tables have of rows that are about to be deleted or erased. @param rows a condition on `audit` */
export async function removeDerived(
  transaction: Database,
  rows: RawBuilder<unknown>,
  which: 'all' | 'personal',
): Promise<void> {
  const position = (await lockPosition(transaction, 'wait')) ?? 0;
  const known = sql`${rows} and sequence <= ${position}`;
  await deleteTokens(transaction, known, which);
  // Names of people are not counted.
  if (which === 'all') await subtractCounts(transaction, known);
}

/** Empties the tables, so that servers, and `cambio audit reindex`, read all rows into them again. */
export const restartDerived = (store: Store): Promise<void> =>
  store.transaction().execute(async (transaction) => {
    await lockPosition(transaction, 'wait');
    // Each is the statement by which its database empties a table without a visit to every row.
    const empty = sql.raw(isPostgres(transaction) ? 'truncate' : 'delete from');
    for (const table of ['audit_tokens', 'audit_counts']) await sql`${empty} ${sql.table(table)}`.execute(transaction);
    await transaction.updateTable('revisions').set({ number: 0 }).where('name', '=', POSITION).execute();
  });

/** Counts the entries of tokens that are missing, of some of the rows that the tables have. */
export const countMissingDerived = (database: Database, after: number, through: number): Promise<number> =>
  countMissingTokens(database, between(after, through));
