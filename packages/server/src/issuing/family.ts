// Reads the family of a refresh token from the store.
import type { RefreshFamily } from '../model/refresh-family.ts';
import { parseOwnJson } from '../primitives/strict-json.ts';
import { selectFamily as findRow } from '../store/refresh-families.ts';
import type { Database } from '../store/schema.ts';

export async function findFamily(database: Database, id: string): Promise<RefreshFamily | undefined> {
  const row = await findRow(database, id);
  return (
    row && {
      id: row.id,
      clientId: row.client,
      generation: row.generation,
      rotatedAt: Number(row.rotated_at),
      rotatedBy: row.rotated_by,
      rotatedAgo: row.rotated_ago === null ? null : Number(row.rotated_ago),
      expiresAt: Math.floor(Number(row.expires_at) / 1000),
      confirmation: row.confirmation === null ? undefined : parseOwnJson(row.confirmation),
      grant: parseOwnJson(row.remembered),
    }
  );
}
