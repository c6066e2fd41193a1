// The embedded database: Node's own SQLite behind Kysely's dialect.
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { Kysely, SqliteDialect } from 'kysely';
import { explainSqlite } from './failure.ts';
import type { Schema } from './schema.ts';

/** A lock held by another process is waited for this long, in milliseconds. */
const BUSY_TIMEOUT = 1000;

/**
 * WAL with `synchronous=FULL`: what was committed survives a loss of power.
 * @param file made where it is missing, with its folder, readable by the owner alone.
 */
export function openSqlite(file: string, access: 'read' | 'write'): Kysely<Schema> {
  const database = open(file, access);
  const prepared = new Map<string, ReturnType<typeof adapt>>();
  return new Kysely<Schema>({
    dialect: new SqliteDialect({
      database: {
        close: () => database.close(),
        prepare: (sql) => {
          // A transaction of a writer writes, so it takes the write lock at once instead of failing half-way.
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

/** The driver's own message names no file. */
function open(file: string, access: 'read' | 'write'): DatabaseSync {
  try {
    if (access === 'write' && file !== ':memory:') makeFolder(dirname(file));
    const database = new DatabaseSync(file, { readOnly: access === 'read', timeout: BUSY_TIMEOUT });
    if (access === 'read') return database;
    if (file !== ':memory:') chmodSync(file, 0o600);
    database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on');
    return database;
  } catch (error) {
    throw explainSqlite(error, file);
  }
}

/** Folder by folder: made at once, Node never comes back from a place where none can be made. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder, { mode: 0o700 });
}

/** What Kysely expects of a prepared statement. */
function adapt(statement: StatementSync) {
  return {
    reader: statement.columns().length > 0,
    all: (parameters: readonly unknown[]) => statement.all(...(parameters as Parameters)),
    run: (parameters: readonly unknown[]) => statement.run(...(parameters as Parameters)),
    iterate: (parameters: readonly unknown[]) => statement.iterate(...(parameters as Parameters)),
  };
}
