// Sets faulty parts of a file aside, so that the rest can be checked without faults that only follow from them.
import { isObject } from '../primitives/expectation.ts';
import type { Complain, Path } from './fault.ts';
import { nameOf } from './issuer-name.ts';
import type { ConfigurationFile } from './schema.ts';
import type { Unsure } from './unsure.ts';

export interface Rest {
  readonly value: unknown;
  readonly unsure: Unsure;
  /** Converts a path of the rest to a path of the file: entries of the rest have other numbers. */
  readonly pathInFile: (path: Path) => Path;
  /** Takes complaints about the rest. Warnings are dropped: they may only follow. */
  readonly complaining: (complain: Complain) => Complain;
}

type Entries = Record<string, unknown>;

const LISTS: readonly string[] = ['clients', 'resources', 'authorizationServers', 'issuers', 'accounts', 'rules'];
const NAME_KEYS: readonly string[] = ['id', 'audience', 'name', 'issuer', 'trustDomain', 'saml'];

/** Replaces a missing or faulty issuer. */
const SOME_ISSUER = 'https://issuer.invalid';

/**
 * @param value a map
 * @param faulty paths of faulty values and of unknown keys. In a section or an entry, only the faulty key is set aside if possible
 */
export function setAside(value: unknown, faulty: readonly Path[]): Rest {
  const rest = structuredClone(value) as Entries;
  const gone = new Set<string>();
  const doubted = new Map<string, Set<string>>();
  const doubt = (section: string, names: readonly string[]): void =>
    void doubted.set(section, (doubted.get(section) ?? new Set<string>()).union(new Set(names)));
  const entries = new Map<string, Map<number, 'whole' | Set<string>>>();
  for (const path of faulty) {
    const [section, key, member] = path;
    if (typeof section !== 'string') continue;
    const list = rest[section];
    if (LISTS.includes(section) && typeof key === 'number' && Array.isArray(list)) {
      const known = entries.get(section) ?? new Map<number, 'whole' | Set<string>>();
      entries.set(section, known.set(key, faultyPart(known.get(key), section, member)));
    } else if (typeof key === 'string' && isObject(list)) {
      delete list[key];
      gone.add(`${section}.${key}`);
    } else {
      delete rest[section];
      gone.add(section);
    }
  }
  if (typeof rest.issuer !== 'string') rest.issuer = SOME_ISSUER;
  const kept = new Map<string, readonly number[]>();
  for (const [section, parts] of entries) {
    const list = rest[section];
    if (!Array.isArray(list)) continue;
    for (const [index, part] of parts) {
      if (part === 'whole' || [...part].some((key) => NAME_KEYS.includes(key)))
        doubt(section, namesOf(section, list[index]));
      if (part !== 'whole') for (const key of part) delete list[index][key];
    }
    const before = [...list.keys()].filter((index) => parts.get(index) !== 'whole');
    kept.set(section, before);
    rest[section] = before.map((index) => list[index]);
  }
  const pathInFile = (path: Path): Path => {
    const [section, index, ...deeper] = path;
    if (section === undefined || typeof index !== 'number') return path;
    return [section, kept.get(String(section))?.[index] ?? index, ...deeper];
  };
  return {
    value: rest,
    unsure: {
      name: (section, name) =>
        gone.has(section) || doubted.get(section)?.has(ANY) === true || doubted.get(section)?.has(name) === true,
      key: (path) => gone.has(path) || gone.has(path.split('.')[0] ?? ''),
    },
    pathInFile,
    complaining: (complain) => (path, message, severity, about, follows) => {
      if (severity === 'warning') return;
      const [section = '', index, ...deeper] = pathInFile(path);
      if (typeof index === 'number') {
        const part = entries.get(String(section))?.get(index);
        if (followsFrom(part, deeper, memberOf(value, section, index))) return;
      }
      complain(pathInFile(path), message, severity, about, follows);
    },
  };
}

/** Their keys depend on each other. */
const WHOLE: ReadonlySet<string> = new Set(['resources', 'authorizationServers']);

/** A faulty resource or server is set aside as a whole. */
function faultyPart(
  known: 'whole' | Set<string> | undefined,
  section: string,
  member: Path[number] | undefined,
): 'whole' | Set<string> {
  if (known === 'whole' || WHOLE.has(section) || typeof member !== 'string') return 'whole';
  return (known ?? new Set()).add(member);
}

/** May a fault of an entry follow from its faulty keys? Not if it is about another key that the entry has. */
function followsFrom(part: 'whole' | Set<string> | undefined, [key]: Path, entry: unknown): boolean {
  if (part === undefined) return false;
  return part === 'whole' || typeof key !== 'string' || part.has(key) || !isObject(entry) || !Object.hasOwn(entry, key);
}

const memberOf = (value: unknown, section: string | number, index: number): unknown =>
  (value as Record<string, unknown[] | undefined>)[section]?.[index];

/** The name of an entry whose name is unknown: it may be any. */
const ANY = '';

/** Returns every name by which other entries can refer to the entry. */
function namesOf(section: string, entry: unknown): readonly string[] {
  if (!isObject(entry) || section === 'authorizationServers') return [ANY];
  const { id, audience, name, issuer, trustDomain, saml } = entry;
  if (section === 'clients') return texts([id]);
  if (section === 'resources') return texts([audience]);
  if (section !== 'issuers') return [];
  const own = texts([name, issuer, trustDomain, saml]);
  const domain = typeof trustDomain === 'string' ? [`spiffe://${trustDomain}`] : [];
  return own.includes(ANY) ? [ANY] : [...own, ...domain, nameOf(entry as ConfigurationFile['issuers'][number])];
}

/** Converts names: one that is not a text may be any name. */
function texts(values: readonly unknown[]): readonly string[] {
  const given = values.filter((value) => value !== undefined);
  return given.length === 0 ? [ANY] : given.map((value) => (typeof value === 'string' ? value : ANY));
}
