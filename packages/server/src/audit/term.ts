// Makes the search term of a value. A column holds one term, of the length that PostgreSQL's indexes accept.
import { DIGEST_PREFIX, shortName } from '../primitives/short-name.ts';

/** Stands for several values, which are in the event. */
export const SEVERAL = DIGEST_PREFIX;

/** @returns null if there is no value */
export function termOf(...values: readonly (string | undefined)[]): string | null {
  let term: string | undefined;
  for (const value of values) {
    if (value === undefined) continue;
    if (term !== undefined && value !== term) return SEVERAL;
    term = value;
  }
  // PostgreSQL rejects NUL in text, and would reject all rows of the group. JSON escapes it.
  return term === undefined ? null : shortName(term.replaceAll('\0', ''));
}
