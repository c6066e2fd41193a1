// Makes the search term of a value. A column holds one term, of the length that PostgreSQL's indexes accept.
import { DIGEST_PREFIX, shortName } from '../primitives/short-name.ts';

/** Stands for several values, which are in the event. */
export const SEVERAL = DIGEST_PREFIX;

/** @returns null if there is no value */
export function termOf(...values: readonly (string | undefined)[]): string | null {
  const [first, ...others] = values.filter((value) => value !== undefined);
  if (first === undefined) return null;
  if (others.some((other) => other !== first)) return SEVERAL;
  // PostgreSQL rejects NUL in text, and would reject all rows of the group. JSON escapes it.
  return shortName(first.replaceAll('\0', ''));
}
