// By what is a value found? A column holds one term, and PostgreSQL's indexes take no long one.
import { hash } from 'node:crypto';

/** Stands for several values; no name holds a control character. Which they are, the event tells. */
export const SEVERAL = '\u0001';
/** Characters; in UTF-8 at most four times as many bytes, of the 2704 that an index takes. */
const LONGEST = 256;

/** @returns null for no value */
export function termOf(...values: readonly (string | undefined)[]): string | null {
  const [first, ...others] = values.filter((value) => value !== undefined);
  if (first === undefined) return null;
  if (others.some((other) => other !== first)) return SEVERAL;
  // PostgreSQL refuses a NUL in text, and with it all the rows of the group; the event's JSON has it escaped.
  const text = first.includes('\0') ? first.replaceAll('\0', '') : first;
  return text.length <= LONGEST ? text : `${SEVERAL}${hash('sha256', text, 'base64url')}`;
}
