// Records which single-use ids were used.
import { changesOne, type OneRow } from './one-row.ts';
import type { Database } from './schema.ts';

/** Changes no row if the id was used. */
export const firstUse =
  (id: string, expiresAt: number): OneRow =>
  (database) =>
    database
      .insertInto('used_ids')
      .values({ id, expires_at: expiresAt })
      .onConflict((conflict) => conflict.column('id').doNothing());

/** @returns whether this was the first use */
export const useId = (database: Database, id: string, expiresAt: number): Promise<boolean> =>
  changesOne(database, firstUse(id, expiresAt));

export async function isUsed(database: Database, id: string): Promise<boolean> {
  const row = await database.selectFrom('used_ids').select('id').where('id', '=', id).executeTakeFirst();
  return row !== undefined;
}
