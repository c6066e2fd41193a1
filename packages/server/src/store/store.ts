// Opens the database that the configuration names.
import { existsSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import { Refusal } from '../primitives/refusal.ts';
import { describeDatabaseFailure, explainPostgres, explainSqlite } from './failure.ts';
import { migrations } from './migrations/index.ts';
import { checkCurrent, migrate, rollBack } from './migrations/migrate.ts';
import type { PostgresConnection } from './postgres-url.ts';
import type { Database, Schema } from './schema.ts';
import { openSqlite, type Threads } from './sqlite.ts';
import type { Access } from './sqlite-connection.mjs';

export type StoreLocation =
  | { readonly kind: 'sqlite'; readonly file: string }
  | {
      readonly kind: 'postgres';
      readonly connection: PostgresConnection;
      /** A standby of the same database. */
      readonly replica?: PostgresConnection | undefined;
    };

export type { Access, Threads };

export type Store = Kysely<Schema>;

/** A server creates or migrates the schema. A command does not change it, and refuses one that is not current. */
export type SchemaUse = 'migrate' | 'require current';

/**
 * @param threads of a server: SQLite runs on them, so that requests never wait for a disk
 * @throws Error if the database cannot be opened @throws SchemaError if its schema must be current and is not
 */
export async function openStore(
  location: StoreLocation,
  access: Access,
  now: number,
  use: SchemaUse = access === 'write' ? 'migrate' : 'require current',
  threads?: Threads,
): Promise<Store> {
  const prepare = (store: Store): Promise<unknown> =>
    use === 'migrate' ? migrate(store, location.kind, now) : checkCurrent(store, location.kind);
  if (location.kind === 'postgres') return openShared(location.connection, access, prepare);
  if (use === 'require current') checkExists(location.file);
  return openEmbedded(location.file, access, { prepare, threads });
}

type Prepare = (store: Store) => Promise<unknown>;

async function openEmbedded(
  file: string,
  access: Access,
  { prepare, threads }: { readonly prepare: Prepare; readonly threads: Threads | undefined },
): Promise<Store> {
  // While the server starts, nobody else wants the event loop. A new database takes some seventy statements.
  const store = openSqlite(file, access);
  try {
    await prepare(store);
  } catch (error) {
    await store.destroy();
    throw explainSqlite(error, file);
  }
  // No second connection sees a database in memory, which has no disk to wait for.
  if (threads === undefined || file === ':memory:') return store;
  await store.destroy();
  return openSqlite(file, access, threads);
}

function checkExists(file: string): void {
  if (file !== ':memory:' && !existsSync(file))
    throw new Error(`no database at ${file} yet: start the server first, or run cambio store migrate`);
}

async function openShared(connection: PostgresConnection, access: Access, prepare: Prepare): Promise<Store> {
  const { checkDeadlines, openPostgres } = await import('./postgres.ts');
  const migrating = openPostgres(connection, 'migration');
  try {
    await prepare(migrating);
    // A standby has the schema, too.
    if (access === 'write') await writeNothing(migrating);
    if (connection.pooler === 'transaction') await checkDeadlines(migrating);
    return await connected(openPostgres(connection, 'requests'));
  } catch (error) {
    throw explainPostgres(error, connection);
  } finally {
    await migrating.destroy();
  }
}

/** How long the start waits for its first connection. Requests wait less. */
const MAX_START_WAIT_MS = 10_000;
const RETRY_MS = 50;

/** Waits for the first connection. The migration has just succeeded, so a database that is slow for a moment does not fail the start. */
async function connected(store: Store): Promise<Store> {
  const until = performance.now() + MAX_START_WAIT_MS;
  for (;;) {
    try {
      await store.selectFrom('migrations').select('name').limit(1).execute();
      return store;
    } catch (error) {
      if (performance.now() < until) {
        await wait(RETRY_MS);
        continue;
      }
      await store.destroy();
      throw error;
    }
  }
}

/** Undoes the last migration of this version. @returns its name @throws as `rollBack` */
export async function rollBackStore(location: StoreLocation, content: 'keep' | 'discard'): Promise<string> {
  if (location.kind === 'sqlite') checkExists(location.file);
  const store =
    location.kind === 'sqlite'
      ? openSqlite(location.file, 'write')
      : (await import('./postgres.ts')).openPostgres(location.connection, 'migration');
  try {
    return await rollBack(store, location.kind, content);
  } catch (error) {
    throw location.kind === 'sqlite'
      ? explainSqlite(error, location.file)
      : explainPostgres(error, location.connection);
  } finally {
    await store.destroy();
  }
}

/** @param onChange is called when another process has written. Only PostgreSQL notifies */
export async function listen(
  location: StoreLocation,
  onChange: () => void,
): Promise<{ readonly stop: () => Promise<void> }> {
  // A pooler delivers no notifications: changes are polled.
  if (location.kind === 'sqlite' || location.connection.pooler === 'transaction')
    return { stop: async () => undefined };
  const { listenPostgres } = await import('./postgres.ts');
  return listenPostgres(location.connection, onChange);
}

/** All reads see the database at one point in time. */
export const inSnapshot = <T>(store: Store, work: (database: Database) => Promise<T>): Promise<T> =>
  store.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(work);

/** Maximum time that a caller waits for the database. */
export const MAX_WAIT_MS = 700;
/** Maximum time for work that no caller waits for. Each statement has the deadline of its connection, too. */
export const MAX_BACKGROUND_WAIT_MS = 10_000;

/** The caller waited as long as it wanted to. */
export class LateError extends Error {}

/** @throws Refusal store_unavailable (503) if the database fails or does not answer in time; its cause is then a LateError */
export async function orUnavailable<T>(work: Promise<T>, maxWaitMs = MAX_WAIT_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const giveUp = () => reject(new LateError(`no answer within ${maxWaitMs} ms`));
    // After a loop that was busy, timers run before an answer that came in time is taken.
    timer = setTimeout(() => setImmediate(giveUp), maxWaitMs);
  });
  try {
    return await Promise.race([work, late]);
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal('store_unavailable', { detail: describeDatabaseFailure(error), cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** The last migration that applies to both kinds of database. */
const lastMigration = migrations.findLast(({ only }) => only === undefined)?.name ?? '';

/** Runs a delete that matches no row. @throws if the database can only be read */
const writeNothing = (store: Store): Promise<unknown> => store.deleteFrom('used_ids').where('id', '=', '').execute();

/** Is the database writable, and is the last migration of this version still applied? */
export const isReachable = (store: Store): Promise<boolean> =>
  orUnavailable(
    writeNothing(store).then(() =>
      store.selectFrom('migrations').select('name').where('name', '=', lastMigration).execute(),
    ),
  ).then(
    (rows) => rows.length === 1,
    () => false,
  );
