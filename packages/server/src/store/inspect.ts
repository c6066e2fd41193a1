// Says whether the database can be reached, how far its schema is, and what time it has. Changes nothing.
import { existsSync, mkdtempSync, rmdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { sql } from 'kysely';
import { describeFailure } from '../primitives/failure.ts';
import { explainPostgres, explainSqlite } from './failure.ts';
import { readSteps } from './migrations/migrate.ts';
import { openSqlite } from './sqlite.ts';
import type { Store, StoreLocation } from './store.ts';

export interface StoreState {
  /** The last migration; undefined if there is no database or no table yet. */
  readonly last: string | undefined;
  /** Migrations of this version that the next start applies. */
  readonly missing: readonly string[];
  /** Its clock in milliseconds since 1970; undefined for SQLite, which has none. */
  readonly time: number | undefined;
  /** It can only be read, as a standby. */
  readonly isStandby: boolean;
}

const NONE: StoreState = { last: undefined, missing: [], time: undefined, isStandby: false };

/** @throws Error for a person if it cannot be reached @throws SchemaError if its schema is too far ahead */
export async function inspectStore(location: StoreLocation): Promise<StoreState> {
  if (location.kind === 'sqlite') {
    if (!existsSync(location.file)) {
      checkCreatable(location.file);
      return NONE;
    }
    return await reading(openSqlite(location.file, 'read'), async (store) => ({
      ...NONE,
      ...(await readSteps(store, 'sqlite')),
    })).catch((error) => {
      throw explainSqlite(error, location.file);
    });
  }
  const { openPostgres } = await import('./postgres.ts');
  return await reading(openPostgres(location.connection, 'requests'), async (store) => ({
    ...(await readSteps(store, 'postgres')),
    ...(await readServer(store)),
  })).catch((error) => {
    throw explainPostgres(error, location.connection);
  });
}

/** Makes a folder where the file or its folder would be made, and removes it: the rights alone do not tell. @throws Error for a person */
function checkCreatable(file: string): void {
  let folder = dirname(resolve(file));
  while (!existsSync(folder)) folder = dirname(folder);
  try {
    rmdirSync(mkdtempSync(join(folder, '.cambio-check-')));
  } catch (error) {
    throw new Error(
      `the database ${file} does not exist, and cannot be created in ${folder}: ${describeFailure(error)}`,
    );
  }
}

async function reading<T>(store: Store, read: (store: Store) => Promise<T>): Promise<T> {
  try {
    return await read(store);
  } finally {
    await store.destroy();
  }
}

async function readServer(store: Store): Promise<Pick<StoreState, 'time' | 'isStandby'>> {
  const { rows } = await sql<{ time: number; standby: boolean }>`
    select (extract(epoch from clock_timestamp()) * 1000)::float8 as time, pg_is_in_recovery() as standby
  `.execute(store);
  const [row] = rows;
  return { time: row === undefined ? undefined : Number(row.time), isStandby: row?.standby === true };
}
