// By what is a value found? A column holds one term, and PostgreSQL's indexes take no long one.
import { DIGEST_PREFIX, shortName } from '../primitives/short-name.ts';

/** Stands for several values. Which they are, the event tells. */
export const SEVERAL = DIGEST_PREFIX;

/** @returns null for no value */
export function termOf(...values: readonly (string | undefined)[]): string | null {
  const [first, ...others] = values.filter((value) => value !== undefined);
  if (first === undefined) return null;
  if (others.some((other) => other !== first)) return SEVERAL;
  // PostgreSQL refuses a NUL in text, and with it all the rows of the group; the event's JSON has it escaped.
  return shortName(first.replaceAll('\0', ''));
}
