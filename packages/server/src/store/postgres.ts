// The shared database: PostgreSQL behind a bounded pool, every statement with a deadline.
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { Schema } from './schema.ts';

/** Connections of one process, at most. */
const POOL = 10;
/** Milliseconds to get a connection, and for a statement: together a failed database is told within a second. */
const CONNECT = 450;
const STATEMENT = 450;
/** Milliseconds for a statement that changes the schema, which runs before anybody waits. */
const MIGRATION = 60_000;

/** The driver gives whole numbers of 64 bits as text; ours are times and counters, which fit. */
const types = {
  getTypeParser: ((oid: number, format?: 'text') =>
    oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
};

/** @param purpose migrations may take their time */
export function openPostgres(url: string, purpose: 'requests' | 'migration'): Kysely<Schema> {
  const deadline = purpose === 'requests' ? STATEMENT : MIGRATION;
  const pool = new pg.Pool({
    connectionString: url,
    application_name: 'cambio',
    max: purpose === 'requests' ? POOL : 1,
    connectionTimeoutMillis: purpose === 'requests' ? CONNECT : MIGRATION,
    // Told to the server, and kept here for when the server cannot be heard.
    statement_timeout: deadline,
    query_timeout: deadline,
    keepAlive: true,
    types,
  });
  // An idle connection that breaks is replaced by the next query; without a listener it would end the process.
  pool.on('error', () => undefined);
  return new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
}
