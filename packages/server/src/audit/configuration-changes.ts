// How do two configurations differ? Lists the changes by entry, and describes each in words.
import { type ConfigurationContent, canonical } from './configuration.ts';

export interface ConfigurationChange {
  /** `rule orders-read`, `client gateway`, `server`. */
  readonly entry: string;
  readonly change: 'added' | 'removed' | 'changed' | 'moved';
  /** The changed key of the entry: `grant.scopes`. */
  readonly key?: string;
  /** Absent if the key was not set. */
  readonly before?: unknown;
  readonly after?: unknown;
}

/** Sections whose entries have names, with the word for an entry and the keys that name it. */
const SECTIONS = {
  resources: ['resource', 'audience'],
  clients: ['client', 'id'],
  issuers: ['issuer', 'name', 'issuer', 'trustDomain', 'saml'],
  rules: ['rule', 'name'],
} as const;

type Section = keyof typeof SECTIONS;

const isSection = (key: string): key is Section => Object.hasOwn(SECTIONS, key);

interface Entry {
  readonly value: unknown;
  readonly file: string;
}

/** The named entries of all files in order, and the other keys of the main file. */
interface Outline {
  readonly entries: Readonly<Record<Section, ReadonlyMap<string, Entry>>>;
  readonly others: ReadonlyMap<string, unknown>;
  readonly registered: ReadonlyMap<string, Entry>;
}

export function findChanges(before: ConfigurationContent, after: ConfigurationContent): readonly ConfigurationChange[] {
  const [was, is] = [outline(before), outline(after)];
  const keys = new Set([...was.others.keys(), ...is.others.keys()]);
  return [
    ...[...keys].toSorted().flatMap((key) => compare(key, '', was.others.get(key), is.others.get(key))),
    ...(Object.keys(SECTIONS) as Section[]).flatMap((section) =>
      compareEntries(section, was.entries[section], is.entries[section]),
    ),
    ...compareEntries('registered', was.registered, is.registered),
  ];
}

/** The word for an entry of a kind. */
const wordFor = (kind: Section | 'registered'): string =>
  kind === 'registered' ? 'registered client' : SECTIONS[kind][0];

/** `rule orders-read`; an entry without a name is called `rule 3` already. */
export const entryName = (kind: Section | 'registered', name: string): string =>
  new RegExp(`^${wordFor(kind)} \\d+$`).test(name) ? name : `${wordFor(kind)} ${name}`;

/** @returns undefined if the entry is not a registered client */
export function idOfRegistered(entry: string): string | undefined {
  const word = `${wordFor('registered')} `;
  return entry.startsWith(word) ? entry.slice(word.length) : undefined;
}

/** The entry of a rule or a client, and its name for people. @returns undefined if the configuration has none of this name */
export function findEntry(
  content: ConfigurationContent,
  section: 'rules' | 'clients',
  name: string,
): { readonly entry: string; readonly value: unknown } | undefined {
  const { entries, registered } = outline(content);
  const found = entries[section].get(name);
  if (found !== undefined) return { entry: entryName(section, name), value: found.value };
  const client = section === 'clients' ? registered.get(name) : undefined;
  return client && { entry: entryName('registered', name), value: client.value };
}

function outline({ files, registered }: ConfigurationContent): Outline {
  const others = new Map<string, unknown>();
  const entries = {
    resources: new Map<string, Entry>(),
    clients: new Map<string, Entry>(),
    issuers: new Map<string, Entry>(),
    rules: new Map<string, Entry>(),
  };
  for (const { path, content } of files) {
    for (const [key, value] of Object.entries(content)) {
      if (!isSection(key) || !Array.isArray(value)) others.set(path === '' ? key : `${path} ${key}`, value);
      else for (const one of value) entries[key].set(nameOf(one, key, entries[key].size), { value: one, file: path });
    }
  }
  const clients = Object.entries(registered).map(([id, value]) => [id, { value, file: '' }] as const);
  return { entries, others, registered: new Map(clients) };
}

function nameOf(value: unknown, section: Section, index: number): string {
  const [, ...keys] = SECTIONS[section];
  const entry = (value ?? {}) as Record<string, unknown>;
  // A rule without a name has its number, as in audit rows.
  return String(keys.map((key) => entry[key]).find((one) => one !== undefined) ?? `${wordFor(section)} ${index + 1}`);
}

function compareEntries(
  kind: Section | 'registered',
  before: ReadonlyMap<string, Entry>,
  after: ReadonlyMap<string, Entry>,
): readonly ConfigurationChange[] {
  const moved = new Set(movedNames([...before.keys()], [...after.keys()]));
  const changes: ConfigurationChange[] = [];
  for (const [name, { value }] of before)
    if (!after.has(name)) changes.push({ entry: entryName(kind, name), change: 'removed', before: value });
  for (const [name, { value, file }] of after) {
    const was = before.get(name);
    if (was === undefined) changes.push({ entry: entryName(kind, name), change: 'added', after: value });
    else {
      changes.push(...compare(entryName(kind, name), '', was.value, value));
      if (was.file !== file) changes.push(...compare(entryName(kind, name), 'file', was.file || MAIN, file || MAIN));
      // The order of the other entries decides nothing.
      if (kind === 'rules' && moved.has(name)) changes.push({ entry: entryName(kind, name), change: 'moved' });
    }
  }
  return changes;
}

const MAIN = 'the main file';

/** The names that do not stand in the longest run that keeps its order. */
function movedNames(before: readonly string[], after: readonly string[]): readonly string[] {
  const places = new Map(before.map((name, index) => [name, index]));
  const kept = after.filter((name) => places.has(name));
  /** For each length, the end of the run of that length that ends first. */
  const ends: number[] = [];
  const previous: number[] = [];
  const at = (index: number): number => places.get(kept[index] ?? '') ?? -1;
  for (const index of kept.keys()) {
    const length = ends.findLastIndex((end) => at(end) < at(index)) + 1;
    previous[index] = ends[length - 1] ?? -1;
    ends[length] = index;
  }
  const stay = new Set<number>();
  for (let index = ends.at(-1) ?? -1; index !== -1; index = previous[index] ?? -1) stay.add(index);
  return kept.filter((_, index) => !stay.has(index));
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function compare(entry: string, key: string, before: unknown, after: unknown): readonly ConfigurationChange[] {
  if (isMap(before) && isMap(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((one) => compare(entry, key === '' ? one : `${key}.${one}`, before[one], after[one]));
  }
  if (canonical([before]) === canonical([after])) return [];
  return [
    {
      entry,
      change: 'changed',
      ...(key !== '' && { key }),
      ...(before !== undefined && { before }),
      ...(after !== undefined && { after }),
    },
  ];
}

/** `client gateway: lifetime 10m → 5m` */
export function describeChange({ entry, change, key, before, after }: ConfigurationChange): string {
  if (change === 'moved') return `${entry}: moved to another place in the order`;
  if (change !== 'changed') return `${entry} ${change}`;
  const about = key === undefined ? entry : `${entry}: ${key}`;
  return cut(`${about} ${describeDifference(before, after)}`, MAX_TEXT);
}

/** `10m → 5m`, or what a list gained and lost */
export const describeDifference = (before: unknown, after: unknown): string =>
  describeMembers(before, after) ?? `${show(before)} → ${show(after)}`;

/** Names what a list gained and lost. @returns undefined if it is not a list of texts, or only its order changed */
function describeMembers(before: unknown, after: unknown): string | undefined {
  if (!isTexts(before) || !isTexts(after)) return undefined;
  const gained = after.filter((one) => !before.includes(one));
  const lost = before.filter((one) => !after.includes(one));
  const parts = [
    ...(gained.length > 0 ? [`${gained.join(', ')} added`] : []),
    ...(lost.length > 0 ? [`${lost.join(', ')} removed`] : []),
  ];
  return parts.length === 0 ? undefined : parts.join('; ');
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string');

/** The longest value, and the longest description, in characters. */
const MAX_VALUE = 120;
const MAX_TEXT = 320;

const show = (value: unknown): string =>
  value === undefined ? 'not set' : cut(typeof value === 'string' ? value : JSON.stringify(value), MAX_VALUE);

const cut = (text: string, length: number): string => (text.length <= length ? text : `${text.slice(0, length - 1)}…`);

/** The descriptions that one audit row contains. */
const MAX_DESCRIBED = 20;

/** The first changes in words, and the number of the others. @param others descriptions that go before them */
export function summarize(
  changes: readonly ConfigurationChange[],
  others: readonly string[] = [],
): {
  readonly changes: readonly string[];
  readonly more?: number;
} {
  const all = [...others, ...changes.map(describeChange)];
  const more = all.length - MAX_DESCRIBED;
  return { changes: all.slice(0, MAX_DESCRIBED), ...(more > 0 && { more }) };
}
