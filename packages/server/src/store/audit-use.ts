// Reads from audit rows when a rule or client was used last, and which clients, audiences and scopes its rows have. The database
// finds and groups the rows, by the indexes of a search.
import { type RawBuilder, sql } from 'kysely';
import type { AuditPlace } from './audit-conditions.ts';
import { EVERY_ROW, hasTerm, indexedTerm, readIndexState } from './audit-index.ts';
import { searchAuditRows } from './audit-search.ts';
import { jsonOfText } from './audit-tokens.ts';
import { containsText, isPostgres } from './database-time.ts';
import type { Database } from './schema.ts';

/** A column that says whose rows to read. */
export type UsedBy = 'rule' | 'client';

/** The distinct values of some rows. Lists are JSON. */
export interface UseGroup {
  /** As the column has it: a long id is abbreviated. */
  readonly client: string | null;
  readonly targets: string | null;
  readonly scopeGiven: string | null;
  /** Of a request that got no token. */
  readonly scopeAsked: string | null;
  /** The decisions of rules in audit mode. */
  readonly shadows: string | null;
}

/** @returns milliseconds since 1970; undefined if there are no rows */
export async function findFirstRowTime(database: Database): Promise<number | undefined> {
  const { position, phase } = await readIndexState(database);
  const times = await Promise.all([
    phase === 'building'
      ? sql<Timed>`select time from audit order by time limit 1`.execute(database)
      : sql<Timed>`select entry.time from audit_index as entry where ${hasTerm(EVERY_ROW)}
          order by entry.time limit 1`.execute(database),
    sql<Timed>`select min(time) as time from audit where sequence > ${position}`.execute(database),
  ]);
  return times.flatMap(({ rows }) => rows[0]?.time ?? []).toSorted((a, b) => a - b)[0];
}

interface Timed {
  readonly time: number | null;
}

/** @returns the time of the last row with this rule or client; undefined if there is none */
export async function findLastUse(database: Database, by: UsedBy, term: string): Promise<number | undefined> {
  const { rows } = await searchAuditRows(database, { [by]: term }, { before: undefined, limit: 1 });
  return rows[0]?.time;
}

/** The rows to read: those of a rule, of a client, or all; from `since` on and before a place. */
export interface UseRange {
  readonly of: { readonly by: UsedBy; readonly term: string } | undefined;
  readonly since: number;
  readonly before: AuditPlace | undefined;
  /** Maximum number of rows. */
  readonly limit: number;
  /** `shadows`: read only the decisions of rules in audit mode. */
  readonly read: 'names' | 'shadows';
}

/**
 * Newest first; rows that are not in the index come with the first page.
 * @returns the groups, and the last row that was read; `end` is undefined if no rows are left
 */
export async function readUse(
  database: Database,
  range: UseRange,
): Promise<{ readonly groups: readonly UseGroup[]; readonly end: AuditPlace | undefined }> {
  const { position, phase } = await readIndexState(database);
  if (phase === 'building') return readPage(database, range, sql`audit as entry`, columnIs(range, 'entry'));
  const tail =
    range.before === undefined
      ? await groupRows(
          database,
          range,
          sql`audit where sequence > ${position} and time >= ${range.since} and ${columnIs(range, 'audit')}`,
        )
      : [];
  const { of } = range;
  const term = (of && indexedTerm(of.by, of.term)) ?? EVERY_ROW;
  const page = await readPage(database, range, sql`audit_index as entry`, hasTerm(term));
  return { ...page, groups: [...tail, ...page.groups] };
}

const columnIs = ({ of }: UseRange, table: string): RawBuilder<unknown> =>
  of === undefined ? sql`true` : sql`${sql.ref(`${table}.${of.by}`)} = ${of.term}`;

/** @param entries a table with the time and the sequence number of rows, named `entry` @param condition on it */
async function readPage(
  database: Database,
  range: UseRange,
  entries: RawBuilder<unknown>,
  condition: RawBuilder<unknown>,
): Promise<{ readonly groups: readonly UseGroup[]; readonly end: AuditPlace | undefined }> {
  const { since, before } = range;
  const newer =
    before &&
    sql`and entry.time <= ${before.time} and (entry.time, entry.sequence) < (${before.time}, ${before.sequence})`;
  const where = sql`${condition} and entry.time >= ${since} ${newer ?? sql``}`;
  // The index has all columns of this query, so that no row is read for it.
  const { rows } = await sql<AuditPlace>`select entry.time, entry.sequence from ${entries} where ${where}
    order by entry.time desc, entry.sequence desc limit 1 offset ${range.limit - 1}`.execute(database);
  const [end] = rows;
  const rest = end && sql`and (entry.time, entry.sequence) >= (${end.time}, ${end.sequence})`;
  const groups = await groupRows(
    database,
    range,
    sql`${entries} cross join audit where ${where} ${rest ?? sql``} and audit.sequence = entry.sequence`,
  );
  return { groups, end };
}

/** @param rows tables with `audit` among them, and conditions */
async function groupRows(
  database: Database,
  { read }: UseRange,
  rows: RawBuilder<unknown>,
): Promise<readonly UseGroup[]> {
  const member = memberOf(database);
  const asked = sql`case when audit.outcome = 'issued' then null else ${member('scopeAsked')} end`;
  const { rows: groups } = await (read === 'shadows'
    ? sql<UseGroup>`select distinct null as client, null as targets, null as "scopeGiven", null as "scopeAsked",
        ${member('shadows')} as shadows from ${rows} and ${containsText(database, 'audit.event', '"shadows":')}`
    : sql<UseGroup>`select distinct audit.client, ${member('targets')} as targets, ${member('scopeGiven')} as "scopeGiven",
        ${asked} as "scopeAsked", null as shadows from ${rows}`
  ).execute(database);
  return groups;
}

/** The text of a member of the event. */
function memberOf(database: Database): (name: string) => RawBuilder<string | null> {
  const inPostgres = isPostgres(database);
  return (name) =>
    inPostgres
      ? sql`${jsonOfText(sql`audit.event`)}->>${sql.lit(name)}`
      : sql`json_extract(audit.event, ${sql.lit(`$.${name}`)})`;
}

/** Rows about a person among which a sign-in is looked for. */
const MAX_SIGN_IN_ROWS = 1000;

/** @param subject as the column has it @returns the time of the last successful sign-in; undefined if recent rows have none */
export async function findLastSignIn(database: Database, subject: string): Promise<number | undefined> {
  const term = indexedTerm('subject', subject);
  if (term === undefined) return undefined;
  const { rows } = await sql<Timed>`select audit.time from (select entry.time, entry.sequence from audit_index as entry
      where ${hasTerm(term)} order by entry.time desc, entry.sequence desc limit ${sql.lit(MAX_SIGN_IN_ROWS)}) as recent
    join audit on audit.sequence = recent.sequence
    where audit.outcome = 'accepted' and ${containsText(database, 'audit.event', '"action":"sign_in"')}
    order by audit.time desc limit 1`.execute(database);
  return rows[0]?.time ?? undefined;
}
