// SQL expressions that SQLite and PostgreSQL write differently: the clock of the database, which all nodes share, and search for a text.
import { PostgresAdapter, type RawBuilder, sql } from 'kysely';
import type { Database } from './schema.ts';

/** Is the database PostgreSQL, or SQLite? */
export const isPostgres = (database: Database): boolean => database.getExecutor().adapter instanceof PostgresAdapter;

/**
 * Begins a statement that inserts many rows. SQLite copies each page before a statement changes it, in case the statement fails and its
 * transaction goes on. This one fails with its transaction, and so costs a quarter less.
 */
export const insertInto = (database: Database): RawBuilder<unknown> =>
  sql.raw(isPostgres(database) ? 'insert into' : 'insert or rollback into');

/** Does a text contain another one? Unlike `like`, it has no wildcards, and takes time in proportion to the text. */
export const containsText = (database: Database, column: string, text: string): RawBuilder<boolean> =>
  sql`${sql.raw(isPostgres(database) ? 'strpos' : 'instr')}(${sql.ref(column)}, ${text}) > 0`;

/** Milliseconds since 1970. */
export const databaseTime = (database: Database): RawBuilder<number> =>
  isPostgres(database)
    ? sql`cast(extract(epoch from clock_timestamp()) * 1000 as bigint)`
    : sql`cast(unixepoch('subsec') * 1000 as integer)`;

/** The earlier of two times: one by the node's clock, one by the database's clock. @param offset milliseconds from the database's now */
export const earlierTime = (database: Database, time: number, offset: number): RawBuilder<number> =>
  sql`${sql.raw(isPostgres(database) ? 'least' : 'min')}(${time}, ${databaseTime(database)} + ${sql.lit(offset)})`;
