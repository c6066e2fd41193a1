// Refresh token families: one row each, whose generation says which token is current.
import type { Database, RefreshFamilyRow } from './schema.ts';

const columns = ['id', 'client', 'generation', 'rotated_at', 'expires_at', 'confirmation', 'remembered'] as const;

export async function insertFamily(database: Database, row: RefreshFamilyRow): Promise<void> {
  await database.insertInto('refresh_families').values(row).execute();
}

export const findFamily = (database: Database, id: string): Promise<RefreshFamilyRow | undefined> =>
  database.selectFrom('refresh_families').select(columns).where('id', '=', id).executeTakeFirst();

/**
 * One conditional statement: of many at once exactly one advances the generation, and none once the family is revoked.
 * @param confirmation binds a family that is not bound yet @returns whether this one did
 */
export async function advanceFamily(
  database: Database,
  { id, generation, now, confirmation }: { id: string; generation: number; now: number; confirmation: string | null },
): Promise<boolean> {
  const { numUpdatedRows } = await database
    .updateTable('refresh_families')
    .set(({ fn, ref, val }) => ({
      generation: generation + 1,
      rotated_at: now,
      confirmation: fn.coalesce(ref('confirmation'), val(confirmation)),
    }))
    .where('id', '=', id)
    .where('generation', '=', generation)
    .where('expires_at', '>', now)
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('revocations').select('id').where('revocations.id', '=', id))),
    )
    .executeTakeFirstOrThrow();
  return numUpdatedRows === 1n;
}
