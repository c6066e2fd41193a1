// Finds the rows that issued or presented a token, and the tokens that derive from it, in the table of tokens.
import { type RawBuilder, sql } from 'kysely';
import { ROLES } from './audit-tokens.ts';
import { isPostgres } from './database-time.ts';
import type { AuditRow, Database } from './schema.ts';

/** Tokens that one call visits at most. */
export const MAX_FAMILY = 10_000;

const IS_PARENT = sql`entry.role in (${sql.lit(ROLES.presented)}, ${sql.lit(ROLES.agreement)}, ${sql.lit(ROLES.family)})`;

/** Finds the first row that issued the token, or else the last row that presented it or is about it. */
export async function findTokenRow(
  database: Database,
  token: string,
): Promise<{ readonly row: AuditRow; readonly role: 'issued' | 'presented' | 'agreement' | 'revoked' } | undefined> {
  for (const role of ['issued', 'presented', 'agreement', 'revoked'] as const) {
    const order = sql.raw(role === 'issued' ? 'asc' : 'desc');
    const { rows } = await sql<{ sequence: number }>`select sequence from audit_tokens
      where token = ${token} and role = ${sql.lit(ROLES[role])}
      order by time ${order}, sequence ${order} limit 1`.execute(database);
    const [found] = rows;
    const row = found && (await readRows(database, [found.sequence]))[0];
    if (row !== undefined) return { row, role };
  }
  return undefined;
}

const readRows = (database: Database, sequences: readonly number[]): Promise<AuditRow[]> =>
  sequences.length === 0
    ? Promise.resolve([])
    : database.selectFrom('audit').selectAll().where('sequence', 'in', sequences).execute();

/**
 * Names the token and its descendants, behind `with recursive`, at most one more than `MAX_FAMILY`. Each is visited once.
 * @param name `living`: without those that derive from a revoked token
 */
function familyOf(database: Database, token: string, name: 'family' | 'living'): RawBuilder<unknown> {
  const limit = sql`limit ${sql.lit(MAX_FAMILY + 2)}`;
  const descent = sql.ref(`${name}_descent`);
  const intact =
    name === 'family' ? sql`` : sql`and not exists (select 1 from revocations where revocations.id = ${descent}.token)`;
  // PostgreSQL computes as many members as are read; SQLite stops by a limit of its own.
  return sql`${descent}(token) as (select cast(${token} as text) union
      select entry.child from ${descent} join audit_tokens as entry on entry.token = ${descent}.token
        and ${IS_PARENT} and entry.child <> '' ${intact} ${isPostgres(database) ? sql`` : limit}),
    ${sql.ref(name)} as materialized (select token from ${descent} ${limit})`;
}

export interface FamilyCount {
  /** All descendants that were visited. */
  readonly all: number;
  /** Those that have not expired, and are not revoked by their id or with an ancestor. */
  readonly living: number;
  /** False: the family is larger than `MAX_FAMILY`. */
  readonly isComplete: boolean;
  /** No member is revoked by its id. */
  readonly isIntact: boolean;
}

/** A condition on members: an entry of their issue has a later expiry. */
const livesAfter = (table: 'family' | 'living', now: number): RawBuilder<unknown> =>
  sql`exists (select 1 from audit_tokens as entry where entry.token = ${sql.ref(`${table}.token`)}
    and entry.role = ${sql.lit(ROLES.issued)} and entry.expires_at > ${now})`;

export async function countFamily(database: Database, token: string, now: number): Promise<FamilyCount> {
  const { rows } = await sql<{ all: number; living: number; revoked: number }>`with recursive
    ${familyOf(database, token, 'family')}
    select count(*) - 1 as "all",
      coalesce(sum(case when token <> ${token} and ${livesAfter('family', now)} then 1 else 0 end), 0) as living,
      coalesce(sum(case when exists (select 1 from revocations where revocations.id = family.token) then 1 else 0 end), 0)
        as revoked
    from family`.execute(database);
  const [{ all, living, revoked } = { all: 0, living: 0, revoked: 0 }] = rows;
  const isIntact = Number(revoked) === 0;
  return {
    all: Math.min(Number(all), MAX_FAMILY),
    living: Math.min(isIntact ? Number(living) : await countLiving(database, token, now), MAX_FAMILY),
    isComplete: Number(all) <= MAX_FAMILY,
    isIntact,
  };
}

async function countLiving(database: Database, token: string, now: number): Promise<number> {
  const { rows } = await sql<{ count: number }>`with recursive ${familyOf(database, token, 'living')}
    select count(*) as count from living where token <> ${token}
      and not exists (select 1 from revocations where revocations.id = living.token)
      and ${livesAfter('living', now)}`.execute(database);
  return Number(rows[0]?.count);
}

/** A place in the list of descendants, in the order of writing. */
export interface FamilyPlace {
  readonly time: number;
  readonly sequence: number;
  readonly token: string;
}

export interface FamilyMember {
  readonly place: FamilyPlace;
  /** The first one that issued it. */
  readonly row: AuditRow;
  /** Was a token revoked that it derives from, among the descendants? */
  readonly isCut: boolean;
}

/** Lists descendants: a parent comes before its children. */
export async function listFamily(
  database: Database,
  token: string,
  {
    after,
    limit,
    isIntact,
  }: { readonly after: FamilyPlace | undefined; readonly limit: number; readonly isIntact: boolean },
): Promise<readonly FamilyMember[]> {
  const rest =
    after === undefined ? sql`true` : sql`(time, sequence, token) > (${after.time}, ${after.sequence}, ${after.token})`;
  const { rows: places } = await sql<FamilyPlace & { cut: number }>`with recursive
    ${familyOf(database, token, 'family')}, ${isIntact ? sql`` : sql`${familyOf(database, token, 'living')},`}
    born as (select family.token, min(entry.time) as time, min(entry.sequence) as sequence from family
      join audit_tokens as entry on entry.token = family.token and entry.role = ${sql.lit(ROLES.issued)}
      where family.token <> ${token} group by family.token)
    select token, time, sequence,
      ${isIntact ? sql`0` : sql`case when exists (select 1 from living where living.token = born.token) then 0 else 1 end`} as cut from born where ${rest} order by time, sequence, token limit ${limit}`.execute(
    database,
  );
  const rows = new Map(
    (await readRows(database, [...new Set(places.map(({ sequence }) => sequence))])).map((row) => [row.sequence, row]),
  );
  return places.flatMap(({ cut, ...place }) => {
    const row = rows.get(place.sequence);
    return row === undefined ? [] : [{ place, row, isCut: cut === 1 }];
  });
}

/** The newest rows of requests to which their caller gave this id. */
export async function findCallerRows(database: Database, requestId: string, limit: number): Promise<AuditRow[]> {
  const { rows } = await sql<{ sequence: number }>`select sequence from audit_tokens
    where token = ${requestId} and role = ${sql.lit(ROLES.callerRequest)}
    order by time desc, sequence desc limit ${limit}`.execute(database);
  return readRows(
    database,
    rows.map(({ sequence }) => sequence),
  );
}
