// Builds configurations as data: a base, the changes of a test, and the text that the server reads.
import { readFileSync, writeFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';

/** A configuration or a part of one. `${ISSUER}` and `${PORT}` stand for those of the test's server. */
export type Configuration = Readonly<Record<string, unknown>>;
/** An entry of a list: data, or one line of YAML. */
export type Entry = string | Configuration;
/** The configuration of a test server: data, or text where a test is about the text. */
export type Source = string | Configuration;
type List = readonly Configuration[];
type Edit = (old: unknown) => unknown;

/**
 * The base with these changes, one after the other. Objects are merged; other values and lists are replaced; `undefined` removes a
 * member; a function gets the old value and returns the new one.
 */
export function changed(base: Configuration, ...changes: readonly Configuration[]): Configuration {
  return changes.reduce((all, change) => merge(all, change) as Configuration, base);
}

function merge(old: unknown, change: unknown): unknown {
  if (typeof change === 'function') return change(old);
  if (!isObject(change)) return change;
  const pairs = Object.entries(change).map(([key, value]) => [key, merge(isObject(old) ? old[key] : undefined, value)]);
  const merged = { ...(isObject(old) && old), ...Object.fromEntries(pairs) };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined));
}

const isObject = (value: unknown): value is Configuration =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Appends entries to a list. */
export const added =
  (...more: readonly Entry[]): Edit =>
  (old = []) => [...(old as List), ...entries(more)];

/** Changes the entry of a list with this name. @throws Error unless exactly one entry has the name */
export const edited =
  (name: string, ...changes: readonly Configuration[]): Edit =>
  (old) => {
    const entry = find(old, name);
    return (old as List).map((one) => (one === entry ? changed(one, ...changes) : one));
  };

/** Changes every entry of a list. */
export const all =
  (...changes: readonly Configuration[]): Edit =>
  (old) =>
    (old as List).map((one) => changed(one, ...changes));

/** The list without the entries with these names. @throws Error if one does not exist */
export const without =
  (...names: readonly string[]): Edit =>
  (old) => {
    const gone = names.map((name) => find(old, name));
    return (old as List).filter((one) => !gone.includes(one));
  };

/** Finds an entry by name: `id` of a client, `audience` of a resource, `name` of a rule or an issuer, `username`. */
function find(list: unknown, name: string): Configuration {
  const named = ((list ?? []) as List).filter((one) => [one.id, one.audience, one.name, one.username].includes(name));
  const [entry] = named;
  if (entry === undefined || named.length > 1) throw new Error(`${named.length} entries are called ${name}`);
  return entry;
}

/** The configuration with every text changed. */
export const withTexts = (base: Configuration, change: (text: string) => string): Configuration =>
  JSON.parse(JSON.stringify(base), (_key, value) => (typeof value === 'string' ? change(value) : value));

/** Parses entries that are YAML. */
export const entries = (list: readonly Entry[]): List =>
  list.map((one) => (typeof one === 'string' ? parse(one) : one));

/** Parses members that are YAML. */
export const parsed = (members: Readonly<Record<string, string | undefined>>): Configuration =>
  Object.fromEntries(Object.entries(members).map(([name, text]) => [name, text && parse(text)]));

/** The text of a file. YAML, because in JSON a number cannot come from the environment, as `${PORT}` does. */
export const yamlOf = (source: Source): string =>
  typeof source === 'string' ? source : stringify(source, { aliasDuplicateObjects: false });

/** Changes a configuration file. */
export const changeFile = (file: string, ...changes: readonly Configuration[]): void =>
  writeFileSync(file, yamlOf(changed(dataOf(readFileSync(file, 'utf8')), ...changes)));

/** Parses a source. */
export const dataOf = (source: Source): Configuration => (typeof source === 'string' ? parse(source) : source);
