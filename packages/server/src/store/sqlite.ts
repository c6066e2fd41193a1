// The embedded database: Node's own SQLite behind Kysely's dialect.
import { chmodSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { Kysely, SqliteDialect } from 'kysely';
import type { Schema } from './schema.ts';

/** A lock held by another process is waited for this long, in milliseconds. */
const BUSY_TIMEOUT = 1000;

/**
 * WAL with `synchronous=FULL`: what was committed survives a loss of power.
 * @param file made where it is missing, with its folder, readable by the owner alone.
 */
export function openSqlite(file: string, access: 'read' | 'write'): Kysely<Schema> {
  const database =
    access === 'read' ? new DatabaseSync(file, { readOnly: true, timeout: BUSY_TIMEOUT }) : openForWriting(file);
  const prepared = new Map<string, ReturnType<typeof adapt>>();
  return new Kysely<Schema>({
    dialect: new SqliteDialect({
      database: {
        close: () => database.close(),
        prepare: (sql) => {
          // A transaction here writes, so it takes the write lock at once instead of failing half-way.
          const text = sql === 'begin' ? 'begin immediate' : sql;
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

function openForWriting(file: string): DatabaseSync {
  if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT });
  if (file !== ':memory:') chmodSync(file, 0o600);
  database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on');
  return database;
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
