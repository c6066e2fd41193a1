// Suspended parties. A row is deleted when the party is resumed.
import type { Database, SuspensionRow } from './schema.ts';

/** Inserts a suspension. If the party is suspended already, its reason changes if one is given. */
export async function putSuspension(database: Database, row: SuspensionRow): Promise<void> {
  const { names, reason } = row;
  await database
    .insertInto('suspensions')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ names, ...(reason !== null && { reason }) }))
    .execute();
}

/** @returns false if there was none */
export async function deleteSuspension(database: Database, id: string): Promise<boolean> {
  const { numDeletedRows } = await database.deleteFrom('suspensions').where('id', '=', id).executeTakeFirstOrThrow();
  return numDeletedRows === 1n;
}

/** Oldest first. */
export const listSuspensions = (database: Database): Promise<SuspensionRow[]> =>
  database.selectFrom('suspensions').selectAll().orderBy('suspended_at').orderBy('id').execute();
