// The sequence numbers of audit rows and of revocations: the first, the last, and the last before which none can appear any more.
import { setTimeout as wait } from 'node:timers/promises';
import { sql } from 'kysely';
import { isPostgres } from './database-time.ts';
import type { Database } from './schema.ts';

/** A table whose rows are numbered. */
type Numbered = 'audit' | 'revocations';

const MAX_SETTLING_CHECKS = 20;
const SETTLING_MS = 25;

/**
 * Finds a sequence number up to which no transaction can still commit a row. SQLite commits in the order of numbers. In PostgreSQL a row
 * with a smaller number may be committed later; its transaction has locked the table since before the number was given.
 * @param maxChecks how often it looks whether those transactions have ended @returns undefined if they still run
 */
export async function findSettled(
  database: Database,
  maxChecks = MAX_SETTLING_CHECKS,
  table: Numbered = 'audit',
): Promise<number | undefined> {
  if (!isPostgres(database)) return findLastSequence(database, table);
  const { rows } = await sql<{ last: number }>`
    select case when is_called then last_value else last_value - 1 end as last from ${sql.table(`${table}_sequence_seq`)}`.execute(
    database,
  );
  let writers = await listWriters(database, table);
  for (let checks = 0; writers.length > 0; checks++) {
    if (checks === maxChecks) return undefined;
    await wait(SETTLING_MS);
    const running = new Set(await listWriters(database, table));
    writers = writers.filter((writer) => running.has(writer));
  }
  return rows[0]?.last;
}

/** @returns 1 if there are no rows */
export async function findFirstSequence(database: Database): Promise<number> {
  const { first } = await database
    .selectFrom('audit')
    .select(({ fn }) => fn.min('sequence').as('first'))
    .executeTakeFirstOrThrow();
  return first ?? 1;
}

/** @returns 0 if there are no rows */
export async function findLastSequence(database: Database, table: Numbered = 'audit'): Promise<number> {
  const { last } = await database
    .selectFrom(table)
    .select(({ fn }) => fn.max('sequence').as('last'))
    .executeTakeFirstOrThrow();
  return last ?? 0;
}

/** The transactions that have written to the table, or are about to. */
async function listWriters(database: Database, table: Numbered): Promise<readonly string[]> {
  const { rows } = await sql<{ writer: string }>`
    select virtualtransaction as writer from pg_locks
    where locktype = 'relation' and relation = ${table}::regclass and mode = 'RowExclusiveLock' and granted
      and database = (select oid from pg_database where datname = current_database())`.execute(database);
  return rows.map(({ writer }) => writer);
}
