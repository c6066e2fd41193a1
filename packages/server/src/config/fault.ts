// The faults and warnings of a configuration file, with their places.

import type { NamedSection } from './unsure.ts';

export interface Fault {
  readonly severity: 'fault' | 'warning';
  /** The included file that it is about. Absent: the main file. */
  readonly file?: string;
  /** The first line is 1. With 0 the fault is about the file as a whole. */
  readonly line: number;
  readonly column: number;
  /** `clients[gateway].secret` */
  readonly path: string;
  readonly message: string;
  /** Of a fault in an entry about people: its path by numbers. Path and message may name them. */
  readonly withoutPeople?: string;
}

/** The keys that lead to a value, from the root. */
export type Path = readonly (string | number)[];

/** The place of a fault at its path: the value, the key, a key that may hold a secret, or a position in the text of the value. */
export type FaultAbout = 'value' | 'key' | 'hidden key' | Position;

/** What a fault may follow from: a faulty name of an entry of the section, faulty grants of a client, or a fault at a path. */
export type Origins = NamedSection | 'grants' | Path;

/** Reports a fault at a path. `follows`: nothing is said if this is faulty, because it may be the cause. */
export type Complain = (
  path: Path,
  message: string,
  severity?: Fault['severity'],
  about?: FaultAbout,
  follows?: Origins,
) => void;

/** A place in a text of several lines. Line and column begin at 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** @param value the content of the file; if given, entries of a list are named by their name instead of their number */
export function formatPath(path: Path, value?: unknown): string {
  let text = '';
  let within = value;
  for (const [index, key] of path.entries()) {
    within = memberOf(within, key);
    text += typeof key === 'number' ? `[${nameOfEntry(path[index - 1], within) ?? key}]` : `.${key}`;
  }
  return text.replace(/^\./, '');
}

function memberOf(value: unknown, key: string | number): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string | number, unknown>)[key];
}

/** The keys that name the entries of each list. The first one that an entry has is used. */
const NAMES = new Map<unknown, readonly string[]>(
  Object.entries({
    resources: ['audience'],
    authorizationServers: ['issuer'],
    clients: ['id'],
    accounts: ['username'],
    issuers: ['name', 'issuer', 'trustDomain', 'saml'],
    rules: ['name'],
    tests: ['name'],
    stream: ['name', 'type'],
  }),
);
const SHORT_NAME = /^[\x21-\x5a\x5e-\x7e](?:[\x20-\x5a\x5e-\x7e]{0,58}[\x21-\x5a\x5e-\x7e])?$/;

function nameOfEntry(list: string | number | undefined, entry: unknown): string | undefined {
  const names = (NAMES.get(list) ?? []).map((key) => memberOf(entry, key));
  const name = names.find((one) => one !== undefined);
  return typeof name === 'string' && SHORT_NAME.test(name) ? name : undefined;
}

/** @returns the place of an item of a list, which may be written as a single value */
export const placeInList = (path: Path, list: readonly unknown[], place: number): Path =>
  list.length === 1 ? path : [...path, place];

/** @param main the main file */
export function formatFault(main: string, { severity, file = main, line, column, path, message }: Fault): string {
  const place = line === 0 ? file : `${file}:${line}:${column}`;
  return `${place}: ${severity === 'warning' ? 'warning: ' : ''}${path === '' ? '' : `${path}: `}${message}`;
}

/** A file that cannot be used, with all its faults. */
export class ConfigurationError extends Error {
  readonly file: string;
  readonly faults: readonly Fault[];

  constructor(file: string, faults: readonly Fault[]) {
    super(faults.map((fault) => formatFault(file, fault)).join('\n'));
    this.file = file;
    this.faults = faults;
  }

  /** @returns the place of each fault, without its message */
  places(): readonly string[] {
    return this.faults.map(({ withoutPeople, ...fault }) =>
      formatFault(this.file, { ...fault, path: withoutPeople ?? fault.path, message: '' }).replace(/: $/, ''),
    );
  }
}

/** Each fault of a file with its place, without warnings and without names and claims of people, for the audit log. */
export const faultsIn = (error: unknown): readonly string[] =>
  error instanceof ConfigurationError
    ? distinct(
        error.faults
          .filter(({ severity }) => severity === 'fault')
          .map(({ withoutPeople, ...fault }) =>
            formatFault(
              error.file,
              withoutPeople === undefined
                ? fault
                : { ...fault, path: withoutPeople, message: 'Run cambio check, which says why.' },
            ),
          ),
      )
    : [];

const distinct = (texts: readonly string[]): readonly string[] => [...new Set(texts)];

/** Accounts are people, and tests of rules hold claims of people. */
export const isAboutPeople = ([section, , key]: Path): boolean =>
  section === 'accounts' || (section === 'rules' && key === 'tests');

export const asSentence = (message: string): string => (/[.!?]$/.test(message) ? message : `${message}.`);

/** A fault about the file as a whole. */
export const faultOfFile = (message: string): Fault => ({ severity: 'fault', line: 0, column: 0, path: '', message });
