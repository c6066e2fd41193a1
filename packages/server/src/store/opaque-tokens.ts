// Opaque access tokens: the hash and the claims of each.
import type { Database } from './schema.ts';

export async function insertOpaqueToken(
  database: Database,
  row: { hash: string; claims: string; expires_at: number },
): Promise<void> {
  await database.insertInto('opaque_tokens').values(row).execute();
}

/** @returns the claims as JSON */
export async function findOpaqueToken(database: Database, hash: string): Promise<string | undefined> {
  const row = await database.selectFrom('opaque_tokens').select('claims').where('hash', '=', hash).executeTakeFirst();
  return row?.claims;
}
