// Configurations as data: a base, what a test changes of it, and the text that the server reads.
import { readFileSync, writeFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';

/** A configuration, or a part of one, as the file has it. `${ISSUER}` and `${PORT}` stand for those of the test's server. */
export type Configuration = Readonly<Record<string, unknown>>;
/** An entry of a list: data, or one line of YAML. */
export type Entry = string | Configuration;
/** What a test starts a server with: data, or a whole text where the text itself is tested. */
export type Source = string | Configuration;
type List = readonly Configuration[];
type Edit = (old: unknown) => unknown;

/**
 * The base with these changes, one after the other. Objects merge, member by member; everything else replaces what stood
 * there, lists too; `undefined` takes a member away; a function is given the old value and returns the new one.
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

/** More entries at the end of a list. */
export const added =
  (...more: readonly Entry[]): Edit =>
  (old = []) => [...(old as List), ...entries(more)];

/** Changes in the one entry of a list whose name this is. @throws Error where no entry, or more than one, has the name */
export const edited =
  (name: string, ...changes: readonly Configuration[]): Edit =>
  (old) => {
    const entry = find(old, name);
    return (old as List).map((one) => (one === entry ? changed(one, ...changes) : one));
  };

/** Changes in every entry of a list. */
export const all =
  (...changes: readonly Configuration[]): Edit =>
  (old) =>
    (old as List).map((one) => changed(one, ...changes));

/** The list without the entries of these names. @throws Error where one is not there */
export const without =
  (...names: readonly string[]): Edit =>
  (old) => {
    const gone = names.map((name) => find(old, name));
    return (old as List).filter((one) => !gone.includes(one));
  };

/** What an entry is known by: `id` of a client, `audience` of a resource, `name` of a rule and an issuer, `username`. */
function find(list: unknown, name: string): Configuration {
  const named = ((list ?? []) as List).filter((one) => [one.id, one.audience, one.name, one.username].includes(name));
  const [entry] = named;
  if (entry === undefined || named.length > 1) throw new Error(`${named.length} entries are called ${name}`);
  return entry;
}

/** The same with every text in it changed. */
export const withTexts = (base: Configuration, change: (text: string) => string): Configuration =>
  JSON.parse(JSON.stringify(base), (_key, value) => (typeof value === 'string' ? change(value) : value));

/** Entries as data. */
export const entries = (list: readonly Entry[]): List =>
  list.map((one) => (typeof one === 'string' ? parse(one) : one));

/** Members whose texts are YAML, as data. */
export const parsed = (members: Readonly<Record<string, string | undefined>>): Configuration =>
  Object.fromEntries(Object.entries(members).map(([name, text]) => [name, text && parse(text)]));

/** The text of a file: YAML, since JSON has no number that is left to the environment, as `${PORT}` is. */
export const yamlOf = (source: Source): string =>
  typeof source === 'string' ? source : stringify(source, { aliasDuplicateObjects: false });

/** Writes a configuration file again, changed. */
export const changeFile = (file: string, ...changes: readonly Configuration[]): void =>
  writeFileSync(file, yamlOf(changed(dataOf(readFileSync(file, 'utf8')), ...changes)));

/** A source as data. */
export const dataOf = (source: Source): Configuration => (typeof source === 'string' ? parse(source) : source);
