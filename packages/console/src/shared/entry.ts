// Reads the entries of a configuration file, whose members may be of any type.

/** In the words of the configuration file. */
export type Entry = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is Entry =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const partOf = (value: unknown): Entry => (isObject(value) ? value : {});

export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** @returns the texts of a text or a list, without empty ones */
export const textsOf = (value: unknown): readonly string[] => [value].flat().filter(isText);

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** @returns the scopes of a list, or of a map that has them as keys */
export const scopesOf = (value: unknown): readonly string[] =>
  isObject(value) ? Object.keys(value) : Array.isArray(value) ? textsOf(value) : [];

/** Is it a pattern such as `agent-*`? */
export const isPattern = (name: string): boolean => name.includes('*');

/** Does a list of names, which may have patterns such as `agent-*`, contain the name? */
export const mentions = (listed: readonly string[], name: string): boolean =>
  listed.some((one) => (one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : one === name));
