// Patterns of names: `*` at the end stands for any text. A pattern without it is the name itself.

/** Is it a name, or at least one character before a `*` at the end? */
export const isPattern = (text: string): boolean => /^[^*]+\*?$/.test(text);

export const matchesPattern = (pattern: string, name: string): boolean =>
  pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;

export const matchesAny = (patterns: readonly string[], name: string): boolean =>
  patterns.some((pattern) => matchesPattern(pattern, name));
