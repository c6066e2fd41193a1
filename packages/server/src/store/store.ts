// Where is what must outlive the process? Opens the database that the configuration names.
import { existsSync } from 'node:fs';
import type { Kysely } from 'kysely';
import { Refusal } from '../primitives/refusal.ts';
import { migrate } from './migrations/index.ts';
import type { Schema } from './schema.ts';
import { openSqlite } from './sqlite.ts';

export type StoreLocation =
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'postgres'; readonly url: string };

export type Store = Kysely<Schema>;

/** May what is opened be written to? */
export type Access = 'read' | 'write';

/** @throws the driver's error where the database cannot be opened, or for a reader where there is none yet */
export async function openStore(location: StoreLocation, access: Access, now: number): Promise<Store> {
  return location.kind === 'sqlite' ? openEmbedded(location.file, access, now) : openShared(location.url, access, now);
}

async function openEmbedded(file: string, access: Access, now: number): Promise<Store> {
  if (access === 'read' && file !== ':memory:' && !existsSync(file)) {
    throw new Error(`there is no database at ${file} yet: start the server first`);
  }
  const store = openSqlite(file, access);
  if (access === 'write') await migrate(store, 'sqlite', now);
  return store;
}

async function openShared(url: string, access: Access, now: number): Promise<Store> {
  const { openPostgres } = await import('./postgres.ts');
  if (access === 'write') {
    const migrating = openPostgres(url, 'migration');
    try {
      await migrate(migrating, 'postgres', now);
    } finally {
      await migrating.destroy();
    }
  }
  return openPostgres(url, 'requests');
}

/** A failed database is never the caller's fault: 503, whatever went wrong. */
export async function orUnavailable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal('store_unavailable', { detail: (error as Error).message, cause: error });
  }
}

export const isReachable = (store: Store): Promise<boolean> =>
  store
    .selectFrom('migrations')
    .select('name')
    .limit(1)
    .execute()
    .then(
      () => true,
      () => false,
    );
