// The private keys that sign our tokens.
import type { Database, SigningKeyRow } from './schema.ts';

const columns = ['kid', 'alg', 'private_key', 'created_at'] as const;

/** Oldest first. */
export const listSigningKeys = (database: Database): Promise<SigningKeyRow[]> =>
  database.selectFrom('signing_keys').select(columns).orderBy('created_at').orderBy('kid').execute();

export async function insertSigningKey(database: Database, row: SigningKeyRow): Promise<void> {
  await database.insertInto('signing_keys').values(row).execute();
}
