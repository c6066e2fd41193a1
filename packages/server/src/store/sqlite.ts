// Opens the embedded database: Kysely's dialect for SQLite, with a connection for writing and one for reading.
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type TransactionSettings,
} from 'kysely';
import type { Schema } from './schema.ts';
import { type Access, type Statement, steadyNow, type Value } from './sqlite-connection.mjs';
import { createLane, type Held, type Lane } from './sqlite-lane.ts';
import { linkHere, linkToThread, type SqliteAnswer } from './sqlite-link.ts';

/** Runs statements on threads of their own. */
export interface Threads {
  /** Gets a line if one of them ends by itself. */
  readonly report: (line: string) => void;
}

interface Lanes {
  readonly writing: Lane;
  /** A connection of its own, so that a long search delays no commit, and a slow commit no search. */
  readonly reading: Lane;
}

/**
 * @param file is created when the first statement runs, if `access` is `write`
 * @param threads without them, statements run in this thread
 */
export function openSqlite(file: string, access: Access, threads?: Threads): Kysely<Schema> {
  const lanes = openLanes(file, access, threads);
  const driver = createDriver(lanes, access);
  const dialect: Dialect = {
    createAdapter: () => new Adapter(lanes),
    createDriver: () => driver,
    createIntrospector: (database) => new SqliteIntrospector(database),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
  return new Kysely<Schema>({ dialect });
}

/** Writes of several requests that are committed in one transaction, and so with one wait for the disk. */
interface Together {
  /** The statements of each request, of which each must change one row. */
  readonly units: readonly (readonly CompiledQuery[])[];
  readonly last: readonly CompiledQuery[];
  /** Nothing is committed that begins later than this. */
  readonly maxWaitMs: number;
}

/** @returns the positions of units that failed; then nothing was committed */
export type CommitTogether = (together: Together) => Promise<readonly number[]>;

/**
 * Reads a text that differs after every commit to the file, by any process. It costs much less than a query.
 * @returns undefined for PostgreSQL, and for a store with one connection, whose own commits do not count
 */
export function versionReaderOf(store: Kysely<Schema>): (() => Promise<string>) | undefined {
  const { adapter } = store.getExecutor();
  return adapter instanceof Adapter ? adapter.readVersion : undefined;
}

/** @returns undefined for PostgreSQL, where each request commits by itself */
export function commitTogetherIn(store: Kysely<Schema>): CommitTogether | undefined {
  const { adapter } = store.getExecutor();
  return adapter instanceof Adapter ? adapter.commitTogether : undefined;
}

/** Lanes serialize what must not run at once. Kysely would serialize everything. */
class Adapter extends SqliteAdapter {
  readonly commitTogether: CommitTogether;
  readonly readVersion: (() => Promise<string>) | undefined;

  constructor({ writing, reading }: Lanes) {
    super();
    if (reading !== writing)
      this.readVersion = async () => {
        const answer = await reading.ask('version');
        if (!('version' in answer)) throw new Error('a version was asked for');
        return answer.version;
      };
    this.commitTogether = async ({ units, last, maxWaitMs }) => {
      const answer = await writing.ask({
        units: units.map((unit) => unit.map(statementOf)),
        last: last.map(statementOf),
        until: steadyNow() + maxWaitMs,
      });
      if (!('failed' in answer)) throw new Error('a commit answers which units failed');
      return answer.failed;
    };
  }

  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

function openLanes(file: string, access: Access, threads: Threads | undefined): Lanes {
  const open = (use: Access): Lane =>
    createLane(threads === undefined ? linkHere(file, use) : linkToThread(file, use, threads.report));
  const only = open(access);
  if (threads === undefined || access === 'read') return { writing: only, reading: only };
  return { writing: only, reading: open('read') };
}

function createDriver({ writing, reading }: Lanes, access: Access): Driver {
  const heldBy = new WeakMap<DatabaseConnection, Held>();
  const inTransaction = (connection: DatabaseConnection, sql: string): Promise<unknown> | undefined =>
    heldBy.get(connection)?.ask(withoutParameters(sql));
  const release = (connection: DatabaseConnection): void => {
    heldBy.get(connection)?.release();
    heldBy.delete(connection);
  };
  const close = async (): Promise<void> => {
    if (reading !== writing) await reading.ask('close');
    await writing.ask('close');
  };
  return {
    init: async () => {
      try {
        // The file must exist before a reader opens it.
        await writing.ask('open');
      } catch (error) {
        await close();
        throw error;
      }
    },
    acquireConnection: async () => {
      const connection: DatabaseConnection = {
        executeQuery: async <Row>(query: CompiledQuery) => {
          const to = heldBy.get(connection) ?? (isRead(query) ? reading : writing);
          return resultOf<Row>(await to.ask(statementOf(query)));
        },
        streamQuery: () => {
          throw new Error('statements of SQLite have one result');
        },
      };
      return connection;
    },
    beginTransaction: async (connection, { accessMode }: TransactionSettings) => {
      const isReader = access === 'read' || accessMode === 'read only';
      heldBy.set(connection, await (isReader ? reading : writing).hold());
      // Take the write lock at the start of the transaction: upgrading a read lock later can fail.
      await inTransaction(connection, isReader ? 'begin' : 'begin immediate');
    },
    commitTransaction: async (connection) => void (await inTransaction(connection, 'commit')),
    rollbackTransaction: async (connection) => void (await inTransaction(connection, 'rollback')),
    releaseConnection: async (connection) => release(connection),
    destroy: close,
  };
}

/** A raw statement that begins so writes nothing, or fails because the connection can only read. */
const isRead = ({ query, sql }: CompiledQuery): boolean =>
  query.kind === 'SelectQueryNode' || (query.kind === 'RawNode' && /^\s*(?:select|with)\b/i.test(sql));

const statementOf = ({ sql, parameters }: CompiledQuery): Statement => ({
  sql,
  parameters: parameters as readonly Value[],
});

const withoutParameters = (sql: string): Statement => ({ sql, parameters: [] });

function resultOf<Row>(answered: SqliteAnswer): QueryResult<Row> {
  if (!('result' in answered)) throw new Error('a statement has a result');
  const { rows, changes } = answered.result;
  return { rows: rows as Row[], ...(changes !== undefined && { numAffectedRows: BigInt(changes) }) };
}
