// Refresh token families: one row each. Its generation identifies the current token.
import { type RawBuilder, sql } from 'kysely';
import { databaseTime } from './database-time.ts';
import type { OneRow } from './one-row.ts';
import type { Database, RefreshFamilyRow } from './schema.ts';

const columns = ['id', 'client', 'generation', 'rotated_at', 'expires_at', 'confirmation', 'remembered'] as const;

export const familyInsertion =
  (row: RefreshFamilyRow): OneRow =>
  (database) =>
    database.insertInto('refresh_families').values({ ...row, rotated_by: null, stored_at: null });

export interface FoundFamily extends RefreshFamilyRow {
  /** The process that rotated it last; null before the first rotation. */
  readonly rotated_by: string | null;
  /** Milliseconds since the last rotation, by the clock of the database. */
  readonly rotated_ago: number | null;
}

export const selectFamily = (database: Database, id: string): Promise<FoundFamily | undefined> =>
  database
    .selectFrom('refresh_families')
    .select([...columns, 'rotated_by', sql<number | null>`${databaseTime(database)} - stored_at`.as('rotated_ago')])
    .where('id', '=', id)
    .executeTakeFirst();

/** @returns the earliest expiry of the families and sessions among these ids, in milliseconds since 1970 */
export async function findFirstEnd(database: Database, ids: readonly string[]): Promise<number | undefined> {
  if (ids.length === 0) return undefined;
  const ends = await database
    .selectFrom('refresh_families')
    .select('expires_at')
    .where('id', 'in', ids)
    .unionAll(database.selectFrom('sign_in_artifacts').select('expires_at').where('handle', 'in', ids))
    .execute();
  return ends.length === 0 ? undefined : Math.min(...ends.map(({ expires_at }) => Number(expires_at)));
}

interface Rotation {
  readonly id: string;
  /** Of the presented token. */
  readonly generation: number;
  readonly now: number;
  /** The process. */
  readonly by: string;
  /** Binds a family that is not bound yet. */
  readonly confirmation: string | null;
}

/** Advances the generation. Changes no row if the family has another one, is revoked or has expired. */
export const familyAdvance =
  ({ id, generation, now, by, confirmation }: Rotation): OneRow =>
  (database) =>
    database
      .updateTable('refresh_families')
      .set(({ fn, ref, val }) => ({
        generation: generation + 1,
        rotated_at: now,
        rotated_by: by,
        stored_at: databaseTime(database),
        confirmation: fn.coalesce(ref('confirmation'), val(confirmation)),
      }))
      .where('id', '=', id)
      .where('generation', '=', generation)
      .where('expires_at', '>', now)
      .where(isUnrevoked(id));

/** Changes nothing, in one row, unless the family is revoked. So a repeated answer is committed together with those of other requests. */
export const unrevokedFamily =
  (id: string): OneRow =>
  (database) =>
    database
      .updateTable('refresh_families')
      .set(({ ref }) => ({ generation: ref('generation') }))
      .where('id', '=', id)
      .where(isUnrevoked(id));

const isUnrevoked = (id: string): RawBuilder<boolean> =>
  sql`not exists (select 1 from revocations where revocations.id = ${id})`;
