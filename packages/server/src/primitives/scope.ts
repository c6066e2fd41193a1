// Reads and writes scopes. A scope is a set of names, never a string to search in.

/** Names in the order in which they were given (RFC 6749 section 3.3). */
export type Scope = ReadonlySet<string>;

/** Scope of a subject token to the scopes that it gives at another API. `same`: the names do not change. */
export type ScopeMap = ReadonlyMap<string, readonly string[]> | 'same';

/** A limit on names. `'unbounded'` must be stated: an absent value never means "no limit". */
export type Bound<Names> = Names | 'unbounded';

/** The names that are listed; `'unbounded'` lists none. */
export const listedNames = (scope: Bound<Scope>): Scope => (scope === 'unbounded' ? new Set() : scope);

const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;
const MAX_NAMES = 256;

/** @returns undefined if the text breaks the grammar (two blanks, a quote, a control character) or has too many names */
export function parseScope(text: string): Scope | undefined {
  const names = text.split(' ');
  if (names.length > MAX_NAMES || !names.every((name) => SCOPE_TOKEN.test(name))) return undefined;
  return new Set(names);
}

export const isScopeName = (text: string): boolean => SCOPE_TOKEN.test(text);

/** Formats the `scope` claim and response member: names with a blank between them (RFC 8693 section 4.2). */
export const formatScope = (scope: Scope): string => [...scope].join(' ');
