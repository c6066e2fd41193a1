// The clock of the database, which is one for all nodes.
import { PostgresAdapter, type RawBuilder, sql } from 'kysely';
import type { Database } from './schema.ts';

const isPostgres = (database: Database): boolean => database.getExecutor().adapter instanceof PostgresAdapter;

/** Milliseconds since 1970, as an expression. */
export const databaseTime = (database: Database): RawBuilder<number> =>
  isPostgres(database)
    ? sql`cast(extract(epoch from clock_timestamp()) * 1000 as bigint)`
    : sql`cast(unixepoch('subsec') * 1000 as integer)`;

/** The earlier of a time by a node's clock and the same by the clock of the database. @param offset of it from now, in milliseconds */
export const earlierTime = (database: Database, time: number, offset: number): RawBuilder<number> =>
  sql`${sql.raw(isPostgres(database) ? 'least' : 'min')}(${sql.lit(time)}, ${databaseTime(database)} + ${sql.lit(offset)})`;
