// The shared database: PostgreSQL behind a bounded pool, every statement with a deadline.
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { Kysely, PostgresDialect, type PostgresPoolClient } from 'kysely';
import pg from 'pg';
import type { PostgresConnection, PostgresTls } from './postgres-url.ts';
import type { Schema } from './schema.ts';

/** Connections of one process, at most. */
const MAX_CONNECTIONS = 10;

/**
 * Deadlines in milliseconds: to connect, of a statement, to wait for a lock, and of a transaction in which nothing happens. The
 * last frees the locks of a node whose machine was lost. A migration runs before anyone waits.
 */
const DEADLINES = {
  requests: { connect: 450, statement: 450, lock: 400, idleTransaction: 2000 },
  migration: { connect: 10_000, statement: 60_000, lock: 60_000, idleTransaction: 60_000 },
} as const;

/** Time without traffic before each side asks whether the other is still there. */
const KEEP_ALIVE_MS = 10_000;
/** The server gives up a connection after three questions without an answer, and frees what it holds. */
const SERVER_KEEP_ALIVE = `-c tcp_keepalives_idle=${KEEP_ALIVE_MS / 1000} -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3`;

type Purpose = keyof typeof DEADLINES;

/** What every connection of ours has in common. The driver reads no URL, so that none of it can say otherwise. */
function settingsOf({ tls, options, ...place }: PostgresConnection, purpose: Purpose) {
  const { connect, statement, lock, idleTransaction } = DEADLINES[purpose];
  return {
    ...place,
    ssl: tls === 'none' ? false : openTls(tls),
    options: `${SERVER_KEEP_ALIVE} ${options ?? ''}`.trim(),
    connectionTimeoutMillis: connect,
    // Set in the server, and kept here too for when the server does not answer.
    statement_timeout: statement,
    query_timeout: statement,
    lock_timeout: lock,
    idle_in_transaction_session_timeout: idleTransaction,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
  };
}

/** Verified, whatever NODE_TLS_REJECT_UNAUTHORIZED says. */
function openTls({ authority, cert, key }: PostgresTls) {
  const read = (file: string | undefined) => (file === undefined ? undefined : readFileSync(file));
  const files = { ca: read(authority), cert: read(cert), key: read(key) };
  return { rejectUnauthorized: true, ...Object.fromEntries(Object.entries(files).filter(([, file]) => file)) };
}

/** The driver gives whole numbers of 64 bits as text; ours are times and counters, which fit. */
const types = {
  getTypeParser: ((oid: number, format?: 'text') =>
    oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
};

export function openPostgres(connection: PostgresConnection, purpose: Purpose): Kysely<Schema> {
  const pool = new pg.Pool({
    ...settingsOf(connection, purpose),
    application_name: 'cambio',
    max: purpose === 'requests' ? MAX_CONNECTIONS : 1,
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
/** Time until a lost connection is opened again; polls go on meanwhile. */
const LISTEN_AGAIN_MS = 1000;

/** @param heard is called when a change was committed, and when the connection for notifications is open again */
export function listenPostgres(
  location: PostgresConnection,
  heard: () => void,
): { readonly stop: () => Promise<void> } {
  const stopping = new AbortController();
  let client: pg.Client | undefined;
  const listenOnce = async (): Promise<void> => {
    const connection = new pg.Client({ ...settingsOf(location, 'requests'), application_name: 'cambio listening' });
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
      await wait(LISTEN_AGAIN_MS, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);
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
