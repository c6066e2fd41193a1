// Audit rows: inserted, searched by their columns, read along their chains, erased and deleted.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CompiledQuery, sql } from 'kysely';
import { containsText } from './database-time.ts';
import type { AuditColumns, AuditRow, Database, NewAuditRow } from './schema.ts';

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
  known[rows] ??= database
    .insertInto('audit')
    .values(Array.from({ length: rows }, () => Object.fromEntries(COLUMNS.map((name) => [name, ''])) as never))
    .compile().sql;
  return known[rows];
}

/** @returns undefined if no row has the id */
export const findAuditRow = (database: Database, requestId: string): Promise<AuditRow | undefined> =>
  database.selectFrom('audit').selectAll().where('request_id', '=', requestId).executeTakeFirst();

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

/** Search terms: columns must be equal, null means that the column is empty. `since` is included, `until` is not. */
export interface AuditTerms extends Partial<Omit<AuditColumns, 'time'>> {
  readonly since?: number;
  readonly until?: number;
  /** The event or its personal part must have one of these ids as a value. They are not indexed. */
  readonly tokens?: readonly string[];
}

/** The last row of a page; the next page begins after it. */
export interface AuditPlace {
  readonly time: number;
  readonly sequence: number;
}

/** The first of these columns in the search terms selects the index; the others filter the rows that it finds. */
const LEADING = [
  'request_id',
  'subject',
  'principal',
  'actor',
  'rule',
  'client',
  'audience',
  'outcome',
  'reason',
] as const;

export interface FoundRows {
  readonly rows: readonly AuditRow[];
  /** The last row that was read; undefined if no rows are left. */
  readonly end: AuditPlace | undefined;
}

/** What one search reads at most, so that many or large rows do not hold up other requests. A row may be larger. */
const MAX_SCANNED_ROWS = 1000;
const MAX_SCANNED_BYTES = 4 * 2 ** 20;
/** Other requests have their turn after this many bytes. */
const BATCH_BYTES = 2 ** 18;

interface RowSize extends AuditPlace {
  readonly bytes: number;
}

/** Newest first. */
export async function searchAuditRows(
  database: Database,
  terms: AuditTerms,
  { before, limit }: { before: AuditPlace | undefined; limit: number },
): Promise<FoundRows> {
  const maxRows = terms.tokens === undefined ? limit : MAX_SCANNED_ROWS;
  // Neither database reads a large text for its size in bytes.
  const sizes: readonly RowSize[] = await selectRows(database, terms, before)
    .select(['time', 'sequence', sql<number>`octet_length(event) + coalesce(octet_length(personal), 0)`.as('bytes')])
    .limit(maxRows)
    .execute();
  const scanned = withinBytes(sizes, MAX_SCANNED_BYTES);
  const rows: AuditRow[] = [];
  let end = before;
  for (let left = scanned; left.length > 0 && rows.length < limit; ) {
    const batch = withinBytes(left, BATCH_BYTES);
    rows.push(...(await readBatch(database, terms, { before: end, batch, limit: limit - rows.length })));
    end = batch.at(-1);
    left = left.slice(batch.length);
    await nextTurn();
  }
  if (rows.length === limit) return { rows, end: rows.at(-1) };
  return { rows, end: scanned.length < sizes.length || sizes.length === maxRows ? end : undefined };
}

/** The first rows that together are within a number of bytes, and at least one row. */
function withinBytes(sizes: readonly RowSize[], maxBytes: number): readonly RowSize[] {
  let sum = 0;
  const tooMany = sizes.findIndex(({ bytes }, index) => {
    sum += bytes;
    return index > 0 && sum > maxBytes;
  });
  return tooMany < 0 ? sizes : sizes.slice(0, tooMany);
}

async function readBatch(
  database: Database,
  terms: AuditTerms,
  { before, batch, limit }: { before: AuditPlace | undefined; batch: readonly RowSize[]; limit: number },
): Promise<AuditRow[]> {
  const last = batch.at(-1);
  if (last === undefined) return [];
  let query = selectRows(database, terms, before)
    .where('time', '>=', last.time)
    .where(sql<boolean>`(time, sequence) >= (${last.time}, ${last.sequence})`);
  // Quotes make it a whole value: no part of another text matches, and each search ends at the next quote.
  const texts = terms.tokens?.map((id) => JSON.stringify(id));
  if (texts !== undefined)
    query = query.where((is) =>
      is.or(texts.flatMap((text) => ['event', 'personal'].map((column) => containsText(database, column, text)))),
    );
  return query.selectAll().limit(limit).execute();
}

function selectRows(database: Database, terms: AuditTerms, before: AuditPlace | undefined) {
  const { since, until } = terms;
  const [leading, ...others] = LEADING.filter((column) => terms[column] !== undefined);
  let query = database.selectFrom('audit');
  if (leading !== undefined) query = query.where(leading, '=', terms[leading] ?? null);
  // The index has only these rows; the database uses it if the query has the same condition.
  if (leading === 'outcome' && terms.outcome !== 'issued') query = query.where(sql<boolean>`outcome <> 'issued'`);
  for (const column of others) query = query.where(sql<boolean>`${sql.ref(column)} || '' = ${terms[column]}`);
  if (since !== undefined) query = query.where('time', '>=', since);
  if (until !== undefined) query = query.where('time', '<', until);
  if (before !== undefined) {
    query = query.where('time', '<=', before.time);
    query = query.where(sql<boolean>`(time, sequence) < (${before.time}, ${before.sequence})`);
  }
  return query.orderBy('time', 'desc').orderBy('sequence', 'desc');
}

/** Erases the personal part and stores its digest, so that the hash of the row still verifies. */
export async function eraseAuditRow(database: Database, sequence: number, personalDigest: string): Promise<void> {
  await database
    .updateTable('audit')
    .set({ personal: null, personal_digest: personalDigest, subject: null, principal: null, actor: null })
    .where('sequence', '=', sequence)
    .execute();
}

/** For a row from before chains existed. @param event without the personal part */
export async function eraseUnchainedRow(database: Database, sequence: number, event: string): Promise<void> {
  await database
    .updateTable('audit')
    .set({ event, subject: null, principal: null, actor: null })
    .where('sequence', '=', sequence)
    .where('chain', 'is', null)
    .execute();
}

/** Deletes the rows after one position, up to and including another. */
export async function deleteChainRows(
  database: Database,
  { chain, after, through }: { chain: string; after: number; through: number },
): Promise<void> {
  await database
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
export async function deleteUnchainedRows(
  database: Database,
  { before, limit }: { before: number; limit: number },
): Promise<number> {
  const old = database
    .selectFrom('audit')
    .select('sequence')
    .where('chain', 'is', null)
    .where('time', '<', before)
    .orderBy('time')
    .limit(limit);
  const { numDeletedRows } = await database.deleteFrom('audit').where('sequence', 'in', old).executeTakeFirst();
  return Number(numDeletedRows);
}
