// Audit rows: written once, found by the columns beside them, read along their chains.
import { CompiledQuery, sql } from 'kysely';
import type { AuditColumns, AuditRow, Database, NewAuditRow } from './schema.ts';

/** SQLite and PostgreSQL bound the parameters of a statement; 64 rows of fifteen stay far below. */
export const ROWS_AT_ONCE = 64;

const COLUMNS = [
  ...['time', 'request_id', 'outcome', 'reason', 'client', 'subject', 'principal', 'actor', 'audience', 'rule'],
  ...['event', 'personal', 'chain', 'position', 'hash'],
] as readonly (keyof NewAuditRow)[];

export async function insertAuditRows(database: Database, rows: readonly NewAuditRow[]): Promise<void> {
  const values = rows.flatMap((row) => COLUMNS.map((column) => row[column]));
  await database.executeQuery(CompiledQuery.raw(insertion(database, rows.length), values));
}

/** By dialect, then by the number of rows: a statement of hundreds of parameters costs more to make than to run. */
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

/** @returns undefined where no row has the id. */
export const findAuditRow = (database: Database, requestId: string): Promise<AuditRow | undefined> =>
  database.selectFrom('audit').selectAll().where('request_id', '=', requestId).executeTakeFirst();

/** The names of all chains that have rows. */
export async function listChains(database: Database): Promise<string[]> {
  // From one to the next along the index: the rows between them are not looked at.
  const { rows } = await sql<{ chain: string }>`
    with recursive chains(chain) as (
      select min(chain) from audit where chain is not null
      union all
      select (select min(chain) from audit where chain is not null and chain > chains.chain)
        from chains where chains.chain is not null
    ) select chain from chains where chain is not null`.execute(database);
  return rows.map(({ chain }) => chain);
}

/** The rows of a chain in order, after a position. */
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

/** Rows that lack a place in a chain, oldest first: those of before there were chains, or what somebody put there. */
export const listUnchainedRows = (database: Database, after: number, limit: number): Promise<AuditRow[]> =>
  database
    .selectFrom('audit')
    .selectAll()
    .where((is) => is.or([is('chain', 'is', null), is('position', 'is', null), is('hash', 'is', null)]))
    .where('sequence', '>', after)
    .orderBy('sequence')
    .limit(limit)
    .execute();

/** Equal values, null for none; a period from its first millisecond to before its last. */
export interface AuditTerms extends Partial<Omit<AuditColumns, 'time'>> {
  readonly since?: number;
  readonly until?: number;
  /** Texts of which the event or what is personal of it holds one. No index knows them. */
  readonly mentions?: readonly string[];
}

/** Where a page of rows ended; the next begins behind it. */
export interface AuditPlace {
  readonly time: number;
  readonly sequence: number;
}

/** The first that is asked for leads, by its index; the others are looked at in the rows that it finds. */
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
  /** Where the search stopped; undefined once it has seen all rows. */
  readonly end: AuditPlace | undefined;
}

/** Rows that one search reads for texts that no index knows. It must not hold the event loop. */
const SCANNED_ROWS = 1000;

/** The newest first. */
export async function searchAuditRows(
  database: Database,
  terms: AuditTerms,
  page: { before: AuditPlace | undefined; limit: number },
): Promise<FoundRows> {
  const { limit } = page;
  const query = selectRows(database, terms, page.before);
  if (terms.mentions === undefined) {
    const rows = await query.selectAll().limit(limit).execute();
    return { rows, end: rows.length === limit ? rows.at(-1) : undefined };
  }
  const [last] = await query
    .select(['time', 'sequence'])
    .offset(SCANNED_ROWS - 1)
    .limit(1)
    .execute();
  const scanned = last && query.where(sql<boolean>`(time, sequence) >= (${last.time}, ${last.sequence})`);
  const texts = terms.mentions.map((text) => `%${text.replaceAll('\\', '_')}%`);
  const rows = await (scanned ?? query)
    .where((is) => is.or(texts.flatMap((text) => [is('event', 'like', text), is('personal', 'like', text)])))
    .selectAll()
    .limit(limit)
    .execute();
  return { rows, end: rows.length === limit ? rows.at(-1) : last };
}

function selectRows(database: Database, terms: AuditTerms, before: AuditPlace | undefined) {
  const { since, until } = terms;
  const [leading, ...others] = LEADING.filter((column) => terms[column] !== undefined);
  let query = database.selectFrom('audit');
  if (leading !== undefined) query = query.where(leading, '=', terms[leading] ?? null);
  // Its index is of these rows alone, and says so.
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

/** What is personal is gone, and its digest stays, so that the chain is what it was. */
export async function eraseAuditRow(database: Database, sequence: number, personalDigest: string): Promise<void> {
  await database
    .updateTable('audit')
    .set({ personal: null, personal_digest: personalDigest, subject: null, principal: null, actor: null })
    .where('sequence', '=', sequence)
    .execute();
}

/** Of before there were chains: its event is written without what is personal. */
export async function eraseUnchainedRow(database: Database, sequence: number, event: string): Promise<void> {
  await database
    .updateTable('audit')
    .set({ event, subject: null, principal: null, actor: null })
    .where('sequence', '=', sequence)
    .where('chain', 'is', null)
    .execute();
}

/** After a position, up to and with another. */
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

/** All, those included that no chain leads to. */
export async function countRows(database: Database): Promise<number> {
  const { count } = await database
    .selectFrom('audit')
    .select(({ fn }) => fn.countAll().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Of before there were chains, at most so many. @returns how many */
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
