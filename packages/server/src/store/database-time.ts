// The clock of the database, which is one for all nodes.
import { PostgresAdapter, type RawBuilder, sql } from 'kysely';
import type { Database } from './schema.ts';

/** Milliseconds since 1970, as an expression. */
export const databaseTime = (database: Database): RawBuilder<number> =>
  database.getExecutor().adapter instanceof PostgresAdapter
    ? sql`cast(extract(epoch from clock_timestamp()) * 1000 as bigint)`
    : sql`cast(unixepoch('subsec') * 1000 as integer)`;
