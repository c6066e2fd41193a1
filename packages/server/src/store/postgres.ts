// The shared database: PostgreSQL behind a bounded pool, every statement with a deadline.
import { setTimeout as wait } from 'node:timers/promises';
import { Kysely, PostgresDialect, type PostgresPoolClient } from 'kysely';
import pg from 'pg';
import type { Schema } from './schema.ts';

/** Connections of one process, at most. */
const POOL = 10;
/** Milliseconds to get a connection, and for a statement. */
const CONNECT = 450;
const STATEMENT = 450;
/** The same where the schema changes, which is before anybody waits. */
const MIGRATION_CONNECT = 10_000;
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
    connectionTimeoutMillis: purpose === 'requests' ? CONNECT : MIGRATION_CONNECT,
    // Told to the server, and kept here for when the server cannot be heard.
    statement_timeout: deadline,
    query_timeout: deadline,
    keepAlive: true,
    types,
  });
  // A connection that breaks is replaced by the next query; without listeners, idle or in use, it would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return new Kysely<Schema>({
    dialect: new PostgresDialect({
      pool: { connect: async () => guard(await pool.connect()), end: () => pool.end(), options: pool.options },
    }),
  });
}

/** SQLSTATE of a write to a standby: after a failover the primary is elsewhere. */
const READ_ONLY = '25006';

/** A connection that did not answer, or leads to a database that cannot be written to, goes; the next query opens another. */
function guard(client: pg.PoolClient): PostgresPoolClient {
  let lost = false;
  return {
    query: async (text: string, parameters?: readonly unknown[]) => {
      if (lost) throw new Error('the connection is lost');
      try {
        return await client.query(text, parameters && [...parameters]);
      } catch (error) {
        lost = !(error instanceof pg.DatabaseError) || error.code === READ_ONLY;
        throw error;
      }
    },
    release: (discard?: boolean) => client.release(lost || discard === true),
    // Cursors are the other kind of query that the type knows; we have none.
  } as unknown as PostgresPoolClient;
}

/** What the triggers of the schema notify. */
export const CHANNEL = 'cambio';
/** Milliseconds until a connection that was lost is tried again; looks on schedule go on meanwhile. */
const LISTEN_AGAIN = 1000;

/** Hears of changes as soon as they are committed, on a connection of its own. */
export function listenPostgres(url: string, heard: () => void): { readonly stop: () => Promise<void> } {
  const stopping = new AbortController();
  let client: pg.Client | undefined;
  const listenOnce = async (): Promise<void> => {
    const connection = new pg.Client({
      connectionString: url,
      application_name: 'cambio listening',
      connectionTimeoutMillis: CONNECT,
      query_timeout: STATEMENT,
      keepAlive: true,
    });
    client = connection;
    connection.on('notification', heard).on('error', () => undefined);
    const ended = new Promise((resolve) => connection.once('end', resolve));
    try {
      await connection.connect();
      await connection.query(`listen ${CHANNEL}`);
      heard();
      await ended;
    } finally {
      await connection.end().catch(() => undefined);
    }
  };
  const listen = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await listenOnce().catch(() => undefined);
      await wait(LISTEN_AGAIN, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);
    }
  };
  listen();
  return {
    stop: async () => {
      stopping.abort();
      await client?.end().catch(() => undefined);
    },
  };
}
