// The delegation that a token is a part of: its beginning, its end, and the limits that count it. Every derived token has the same.
import type { Bound } from '../primitives/scope.ts';
import type { JsonObject } from '../primitives/strict-json.ts';

/** Since when, until when and under which limits a token is delegated. */
export interface Delegation {
  /** Seconds since 1970. */
  readonly began: number | 'cannot tell';
  /** Seconds since 1970: no token that derives from it may end later. */
  readonly ends: Bound<number>;
  /** The keys of the limits that the token counts for. Every token that derives from it counts, too. */
  readonly leashes: readonly string[];
}

/** The claim of our tokens that holds a `Delegation`. */
const CLAIM = 'delegation';

/** Formats the claim. A beginning that cannot be told is left out. */
export const formatDelegation = ({ began, ends, leashes }: Delegation): JsonObject => ({
  [CLAIM]: {
    ...(began !== 'cannot tell' && { iat: began }),
    ...(ends !== 'unbounded' && { exp: ends }),
    ...(leashes.length > 0 && { limits: leashes }),
  },
});

/** @param claims of a token that this server signed */
export function parseDelegation({ [CLAIM]: claim }: JsonObject): Delegation | undefined {
  if (typeof claim !== 'object' || claim === null || Array.isArray(claim)) return undefined;
  const { iat, exp, limits } = claim as JsonObject;
  return {
    began: typeof iat === 'number' ? iat : 'cannot tell',
    ends: typeof exp === 'number' ? exp : 'unbounded',
    leashes: Array.isArray(limits) ? limits.filter((key) => typeof key === 'string') : [],
  };
}
