// Refresh token families: one row each, whose generation says which token is current.
import type { Database, RefreshFamilyRow } from './schema.ts';

const columns = ['id', 'client', 'generation', 'rotated_at', 'expires_at', 'remembered'] as const;

export async function insertFamily(database: Database, row: RefreshFamilyRow): Promise<void> {
  await database.insertInto('refresh_families').values(row).execute();
}

export const findFamily = (database: Database, id: string): Promise<RefreshFamilyRow | undefined> =>
  database.selectFrom('refresh_families').select(columns).where('id', '=', id).executeTakeFirst();

/**
 * One conditional statement: of many at once exactly one advances the generation, and none once the family is revoked.
 * @returns whether this one did
 */
export async function advanceFamily(
  database: Database,
  { id, generation, now }: { id: string; generation: number; now: number },
): Promise<boolean> {
  const { numUpdatedRows } = await database
    .updateTable('refresh_families')
    .set({ generation: generation + 1, rotated_at: now })
    .where('id', '=', id)
    .where('generation', '=', generation)
    .where('expires_at', '>', now)
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('revocations').select('id').where('revocations.id', '=', id))),
    )
    .executeTakeFirstOrThrow();
  return numUpdatedRows === 1n;
}
