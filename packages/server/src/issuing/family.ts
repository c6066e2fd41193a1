// Reads refresh families from the store: the one of a refresh token, and the end of those that a token derives from.
import type { RefreshFamily } from '../model/refresh-family.ts';
import type { TokenFacts } from '../model/token-facts.ts';
import type { Bound } from '../primitives/scope.ts';
import { parseOwnJson } from '../primitives/strict-json.ts';
import type { Elsewhere } from '../regions/elsewhere.ts';
import { findFirstEnd, selectFamily as findRow } from '../store/refresh-families.ts';
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

/** A presented token, and the ids that it derives from. */
export type Derived = Pick<TokenFacts, 'id' | 'lineage' | 'actorLineage' | 'expiresAt'>;

/**
 * Returns the earliest end of the families and sessions that the tokens derive from, in seconds since 1970. The end of one of another
 * region is not known here. The token itself ends no later, so its end stands for it.
 */
export async function findEnd(
  database: Database,
  tokens: readonly Derived[],
  { isMadeElsewhere }: Pick<Elsewhere, 'isMadeElsewhere'>,
): Promise<Bound<number>> {
  const idsOf = ({ id, lineage, actorLineage }: Derived) => [id, ...lineage, ...actorLineage];
  const here = await findFirstEnd(database, tokens.flatMap(idsOf));
  const elsewhere = tokens.filter((token) => idsOf(token).some(isMadeElsewhere)).map(({ expiresAt }) => expiresAt);
  const ends = [...elsewhere, ...(here === undefined ? [] : [Math.floor(here / 1000)])];
  return ends.length === 0 ? 'unbounded' : Math.min(...ends);
}
