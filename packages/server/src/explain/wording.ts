// Phrases that steps, targets and replayed decisions have in common.
import type { Principal } from '../primitives/principal.ts';

/** In place of a value of a row that was erased. */
export const ERASED = 'its personal fields were erased';

export const describeScope = (names: readonly string[]): string =>
  names.length === 0 ? 'no scope' : `the scope “${names.join(' ')}”`;

export const describeList = (names: readonly string[], word: 'and' | 'or' = 'and'): string =>
  names.length < 2 ? (names[0] ?? 'nothing') : `${names.slice(0, -1).join(', ')} ${word} ${names.at(-1)}`;

/** @param self the issuer of this server, which is left out */
export const describePrincipal = ({ iss, sub }: Principal, self: string): string =>
  iss === self ? sub : `${sub} of ${iss}`;

/** Describes the actors that act for the subject. */
export function describeChain([current, ...before]: readonly Principal[], subject: string, self: string): string {
  if (current === undefined) return `nobody acts for ${subject}`;
  const now = `${describePrincipal(current, self)} acts for ${subject}`;
  const names = before.map((one) => describePrincipal(one, self));
  return names.length === 0 ? now : `${now}; before that acted ${names.join(', and before that ')}`;
}
