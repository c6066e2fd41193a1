// Records which single-use ids were used.
import type { Database } from './schema.ts';

/** One statement, so that exactly one of several concurrent calls succeeds. @returns whether this one did */
export async function useId(database: Database, id: string, expiresAt: number): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await database
    .insertInto('used_ids')
    .values({ id, expires_at: expiresAt })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows === 1n;
}

export async function isUsed(database: Database, id: string): Promise<boolean> {
  const row = await database.selectFrom('used_ids').select('id').where('id', '=', id).executeTakeFirst();
  return row !== undefined;
}
