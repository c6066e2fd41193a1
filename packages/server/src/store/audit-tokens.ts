// Which rows of the audit name a token, and which tokens derive from it: the entries of a table that is made of the rows.
import { type RawBuilder, sql } from 'kysely';
import { insertInto, isPostgres } from './database-time.ts';
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
  /** A member that may be a list, or null. */
  readonly list: (column: string, name: string) => RawBuilder<unknown>;
  /** The members of a list of `list`, as a table `one`, which is empty for anything else. */
  readonly each: (list: RawBuilder<unknown>) => RawBuilder<unknown>;
  readonly member: (name: string) => RawBuilder<string | null>;
  /** The member itself, if it is a text. */
  readonly value: RawBuilder<string | null>;
}

const inSqlite = (column: string, ...path: readonly string[]): RawBuilder<never> =>
  sql`json_extract(${sql.ref(column)}, ${sql.lit(`$.${path.join('.')}`)})`;

const sqlite: JsonDialect = {
  event: sql`case when json_valid(event) then event else '{}' end`,
  personal: sql`case when json_valid(coalesce(personal, event)) then coalesce(personal, event) else '{}' end`,
  text: inSqlite,
  number: inSqlite,
  list: (column, name) => sql`${sql.ref(column)} -> ${sql.lit(`$.${name}`)}`,
  each: (list) => sql`json_each(${list}) as one`,
  member: (name) => sql`case when one.type = 'object' then json_extract(one.value, ${sql.lit(`$.${name}`)}) end`,
  value: sql`case when one.type = 'text' then one.value end`,
};

/** Escapes of what PostgreSQL cannot hold, a NUL or half of a character. It refuses to read any member beside one. */
const UNREADABLE = String.raw`(?<!\\)((?:\\\\)*)\\u(?:0000|d[89a-f][0-9a-f]{2})`;

/** The JSON of a text that JSON.stringify wrote, in PostgreSQL. Claims of other issuers stand in it, and may have any character. */
export const jsonOfText = (text: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql`(case when strpos(${text}, ${sql.lit(String.raw`\u`)}) = 0 then ${text}
    else regexp_replace(${text}, ${sql.lit(UNREADABLE)}, ${sql.lit(String.raw`\1\\ufffd`)}, 'g') end)::json`;

const postgres: JsonDialect = {
  event: jsonOfText(sql`event`),
  personal: jsonOfText(sql`coalesce(personal, event)`),
  text: (column, ...path) => sql`${sql.ref(column)} #>> ${sql.lit(`{${path.join(',')}}`)}`,
  number: (column, ...path) => sql`cast(${sql.ref(column)} #>> ${sql.lit(`{${path.join(',')}}`)} as numeric)`,
  list: (column, name) => sql`${sql.ref(column)} -> ${sql.lit(name)}`,
  each: (list) =>
    sql`lateral json_array_elements(case when json_typeof(${list}) = 'array' then ${list} else '[]'::json end) as one(value)`,
  member: (name) => sql`one.value ->> ${sql.lit(name)}`,
  value: sql`one.value #>> '{}'`,
};

export const jsonIn = (database: Database): JsonDialect => (isPostgres(database) ? postgres : sqlite);

/** Names the entries of rows `entries`, behind `with`. The JSON of a row is read once. An entry may come twice. */
function entriesOf(database: Database, rows: RawBuilder<unknown>): RawBuilder<unknown> {
  const { event, personal, text, list, each, member } = jsonIn(database);
  const entry = (role: keyof typeof ROLES, token: string, child: RawBuilder<unknown>, from: RawBuilder<unknown>) =>
    sql`select ${sql.ref(token)} as token, ${sql.lit(ROLES[role])} as role, time, sequence, ${child} as child,
      ${child === NO_CHILD && role !== 'issued' ? sql`cast(null as bigint)` : sql`expires_at`} as expires_at from ${from}`;
  /** With every token that the row issued. */
  const parent = (role: keyof typeof ROLES, token: string) =>
    entry(
      role,
      token,
      sql`coalesce(child, '')`,
      sql`born where ${sql.ref(token)} is not null and ${sql.ref(token)} <> coalesce(child, '')`,
    );
  const named = (role: keyof typeof ROLES, token: string) =>
    entry(role, token, NO_CHILD, sql`batch where ${sql.ref(token)} is not null and ${sql.ref(token)} <> ''`);
  return sql`read as (select sequence, time, ${event} as event, ${personal} as personal from audit where ${rows}),
    batch as materialized (select sequence, time, ${text('personal', 'subject', 'id')} as subject,
      ${text('personal', 'actor', 'id')} as actor, ${text('event', 'agreement')} as agreement,
      ${text('event', 'revoked')} as revoked, ${text('personal', 'callerRequestId')} as caller,
      ${list('event', 'issued')} as issued from read),
    born as materialized (select sequence, time, subject, actor, agreement, issued, ${member('id')} as child,
      ${member('type')} as type, 1000 * cast(${member('expiresAt')} as bigint) as expires_at
      from batch left join ${each(sql`issued`)} on true),
    entries as (${sql.join(
      [
        entry('issued', 'child', NO_CHILD, sql`born where child is not null`),
        parent('presented', 'subject'),
        parent('presented', 'actor'),
        parent('agreement', 'agreement'),
        named('revoked', 'revoked'),
        named('callerRequest', 'caller'),
        sql`select family, ${sql.lit(ROLES.family)}, time, sequence, child, expires_at from (
          select born.time, born.sequence, born.child as family, ${member('id')} as child,
            1000 * cast(${member('expiresAt')} as bigint) as expires_at
          from born cross join ${each(sql`born.issued`)} where born.type = 'refresh_token') as families
          where family is not null and child <> family`,
      ],
      sql` union all `,
    )})`;
}

const NO_CHILD = sql`''`;

/** Writes the entries of rows in the order of the table. */
export const insertionOfTokens = (database: Database, rows: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql`${insertInto(database)} audit_tokens (token, role, time, sequence, child, expires_at)
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

/** Conditions on entries: each of those that name one of the tokens meets one of them. */
export const entriesNaming = (table: string, tokens: readonly string[]): readonly RawBuilder<unknown>[] =>
  tokens.flatMap((token) =>
    Object.values(ROLES)
      .filter((role) => role !== ROLES.callerRequest)
      .map((role) => sql`${sql.ref(`${table}.token`)} = ${token} and ${sql.ref(`${table}.role`)} = ${sql.lit(role)}`),
  );

/** Counts the entries that the table lacks, of some rows. @param rows a condition on `audit` */
export async function countMissingTokens(database: Database, rows: RawBuilder<unknown>): Promise<number> {
  const { rows: found } = await sql<{ count: number }>`with ${entriesOf(database, rows)}
    select count(*) as count from (select distinct token, role, time, sequence, child from entries) as entries where not exists (select 1 from audit_tokens as kept
      where kept.token = entries.token and kept.role = entries.role and kept.time = entries.time
        and kept.sequence = entries.sequence and kept.child = entries.child)`.execute(database);
  return Number(found[0]?.count);
}
