// How is it said to a person? Words for what steps, targets and replayed decisions have in common.
import type { Principal } from '../primitives/principal.ts';

const UNITS = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
  [1, 's'],
] as const;

/** The two largest units: `1 h 30 min`. */
export function sayDuration(seconds: number): string {
  let rest = Math.max(0, Math.floor(seconds));
  const parts = UNITS.flatMap(([size, unit]) => {
    const count = Math.floor(rest / size);
    rest %= size;
    return count === 0 ? [] : [`${count} ${unit}`];
  });
  return parts.slice(0, 2).join(' ') || '0 s';
}

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
