// How is it said to a person? Words for what steps, targets and replayed decisions have in common.
import type { Principal } from '../primitives/principal.ts';

export const sayScope = (names: readonly string[]): string =>
  names.length === 0 ? 'no scope' : `the scope “${names.join(' ')}”`;

export const sayList = (names: readonly string[], word: 'and' | 'or' = 'and'): string =>
  names.length < 2 ? (names[0] ?? 'nothing') : `${names.slice(0, -1).join(', ')} ${word} ${names.at(-1)}`;

/** @param self our own issuer, which goes without saying */
export const sayPrincipal = ({ iss, sub }: Principal, self: string): string =>
  iss === self ? sub : `${sub} of ${iss}`;

/** Who acts for the subject. */
export function sayChain([current, ...before]: readonly Principal[], subject: string, self: string): string {
  if (current === undefined) return `nobody acts for ${subject}`;
  const now = `${sayPrincipal(current, self)} acts for ${subject}`;
  const names = before.map((one) => sayPrincipal(one, self));
  return names.length === 0 ? now : `${now}; before that acted ${names.join(', and before that ')}`;
}
