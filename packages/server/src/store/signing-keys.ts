// The private keys that sign tokens, encrypted with the sealing key, and the key sets that publish each of them.
import type { Database, KeySetRow, SigningKeyRow } from './schema.ts';

const columns = ['kid', 'alg', 'private_key', 'created_at', 'activates_at'] as const;

/** Oldest first. */
export const listSigningKeys = (database: Database): Promise<SigningKeyRow[]> =>
  database.selectFrom('signing_keys').select(columns).orderBy('created_at').orderBy('kid').execute();

export const listKeySets = (database: Database): Promise<KeySetRow[]> =>
  database.selectFrom('key_sets').select(['kid', 'key_set', 'needed_until']).execute();

/** Does nothing if another node has already inserted a key for that time. @param sets the key sets that publish the key */
export async function insertSigningKey(
  database: Database,
  row: SigningKeyRow,
  sets: readonly KeySetRow[],
): Promise<void> {
  const { numInsertedOrUpdatedRows = 0n } = await database
    .insertInto('signing_keys')
    .values(row)
    .onConflict((conflict) => conflict.columns(['alg', 'activates_at']).doNothing())
    .executeTakeFirst();
  if (numInsertedOrUpdatedRows > 0n) for (const one of sets) await keepInSet(database, one);
}

/** Another node may have written a later time, which stays. */
export async function keepInSet(database: Database, row: KeySetRow): Promise<void> {
  await database
    .insertInto('key_sets')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .columns(['kid', 'key_set'])
        .doUpdateSet({ needed_until: row.needed_until })
        .where('key_sets.needed_until', '<', row.needed_until),
    )
    .execute();
}

export async function resealSigningKey(database: Database, { kid, private_key }: SigningKeyRow): Promise<void> {
  await database.updateTable('signing_keys').set({ private_key }).where('kid', '=', kid).execute();
}

export async function deleteSigningKey(database: Database, kid: string): Promise<void> {
  await database.deleteFrom('signing_keys').where('kid', '=', kid).execute();
  await database.deleteFrom('key_sets').where('kid', '=', kid).execute();
}
