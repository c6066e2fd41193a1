// Which rows of the audit name a token, and which tokens derive from it: the entries of a table that is made of the rows.
import { type RawBuilder, sql } from 'kysely';
import { isPostgres } from './database-time.ts';
import type { Database } from './schema.ts';

/** What a token is in a row. A number is stored: never change or reuse one. */
export const ROLES = {
  issued: 1,
  /** The subject token or the actor token. */
  presented: 2,
  /** What a person agreed to, such as a session or a code. */
  agreement: 3,
  revoked: 4,
  /** A refresh token that was issued with the child. */
  family: 5,
  /** The entry is not about a token: it has the id that the caller gave to the request. */
  callerRequest: 6,
} as const;

/** How a dialect reads the JSON of a row. A row that someone altered may hold other JSON, or none. */
interface JsonDialect {
  readonly event: RawBuilder<unknown>;
  readonly personal: RawBuilder<unknown>;
  /** The text of a member. */
  readonly text: (column: string, ...path: readonly string[]) => RawBuilder<string | null>;
  readonly number: (column: string, ...path: readonly string[]) => RawBuilder<number | null>;
  /** Joins `batch` with the members of a list in its event, as `one`. */
  readonly each: (list: string) => RawBuilder<unknown>;
  readonly member: (name: string) => RawBuilder<string | null>;
  /** The member itself, if it is a text. */
  readonly value: RawBuilder<string | null>;
}

const sqlite: JsonDialect = {
  event: sql`case when json_valid(event) then event else '{}' end`,
  personal: sql`case when json_valid(coalesce(personal, event)) then coalesce(personal, event) else '{}' end`,
  text: (column, ...path) => sql`json_extract(${sql.ref(column)}, ${sql.lit(`$.${path.join('.')}`)})`,
  number: (column, ...path) => sql`json_extract(${sql.ref(column)}, ${sql.lit(`$.${path.join('.')}`)})`,
  each: (list) => sql`batch, json_each(batch.event, ${sql.lit(`$.${list}`)}) as one`,
  member: (name) => sql`case when one.type = 'object' then json_extract(one.value, ${sql.lit(`$.${name}`)}) end`,
  value: sql`case when one.type = 'text' then one.value end`,
};

const postgres: JsonDialect = {
  event: sql`event::json`,
  personal: sql`coalesce(personal, event)::json`,
  text: (column, ...path) => sql`${sql.ref(column)} #>> ${sql.lit(`{${path.join(',')}}`)}`,
  number: (column, ...path) => sql`cast(${sql.ref(column)} #>> ${sql.lit(`{${path.join(',')}}`)} as numeric)`,
  each: (list) => {
    const found = sql`batch.event -> ${sql.lit(list)}`;
    return sql`batch cross join lateral json_array_elements(
      case when json_typeof(${found}) = 'array' then ${found} else '[]'::json end) as one(value)`;
  },
  member: (name) => sql`one.value ->> ${sql.lit(name)}`,
  value: sql`one.value #>> '{}'`,
};

export const jsonIn = (database: Database): JsonDialect => (isPostgres(database) ? postgres : sqlite);

/** Names the rows `batch`, each with its JSON. @param rows a condition on `audit` */
export const batchOf = (database: Database, rows: RawBuilder<unknown>): RawBuilder<unknown> => {
  const { event, personal } = jsonIn(database);
  return sql`batch as materialized (select sequence, time, outcome, reason, client, audience,
    ${event} as event, ${personal} as personal from audit where ${rows})`;
};

/** Names the entries of rows `entries`, behind `with`. */
function entriesOf(database: Database, rows: RawBuilder<unknown>): RawBuilder<unknown> {
  const { text, each, member } = jsonIn(database);
  return sql`${batchOf(database, rows)},
    given as materialized (
      select sequence, time, ${text('personal', 'subject', 'id')} as token, ${sql.lit(ROLES.presented)} as role from batch
      union select sequence, time, ${text('personal', 'actor', 'id')}, ${sql.lit(ROLES.presented)} from batch
      union select sequence, time, ${text('event', 'agreement')}, ${sql.lit(ROLES.agreement)} from batch
      union select sequence, time, ${text('event', 'revoked')}, ${sql.lit(ROLES.revoked)} from batch
      union select sequence, time, ${text('personal', 'callerRequestId')}, ${sql.lit(ROLES.callerRequest)} from batch),
    issued as materialized (
      select sequence, time, ${member('id')} as token, ${member('type')} as type,
        1000 * cast(${member('expiresAt')} as bigint) as expires_at from ${each('issued')}),
    entries as (
      select token, ${sql.lit(ROLES.issued)} as role, time, sequence, '' as child, expires_at from issued where token is not null
      union select given.token, given.role, given.time, given.sequence, coalesce(issued.token, ''), issued.expires_at
        from given left join issued on issued.sequence = given.sequence 
          and given.role in (${sql.lit(ROLES.presented)}, ${sql.lit(ROLES.agreement)})
        where given.token is not null and given.token <> coalesce(issued.token, '')
      union select family.token, ${sql.lit(ROLES.family)}, family.time, family.sequence, issued.token, issued.expires_at
        from issued as family join issued on issued.sequence = family.sequence
        where family.type = 'refresh_token' and issued.token <> family.token)`;
}

/** Writes the entries of rows in the order of the table. */
export const insertionOfTokens = (database: Database, rows: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql`insert into audit_tokens (token, role, time, sequence, child, expires_at)
    with ${entriesOf(database, rows)} select token, role, time, sequence, child, expires_at from entries where true
    order by token, role, time, sequence, child on conflict do nothing`;

/** Deletes the entries of rows. `personal`: those that an erasure of the personal fields leaves without a source. */
export async function deleteTokens(
  transaction: Database,
  rows: RawBuilder<unknown>,
  which: 'all' | 'personal',
): Promise<void> {
  const some =
    which === 'all' ? sql`` : sql`where role in (${sql.lit(ROLES.presented)}, ${sql.lit(ROLES.callerRequest)})`;
  await sql`delete from audit_tokens where (token, role, time, sequence, child) in (
    with ${entriesOf(transaction, rows)} select token, role, time, sequence, child from entries ${some})`.execute(
    transaction,
  );
}

/** A condition on entries: they name one of the tokens. */
export const namesToken = (table: string, tokens: readonly string[]): RawBuilder<unknown> =>
  sql`${sql.ref(`${table}.token`)} in (${sql.join(tokens)}) and ${sql.ref(`${table}.role`)} <> ${sql.lit(ROLES.callerRequest)}`;

/** Counts the entries that the table lacks, of some rows. @param rows a condition on `audit` */
export async function countMissingTokens(database: Database, rows: RawBuilder<unknown>): Promise<number> {
  const { rows: found } = await sql<{ count: number }>`with ${entriesOf(database, rows)}
    select count(*) as count from entries where not exists (select 1 from audit_tokens as kept
      where kept.token = entries.token and kept.role = entries.role and kept.time = entries.time
        and kept.sequence = entries.sequence and kept.child = entries.child)`.execute(database);
  return Number(found[0]?.count);
}
