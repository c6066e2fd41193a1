// The private keys that sign tokens, encrypted with the sealing key.
import type { Database, SigningKeyRow } from './schema.ts';

const columns = ['kid', 'alg', 'private_key', 'created_at', 'activates_at'] as const;

/** Oldest first. */
export const listSigningKeys = (database: Database): Promise<SigningKeyRow[]> =>
  database.selectFrom('signing_keys').select(columns).orderBy('created_at').orderBy('kid').execute();

/** Does nothing if another node has already inserted a key for that time. */
export async function insertSigningKey(database: Database, row: SigningKeyRow): Promise<void> {
  await database
    .insertInto('signing_keys')
    .values(row)
    .onConflict((conflict) => conflict.columns(['alg', 'activates_at']).doNothing())
    .execute();
}

export async function resealSigningKey(database: Database, { kid, private_key }: SigningKeyRow): Promise<void> {
  await database.updateTable('signing_keys').set({ private_key }).where('kid', '=', kid).execute();
}

export async function deleteSigningKey(database: Database, kid: string): Promise<void> {
  await database.deleteFrom('signing_keys').where('kid', '=', kid).execute();
}
