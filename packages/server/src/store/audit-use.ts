// Reads from audit rows when a rule or client was used last, and which clients, audiences and scopes its rows have. The database
// finds and groups the rows, by the indexes of a search.
import { PostgresAdapter, type RawBuilder, sql } from 'kysely';
import type { AuditPlace } from './audit-rows.ts';
import { containsText } from './database-time.ts';
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
  const found = await database
    .selectFrom('audit')
    .select(({ fn }) => fn.min('time').as('time'))
    .executeTakeFirst();
  return found?.time ?? undefined;
}

/** @returns the time of the last row with this rule or client; undefined if there is none */
export async function findLastUse(database: Database, by: UsedBy, term: string): Promise<number | undefined> {
  const found = await database
    .selectFrom('audit')
    .select('time')
    .where(by, '=', term)
    .orderBy('time', 'desc')
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  return found?.time;
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

/** Newest first. @returns the groups, and the last row that was read; `end` is undefined if no rows are left */
export async function readUse(
  database: Database,
  range: UseRange,
): Promise<{ readonly groups: readonly UseGroup[]; readonly end: AuditPlace | undefined }> {
  // The index has all columns of this query, so that no row is read for it.
  const end = await rowsOf(database, range)
    .select(['time', 'sequence'])
    .orderBy('time', 'desc')
    .orderBy('sequence', 'desc')
    .offset(range.limit - 1)
    .limit(1)
    .executeTakeFirst();
  let rows = rowsOf(database, range);
  if (end !== undefined)
    rows = rows.where('time', '>=', end.time).where(sql<boolean>`(time, sequence) >= (${end.time}, ${end.sequence})`);
  const member = memberOf(database);
  const none = sql<string | null>`null`;
  const groups = await (range.read === 'shadows'
    ? rows
        .where(containsText(database, 'event', '"shadows":'))
        .select([none.as('client'), none.as('targets'), none.as('scopeGiven'), none.as('scopeAsked')])
        .select(member('shadows').as('shadows'))
    : rows
        .select(['client', member('targets').as('targets'), member('scopeGiven').as('scopeGiven')])
        .select(
          sql<string | null>`case when outcome = 'issued' then null else ${member('scopeAsked')} end`.as('scopeAsked'),
        )
        .select(none.as('shadows'))
  )
    .distinct()
    .execute();
  return { groups, end };
}

function rowsOf(database: Database, { of, since, before }: UseRange) {
  let query = database.selectFrom('audit').where('time', '>=', since);
  if (of !== undefined) query = query.where(of.by, '=', of.term);
  if (before !== undefined) {
    query = query.where('time', '<=', before.time);
    query = query.where(sql<boolean>`(time, sequence) < (${before.time}, ${before.sequence})`);
  }
  return query;
}

/** The text of a member of the event. */
function memberOf(database: Database): (name: string) => RawBuilder<string | null> {
  const isPostgres = database.getExecutor().adapter instanceof PostgresAdapter;
  return (name) =>
    isPostgres ? sql`event::json->>${sql.lit(name)}` : sql`json_extract(event, ${sql.lit(`$.${name}`)})`;
}
