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
import { openSqlite } from './sqlite.ts';

export type StoreLocation =
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'postgres'; readonly connection: PostgresConnection };

export type Store = Kysely<Schema>;

/** A reader never writes, and never makes a database. */
export type Access = 'read' | 'write';

/** A server makes the database and brings its schema up to date. A command changes no schema: it refuses another one. */
export type SchemaUse = 'migrate' | 'require current';

/** @throws the driver's error where the database cannot be opened; Error where a schema that must be current is not */
export async function openStore(
  location: StoreLocation,
  access: Access,
  now: number,
  use: SchemaUse = access === 'write' ? 'migrate' : 'require current',
): Promise<Store> {
  const prepare = (store: Store): Promise<unknown> =>
    use === 'migrate' ? migrate(store, location.kind, now) : checkCurrent(store, location.kind);
  if (location.kind === 'postgres') return openShared(location.connection, prepare);
  if (use === 'require current') checkExists(location.file);
  return openEmbedded(location.file, access, prepare);
}

type Prepare = (store: Store) => Promise<unknown>;

async function openEmbedded(file: string, access: Access, prepare: Prepare): Promise<Store> {
  const store = openSqlite(file, access);
  try {
    await prepare(store);
    return store;
  } catch (error) {
    await store.destroy();
    throw explainSqlite(error, file);
  }
}

function checkExists(file: string): void {
  if (file !== ':memory:' && !existsSync(file))
    throw new Error(`there is no database at ${file} yet: start the server first, or run cambio store migrate`);
}

async function openShared(connection: PostgresConnection, prepare: Prepare): Promise<Store> {
  const { openPostgres } = await import('./postgres.ts');
  const migrating = openPostgres(connection, 'migration');
  try {
    await prepare(migrating);
    return await connected(openPostgres(connection, 'requests'));
  } catch (error) {
    throw explainPostgres(error, connection);
  } finally {
    await migrating.destroy();
  }
}

/** Time that a start waits for its first connection, and between two attempts. Requests wait less. */
const START_PATIENCE_MS = 10_000;
const AGAIN_MS = 50;

/** The database has just answered: one that is slow to take the next connection is no reason not to start. */
async function connected(store: Store): Promise<Store> {
  const until = performance.now() + START_PATIENCE_MS;
  for (;;) {
    try {
      await store.selectFrom('migrations').select('name').limit(1).execute();
      return store;
    } catch (error) {
      if (performance.now() < until) {
        await wait(AGAIN_MS);
        continue;
      }
      await store.destroy();
      throw error;
    }
  }
}

/** Makes the tables of this version, or brings those of an earlier version up to date. @throws as `openStore` */
export async function migrateStore(location: StoreLocation, now: number): Promise<void> {
  const store = await openStore(location, 'write', now, 'migrate');
  await store.destroy();
}

/** Takes the last step of this version back. @returns its name @throws as `rollBack` */
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

/** @param heard is called when another process has written, where the database can notify */
export async function listen(
  location: StoreLocation,
  heard: () => void,
): Promise<{ readonly stop: () => Promise<void> }> {
  if (location.kind === 'sqlite') return { stop: async () => undefined };
  const { listenPostgres } = await import('./postgres.ts');
  return listenPostgres(location.connection, heard);
}

/** All that is read sees the database as it was at one moment. For a store that was opened to be read. */
export const inSnapshot = <T>(store: Store, work: (database: Database) => Promise<T>): Promise<T> =>
  store.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(work);

/** Longest time that a caller waits for the database, in milliseconds. */
export const PATIENCE = 700;
/** Longest time for work that no caller waits for. Each statement keeps the deadline of its connection. */
export const BACKGROUND_PATIENCE_MS = 10_000;

/** A database that fails, or does not answer in time, is never the caller's fault: 503, whatever went wrong. */
export async function orUnavailable<T>(work: Promise<T>, patience = PATIENCE): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${patience} ms`)), patience);
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

/** The last step that both kinds of database take. */
const lastStep = migrations.findLast(({ only }) => only === undefined)?.name ?? '';

/**
 * Can it be written to, and has nobody taken the last step of this version back? A statement that needs the right to write, and
 * changes nothing, and a look at the steps.
 */
export const isReachable = (store: Store): Promise<boolean> =>
  orUnavailable(
    store
      .deleteFrom('used_ids')
      .where('id', '=', '')
      .execute()
      .then(() => store.selectFrom('migrations').select('name').where('name', '=', lastStep).execute()),
  ).then(
    (rows) => rows.length === 1,
    () => false,
  );
