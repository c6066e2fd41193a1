// Opens PostgreSQL: a pool of limited size, a deadline for every statement, and notifications.
import { setTimeout as wait } from 'node:timers/promises';
import { Kysely, PostgresDialect, type PostgresPoolClient, sql } from 'kysely';
import pg from 'pg';
import { SchemaError } from './failure.ts';
import { createTlsReader, type TlsContents } from './postgres-tls.ts';
import type { PostgresConnection } from './postgres-url.ts';
import type { Schema } from './schema.ts';

/** Per process. */
const MAX_CONNECTIONS = 10;

/**
 * Deadlines in milliseconds for connecting, a statement, a lock, and an idle transaction. The last releases the locks of a node
 * that was lost. A migration may take longer, for no request waits for it.
 */
const DEADLINES_MS = {
  requests: { connect: 450, statement: 450, lock: 400, idleTransaction: 2000 },
  migration: { connect: 10_000, statement: 60_000, lock: 60_000, idleTransaction: 60_000 },
} as const;

/** Time without traffic after which each side sends a TCP keepalive probe. */
const KEEP_ALIVE_MS = 10_000;
/** The database closes a connection after three probes without an answer, and releases its locks. */
const SERVER_KEEP_ALIVE = `-c tcp_keepalives_idle=${KEEP_ALIVE_MS / 1000} -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3`;

type Purpose = keyof typeof DEADLINES_MS;

/**
 * Settings of every connection. The driver never gets the URL, whose parameters could override them.
 * @returns a function, which reads the certificates again
 */
function createSettings({ tls, options, pooler, ...place }: PostgresConnection, purpose: Purpose) {
  const readTls = tls === 'none' ? undefined : createTlsReader(tls);
  const { connect, statement, lock, idleTransaction } = DEADLINES_MS[purpose];
  return () => ({
    ...place,
    ssl: readTls === undefined ? false : verified(readTls()),
    connectionTimeoutMillis: connect,
    // For a server that does not answer.
    query_timeout: statement,
    // A pooler refuses settings of a session.
    ...(pooler === 'none' && {
      options: `${SERVER_KEEP_ALIVE} ${options ?? ''}`.trim(),
      statement_timeout: statement,
      lock_timeout: lock,
      idle_in_transaction_session_timeout: idleTransaction,
    }),
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
  });
}

/** The certificate is always verified, even if NODE_TLS_REJECT_UNAUTHORIZED is 0. */
const verified = (contents: TlsContents) => ({
  rejectUnauthorized: true,
  ...Object.fromEntries(Object.entries(contents).filter(([, content]) => content !== undefined)),
});

/** The driver returns 64-bit integers as text. Ours are times and counters, which fit a number. */
const types = {
  getTypeParser: ((oid: number, format?: 'text') =>
    oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
};

export function openPostgres(connection: PostgresConnection, purpose: Purpose): Kysely<Schema> {
  const settings = createSettings(connection, purpose);
  /** The pool would keep the certificates of its start. */
  class Client extends pg.Client {
    constructor(options?: pg.ClientConfig) {
      super({ ...options, ...settings() });
    }
  }
  const pool = new pg.Pool({
    ...settings(),
    Client,
    application_name: 'cambio',
    max: purpose === 'requests' ? MAX_CONNECTIONS : 1,
    types,
  });
  // The next query replaces a broken connection. Without these listeners its error would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return new Kysely<Schema>({
    dialect: new PostgresDialect({
      pool: { connect: async () => guard(await pool.connect()), end: () => pool.end(), options: pool.options },
    }),
  });
}

/** Behind a pooler, the role must have the deadlines of requests. @throws SchemaError if one is missing or longer */
export async function checkDeadlines(store: Kysely<Schema>): Promise<void> {
  const { statement, lock, idleTransaction } = DEADLINES_MS.requests;
  const deadlines = {
    statement_timeout: statement,
    lock_timeout: lock,
    idle_in_transaction_session_timeout: idleTransaction,
  };
  const { rows } = await sql<{ name: keyof typeof deadlines; ms: number; role: string }>`
    select name, setting::float8 as ms, current_user as role from pg_settings where name in (${sql.join(Object.keys(deadlines))})`.execute(
    store,
  );
  const [{ role = '' } = {}] = rows;
  const unset = rows.filter(({ name, ms }) => ms === 0 || ms > deadlines[name]);
  if (unset.length === 0) return;
  const orders = unset.map(({ name }) => `alter role ${role} set ${name} = '${deadlines[name]}ms'`).toSorted();
  throw new SchemaError(
    `with pooler=transaction, the role must have the deadlines that a session cannot have: without them, a node that is lost holds its locks. Run ${orders.join('; ')}, and reconnect the pooler`,
  );
}

/** SQLSTATE of a write to a standby: after a failover, another server is the primary. */
const READ_ONLY = '25006';

/** Discards a connection that did not answer, or whose database is read-only. The next query opens another. */
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
    // The type has a second form of `query`, for cursors, which we do not use.
  } as unknown as PostgresPoolClient;
}

/** The channel that the triggers of the schema notify. */
const CHANNEL = 'cambio';
/** Delay before a lost connection is opened again. Polling continues meanwhile. */
const RECONNECT_MS = 1000;

/** @param onChange is called when a change was committed, and when the connection is open again */
export function listenPostgres(
  location: PostgresConnection,
  onChange: () => void,
): { readonly stop: () => Promise<void> } {
  const settings = createSettings(location, 'requests');
  const stopping = new AbortController();
  let client: pg.Client | undefined;
  const listenOnce = async (): Promise<void> => {
    const connection = new pg.Client({ ...settings(), application_name: 'cambio listening' });
    client = connection;
    connection.on('notification', onChange).on('error', () => undefined);
    const ended = new Promise((resolve) => connection.once('end', resolve));
    try {
      await connection.connect();
      await connection.query(`listen ${CHANNEL}`);
      onChange();
      await ended;
    } finally {
      await connection.end().catch(() => undefined);
    }
  };
  const listen = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await listenOnce().catch(() => undefined);
      await wait(RECONNECT_MS, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);
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
