// Opens the embedded database: the SQLite of Node, with Kysely's dialect.
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { Kysely, SqliteDialect } from 'kysely';
import { explainSqlite } from './failure.ts';
import type { Schema } from './schema.ts';

/** How long a statement waits for a lock that another process holds. */
const BUSY_TIMEOUT_MS = 1000;

/**
 * WAL with `synchronous=FULL`: committed transactions survive a power failure.
 * @param file is created if it is missing, with its folder, and only the owner can read it
 */
export function openSqlite(file: string, access: 'read' | 'write'): Kysely<Schema> {
  const database = open(file, access);
  const prepared = new Map<string, ReturnType<typeof adapt>>();
  return new Kysely<Schema>({
    dialect: new SqliteDialect({
      database: {
        close: () => database.close(),
        prepare: (sql) => {
          // Take the write lock at the start of the transaction: upgrading a read lock later can fail.
          const text = sql === 'begin' && access === 'write' ? 'begin immediate' : sql;
          let statement = prepared.get(text);
          if (statement === undefined) {
            statement = adapt(database.prepare(text));
            prepared.set(text, statement);
          }
          return statement;
        },
      },
    }),
  });
}

type Parameters = (null | number | bigint | string | Uint8Array)[];

/** Adds the file to the message of the driver. */
function open(file: string, access: 'read' | 'write'): DatabaseSync {
  try {
    if (access === 'write' && file !== ':memory:') makeFolder(dirname(file));
    const database = new DatabaseSync(file, { readOnly: access === 'read', timeout: BUSY_TIMEOUT_MS });
    if (access === 'read') return database;
    if (file !== ':memory:') chmodSync(file, 0o600);
    database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on');
    return database;
  } catch (error) {
    throw explainSqlite(error, file);
  }
}

/** Creates one folder at a time: `recursive: true` makes Node hang if a parent cannot be created. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder, { mode: 0o700 });
}

/** A prepared statement in the form that Kysely expects. */
function adapt(statement: StatementSync) {
  return {
    reader: statement.columns().length > 0,
    all: (parameters: readonly unknown[]) => statement.all(...(parameters as Parameters)),
    run: (parameters: readonly unknown[]) => statement.run(...(parameters as Parameters)),
    iterate: (parameters: readonly unknown[]) => statement.iterate(...(parameters as Parameters)),
  };
}
