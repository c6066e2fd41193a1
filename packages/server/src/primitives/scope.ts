// What may a token do? A set of scope names; never a string that somebody searches in.

/** Names in the order in which they were given (RFC 6749 section 3.3). */
export type Scope = ReadonlySet<string>;

/** A limit on names. `'unbounded'` is a word that somebody wrote: what is left out never means "no limit". */
export type Bound<Names> = Names | 'unbounded';

/** The names that are listed: where none are, nothing is allowed by name. */
export const listedNames = (scope: Bound<Scope>): Scope => (scope === 'unbounded' ? new Set() : scope);

const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;
const MAX_NAMES = 256;

/** Undefined where the text breaks the grammar: two blanks, a quote, a control character, or more names than sense. */
export function parseScope(text: string): Scope | undefined {
  const names = text.split(' ');
  if (names.length > MAX_NAMES || !names.every((name) => SCOPE_TOKEN.test(name))) return undefined;
  return new Set(names);
}

export const isScopeName = (text: string): boolean => SCOPE_TOKEN.test(text);

/** The `scope` claim and response member: one string, blanks between (RFC 8693 section 4.2). */
export const formatScope = (scope: Scope): string => [...scope].join(' ');
