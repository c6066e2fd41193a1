// Audit rows: inserted, read along their chains, erased and deleted.
import { CompiledQuery, type RawBuilder, sql } from 'kysely';
import { removeDerived } from './audit-derived.ts';
import { deleteIndexEntries, hasTerm, readIndexState, UNCHAINED } from './audit-index.ts';
import { isPostgres } from './database-time.ts';
import type { AuditRow, Database, NewAuditRow } from './schema.ts';
import type { Store } from './store.ts';

/** SQLite and PostgreSQL limit the parameters of a statement. 64 rows of 15 columns stay far below the limit. */
export const ROWS_AT_ONCE = 64;

const COLUMNS = [
  ...['time', 'request_id', 'outcome', 'reason', 'client', 'subject', 'principal', 'actor', 'audience', 'rule'],
  ...['event', 'personal', 'chain', 'position', 'hash'],
] as readonly (keyof NewAuditRow)[];

export async function insertAuditRows(database: Database, rows: readonly NewAuditRow[]): Promise<void> {
  for (const statement of auditInsertions(database, rows)) await database.executeQuery(statement);
}

/** The statements that insert the rows. */
export function auditInsertions(database: Database, rows: readonly NewAuditRow[]): readonly CompiledQuery[] {
  const statements: CompiledQuery[] = [];
  for (let start = 0; start < rows.length; start += ROWS_AT_ONCE) {
    const some = rows.slice(start, start + ROWS_AT_ONCE);
    const values = some.flatMap((row) => COLUMNS.map((column) => row[column]));
    statements.push(CompiledQuery.raw(insertion(database, some.length), values));
  }
  return statements;
}

/** The text of the statement, by dialect and number of rows: with hundreds of parameters it costs more to build than to run. */
const insertions = new WeakMap<object, string[]>();

function insertion(database: Database, rows: number): string {
  const { adapter } = database.getExecutor();
  const known = insertions.get(adapter) ?? [];
  insertions.set(adapter, known);
  const query = database.insertInto('audit');
  // As `insertInto` of database-time.ts.
  known[rows] ??= (isPostgres(database) ? query : query.orRollback())
    .values(Array.from({ length: rows }, () => Object.fromEntries(COLUMNS.map((name) => [name, ''])) as never))
    .compile().sql;
  return known[rows];
}

/** The names of all chains that have rows. */
export async function listChains(database: Database): Promise<string[]> {
  // Jumps along the index from one chain to the next, without reading the rows between them.
  const { rows } = await sql<{ chain: string }>`
    with recursive chains(chain) as (
      select min(chain) from audit where chain is not null
      union all
      select (select min(chain) from audit where chain is not null and chain > chains.chain)
        from chains where chains.chain is not null
    ) select chain from chains where chain is not null`.execute(database);
  return rows.map(({ chain }) => chain);
}

/** The rows of a chain after a position, in order. */
export const listChainRows = (
  database: Database,
  { chain, after, limit }: { chain: string; after: number; limit: number },
): Promise<AuditRow[]> =>
  database
    .selectFrom('audit')
    .selectAll()
    .where('chain', '=', chain)
    .where('position', '>', after)
    .orderBy('position')
    .limit(limit)
    .execute();

export const findLastRow = (database: Database, chain: string): Promise<AuditRow | undefined> =>
  database
    .selectFrom('audit')
    .selectAll()
    .where('chain', '=', chain)
    .orderBy('position', 'desc')
    .limit(1)
    .executeTakeFirst();

/** Rows without a position in a chain, oldest first: written before chains existed, or inserted by someone else. */
export const listUnchainedRows = (database: Database, after: number, limit: number): Promise<AuditRow[]> =>
  database
    .selectFrom('audit')
    .selectAll()
    .where((is) => is.or([is('chain', 'is', null), is('position', 'is', null), is('hash', 'is', null)]))
    .where('sequence', '>', after)
    .orderBy('sequence')
    .limit(limit)
    .execute();

/** Removes what other tables have of rows that are about to be deleted or erased. */
async function removeEntries(
  transaction: Database,
  rows: RawBuilder<unknown>,
  which: 'all' | 'personal' = 'all',
): Promise<void> {
  await deleteIndexEntries(transaction, rows, which);
  await removeDerived(transaction, rows, which);
}

/** Erases the personal part and stores its digest, so that the hash of the row still verifies. */
export async function eraseAuditRow(transaction: Database, sequence: number, personalDigest: string): Promise<void> {
  await removeEntries(transaction, sql`sequence = ${sequence}`, 'personal');
  await transaction
    .updateTable('audit')
    .set({ personal: null, personal_digest: personalDigest, subject: null, principal: null, actor: null })
    .where('sequence', '=', sequence)
    .execute();
}

/** For a row from before chains existed. @param event without the personal part */
export async function eraseUnchainedRow(transaction: Database, sequence: number, event: string): Promise<void> {
  await removeEntries(transaction, sql`sequence = ${sequence} and chain is null`, 'personal');
  await transaction
    .updateTable('audit')
    .set({ event, subject: null, principal: null, actor: null })
    .where('sequence', '=', sequence)
    .where('chain', 'is', null)
    .execute();
}

/** Deletes the rows after one position, up to and including another. */
export async function deleteChainRows(
  transaction: Database,
  { chain, after, through }: { chain: string; after: number; through: number },
): Promise<void> {
  await removeEntries(transaction, sql`chain = ${chain} and position > ${after} and position <= ${through}`);
  await transaction
    .deleteFrom('audit')
    .where('chain', '=', chain)
    .where('position', '>', after)
    .where('position', '<=', through)
    .execute();
}

/** Counts all rows, including those without a chain. */
export async function countRows(database: Database): Promise<number> {
  const { count } = await database
    .selectFrom('audit')
    .select(({ fn }) => fn.countAll().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Deletes rows from before chains existed. @returns the number of deleted rows */
export const deleteUnchainedRows = (
  store: Store,
  { before, limit }: { before: number; limit: number },
): Promise<number> =>
  store.transaction().execute(async (transaction) => {
    const { phase } = await readIndexState(transaction);
    const { rows } = await (phase === 'building'
      ? sql<{ sequence: number }>`select sequence from audit where chain is null and time < ${before}
          order by time limit ${limit}`
      : sql<{ sequence: number }>`select entry.sequence from audit_index as entry
          join audit on audit.sequence = entry.sequence and audit.chain is null
          where ${hasTerm(UNCHAINED)} and entry.time < ${before} order by entry.time limit ${limit}`
    ).execute(transaction);
    if (rows.length === 0) return 0;
    const old = sql`sequence in (${sql.join(rows.map(({ sequence }) => sequence))})`;
    await removeEntries(transaction, old);
    await sql`delete from audit where ${old}`.execute(transaction);
    return rows.length;
  });
