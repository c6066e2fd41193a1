// Which tokens are dead? Ids of tokens and of refresh families; never taken back.
import type { Database } from './schema.ts';

/** Does nothing where the id is there already. */
export async function insertRevocation(database: Database, id: string, now: number): Promise<void> {
  await database
    .insertInto('revocations')
    .values({ id, revoked_at: now })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
}

/** The later time counts, under a number that nobody has seen yet. In a transaction. */
export async function replaceRevocation(database: Database, id: string, now: number): Promise<void> {
  await database.deleteFrom('revocations').where('id', '=', id).execute();
  await database.insertInto('revocations').values({ id, revoked_at: now }).execute();
}

/** In sequence; a transaction that takes its number first may commit last, so callers look back a little. */
export const listRevocations = (
  database: Database,
  after: number,
): Promise<{ sequence: number; id: string; revoked_at: number }[]> =>
  database
    .selectFrom('revocations')
    .select(['sequence', 'id', 'revoked_at'])
    .where('sequence', '>', after)
    .orderBy('sequence')
    .execute();

export async function isRevoked(database: Database, id: string): Promise<boolean> {
  const row = await database.selectFrom('revocations').select('id').where('id', '=', id).executeTakeFirst();
  return row !== undefined;
}
