// Opaque access tokens: the hash and the claims of each.
import type { OneRow } from './one-row.ts';
import type { Database } from './schema.ts';

interface OpaqueTokenRow {
  readonly hash: string;
  readonly claims: string;
  readonly expires_at: number;
}

export const opaqueTokenInsertion =
  (row: OpaqueTokenRow): OneRow =>
  (database) =>
    database.insertInto('opaque_tokens').values(row);

/** @returns the claims as JSON */
export async function findOpaqueToken(database: Database, hash: string): Promise<string | undefined> {
  const row = await database.selectFrom('opaque_tokens').select('claims').where('hash', '=', hash).executeTakeFirst();
  return row?.claims;
}
