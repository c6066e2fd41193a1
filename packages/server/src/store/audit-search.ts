// Searches audit rows by their columns, newest first: in the index, and among the rows that are not in it yet.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { sql } from 'kysely';
import {
  type AuditPlace,
  type AuditTerms,
  columnsEqual,
  type RowSize,
  rowBytes,
  timesOf,
  withinBytes,
} from './audit-conditions.ts';
import { readDerived, readDerivedPosition } from './audit-derived.ts';
import { EVERY_ROW, hasTerm, INDEXED_COLUMNS, type IndexedTerm, indexedTerm, readIndexState } from './audit-index.ts';
import { findBatchEnd } from './audit-positions.ts';
import { findLastSequence } from './audit-settled.ts';
import { entriesNaming } from './audit-tokens.ts';
import { containsText } from './database-time.ts';
import type { AuditRow, Database } from './schema.ts';

/** Rows that are not in the index: `all` are read, however many, or at most `MAX_TAIL_ROWS`. Whatever decides something reads all. */
export type Unindexed = 'all' | 'bounded';

export interface FoundRows {
  readonly rows: readonly AuditRow[];
  /** The last row that was read; undefined if no rows are left. */
  readonly end: AuditPlace | undefined;
  /** The sequence number of the last row that was searched; undefined if all were. */
  readonly searchedTo: number | undefined;
}

/** What one search reads at most, so that many or large rows do not hold up other requests. A row may be larger. */
const MAX_SCANNED_ROWS = 1000;
export const MAX_SCANNED_BYTES = 4 * 2 ** 20;
/** Other requests have their turn after this many bytes. */
const BATCH_BYTES = 2 ** 18;
/** Entries of one term that are compared with the other terms. */
const MAX_COMPARED_ENTRIES = 5000;
/** Entries that are counted to find the rarest term. */
const MAX_COUNTED_ENTRIES = 1000;
const TAIL_BATCH_ROWS = 2000;
const MAX_TAIL_ROWS = 20_000;

/** Rows of one part of the audit, newest first. */
interface Part {
  readonly sizes: readonly RowSize[];
  /** Where its reading ended; undefined if no rows are left. */
  readonly end: AuditPlace | undefined;
}

export const newestFirst = (a: AuditPlace, b: AuditPlace): number => b.time - a.time || b.sequence - a.sequence;

/** Newest first. */
export async function searchAuditRows(
  database: Database,
  terms: AuditTerms,
  page: { before: AuditPlace | undefined; limit: number; unindexed?: Unindexed },
): Promise<FoundRows> {
  const find = () => findRows(database, terms, page);
  return terms.tokens === undefined ? find() : readDerived(database, find);
}

async function findRows(
  database: Database,
  terms: AuditTerms,
  { before, limit, unindexed = 'all' }: { before: AuditPlace | undefined; limit: number; unindexed?: Unindexed },
): Promise<FoundRows> {
  const maxRows = terms.tokens === undefined ? limit : MAX_SCANNED_ROWS;
  const state = await readIndexState(database);
  const range = { terms, before, maxRows };
  if (state.phase === 'building')
    return readFound(database, terms, limit, { ...(await searchColumns(database, range)), searchedTo: undefined });
  const derived = terms.tokens === undefined ? undefined : await readDerivedPosition(database);
  // After an upgrade, the table of tokens lacks most rows, and reading those of the index is faster.
  const byToken = derived !== undefined && (await findLastSequence(database)) - derived <= MAX_TAIL_ROWS;
  const tail = await searchTail(database, range, byToken ? derived : state.position, unindexed);
  const parts = [tail, await (byToken ? searchTokens : searchIndex)(database, range)];
  // Stop at the first end of a part that has more rows: its next row may come right after.
  const [end] = parts.flatMap((part) => part.end ?? []).toSorted(newestFirst);
  const all = new Map(parts.flatMap(({ sizes }) => sizes).map((size) => [size.sequence, size]));
  const known = [...all.values()]
    .toSorted(newestFirst)
    .filter((row) => end === undefined || newestFirst(row, end) <= 0);
  const sizes = known.slice(0, maxRows);
  return readFound(database, terms, limit, {
    sizes,
    end: sizes.length < known.length ? sizes.at(-1) : end,
    searchedTo: tail.searchedTo,
  });
}

interface SearchRange {
  readonly terms: AuditTerms;
  readonly before: AuditPlace | undefined;
  readonly maxRows: number;
}

/** Reads the rows of a part within the limits of size, and checks them for tokens. */
async function readFound(
  database: Database,
  terms: AuditTerms,
  limit: number,
  part: Part & Pick<FoundRows, 'searchedTo'>,
): Promise<FoundRows> {
  const { sizes, searchedTo } = part;
  const scanned = withinBytes(sizes, MAX_SCANNED_BYTES);
  const rows: AuditRow[] = [];
  for (let left = scanned; left.length > 0 && rows.length < limit; ) {
    const batch = withinBytes(left, BATCH_BYTES);
    rows.push(...(await readBatch(database, terms, batch)).slice(0, limit - rows.length));
    left = left.slice(batch.length);
    await nextTurn();
  }
  if (rows.length === limit) return { rows, end: rows.at(-1), searchedTo };
  return { rows, end: scanned.length < sizes.length ? scanned.at(-1) : part.end, searchedTo };
}

export async function readBatch(database: Database, terms: AuditTerms, batch: readonly RowSize[]): Promise<AuditRow[]> {
  const wanted = batch.map(({ sequence }) => sequence);
  let query = database.selectFrom('audit').selectAll().where('sequence', 'in', wanted);
  // Quotes make it a whole value: no part of another text matches, and each search ends at the next quote.
  const texts = terms.tokens?.map((id) => JSON.stringify(id));
  if (texts !== undefined)
    query = query.where((is) =>
      is.or(texts.flatMap((text) => ['event', 'personal'].map((column) => containsText(database, column, text)))),
    );
  return (await query.execute()).toSorted(newestFirst);
}

/** Searches the index by the term that has the fewest entries. */
async function searchIndex(database: Database, range: SearchRange): Promise<Part> {
  const { terms, maxRows } = range;
  const term = await findRarest(database, termsOf(terms), range);
  const isExact = INDEXED_COLUMNS.filter((column) => terms[column] !== undefined).every(
    (column) => column === term.kind,
  );
  // A term with many entries is compared with the other terms in several pages. Without this limit, PostgreSQL joins all of them.
  const most = isExact ? maxRows : MAX_COMPARED_ENTRIES;
  const entries = sql`select time, sequence from audit_index as entry
    where ${hasTerm(term)} and ${timesOf(range, 'entry')} order by time desc, sequence desc`;
  const { rows: ends } = await sql<AuditPlace>`${entries} limit 1 offset ${most - 1}`.execute(database);
  const { rows } = await sql<RowSize>`select page.time, page.sequence, ${rowBytes} as bytes
    from (${entries} limit ${most}) as page cross join audit
    where audit.sequence = page.sequence and audit.time = page.time and ${columnsEqual(terms)}
    order by page.time desc, page.sequence desc limit ${maxRows}`.execute(database);
  return { sizes: rows, end: rows.length === maxRows ? rows.at(-1) : ends[0] };
}

const termsOf = (terms: AuditTerms): readonly IndexedTerm[] =>
  INDEXED_COLUMNS.flatMap((column) => {
    const value = terms[column];
    return value == null ? [] : (indexedTerm(column, value) ?? []);
  });

async function findRarest(database: Database, terms: readonly IndexedTerm[], range: SearchRange): Promise<IndexedTerm> {
  const [first = EVERY_ROW, ...others] = terms;
  if (others.length === 0) return first;
  let rarest = { term: first, count: Number.POSITIVE_INFINITY };
  for (const term of terms) {
    const { rows } = await sql<{ count: number }>`select count(*) as count from (select 1 from audit_index as entry
      where ${hasTerm(term)} and ${timesOf(range, 'entry')} limit ${MAX_COUNTED_ENTRIES}) as entries`.execute(database);
    const count = Number(rows[0]?.count);
    if (count < rarest.count) rarest = { term, count };
  }
  return rarest.term;
}

/** Searches the table of tokens. */
async function searchTokens(database: Database, range: SearchRange): Promise<Part> {
  const { terms, maxRows } = range;
  // Each part is read in the order of the table, and no further: thousands of rows may name a token.
  const parts = entriesNaming('entry', terms.tokens ?? []).map(
    (isEntry) => sql`select time, sequence from (select distinct time, sequence from audit_tokens as entry
      where ${isEntry} and ${timesOf(range, 'entry')} order by time desc, sequence desc limit ${maxRows}) as part`,
  );
  // One statement: an entry that is added between two would move the end.
  const { rows } = await sql<AuditPlace & { readonly bytes: number | null }>`
    select entry.time, entry.sequence, ${rowBytes} as bytes
    from (select distinct time, sequence from (${sql.join(parts, sql` union all `)}) as parts
      order by time desc, sequence desc limit ${maxRows}) as entry
    left join audit on audit.sequence = entry.sequence and audit.time = entry.time and ${columnsEqual(terms)}
    order by entry.time desc, entry.sequence desc`.execute(database);
  return {
    sizes: rows.flatMap(({ bytes, ...place }) => (bytes === null ? [] : { ...place, bytes })),
    end: rows.length === maxRows ? rows.at(-1) : undefined,
  };
}

/** Reads the rows after the position of the index, in batches. */
async function searchTail(
  database: Database,
  { terms, before, maxRows }: SearchRange,
  position: number,
  unindexed: Unindexed,
): Promise<Part & Pick<FoundRows, 'searchedTo'>> {
  const last = await findLastSequence(database);
  const through =
    unindexed === 'all' ? last : await findBatchEnd(database, { after: position, through: last, limit: MAX_TAIL_ROWS });
  let sizes: readonly RowSize[] = [];
  for (let after = position; after < through; ) {
    const end = await findBatchEnd(database, { after, through, limit: TAIL_BATCH_ROWS });
    const { rows } = await sql<RowSize>`select time, sequence, ${rowBytes} as bytes from audit
      where sequence > ${after} and sequence <= ${end} and ${columnsEqual(terms)}
        and ${timesOf({ terms, before }, 'audit')}
      order by time desc, sequence desc limit ${maxRows}`.execute(database);
    sizes = [...sizes, ...rows].toSorted(newestFirst).slice(0, maxRows);
    after = end;
    await nextTurn();
  }
  const end = sizes.length === maxRows ? sizes.at(-1) : undefined;
  return { sizes, end, searchedTo: through < last ? through : undefined };
}

/** The first of these columns in the search terms selects an index of the columns; the others filter the rows that it finds. */
const LEADING = ['request_id', 'subject', 'principal', 'actor', 'rule', 'client', 'audience', 'outcome'] as const;

/** Searches by the indexes of the columns, which exist until the index has all rows. */
async function searchColumns(database: Database, { terms, before, maxRows }: SearchRange): Promise<Part> {
  const leading = LEADING.find((column) => terms[column] !== undefined);
  let condition = sql`true`;
  if (leading !== undefined) {
    condition = sql`${sql.ref(leading)} = ${terms[leading]}`;
    // The index has only these rows; the database uses it if the query has the same condition.
    if (leading === 'outcome' && terms.outcome !== 'issued') condition = sql`${condition} and outcome <> 'issued'`;
  }
  const others = leading === undefined ? terms : { ...terms, [leading]: undefined };
  const { rows } = await sql<RowSize>`select time, sequence, ${rowBytes} as bytes from audit
    where ${condition} and ${columnsEqual(others)} and ${timesOf({ terms, before }, 'audit')}
    order by time desc, sequence desc limit ${maxRows}`.execute(database);
  return { sizes: rows, end: rows.length === maxRows ? rows.at(-1) : undefined };
}

/** @returns undefined if no row has the id */
export async function findAuditRow(database: Database, requestId: string): Promise<AuditRow | undefined> {
  const { rows } = await searchAuditRows(database, { request_id: requestId }, { before: undefined, limit: 1 });
  return rows[0];
}

/** @returns the time of the last row up to a sequence number, in milliseconds since 1970 */
export async function findTimeAt(database: Database, sequence: number): Promise<number | undefined> {
  const row = await database
    .selectFrom('audit')
    .select('time')
    .where('sequence', '<=', sequence)
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.time;
}
