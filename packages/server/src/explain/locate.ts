// Locates an entry of the configuration file: its line, and its name for people.
import type { AuditEvent } from '../audit/event.ts';
import type { ClientDirectory } from '../model/client.ts';
import type { Targeting } from '../narrowing/targets.ts';
import { allRules, type Policy } from '../policy/policy.ts';

/** The configuration file in force. */
export interface FileIndex {
  /** @returns the file and the line that the path leads to, or the nearest that exists */
  readonly placeOf: (path: readonly (string | number)[]) => string;
  /** The files that are not read: what has an unknown name may be in one of them. */
  readonly leftOut: readonly string[];
  /** May the file of the entry at the path name the audience? Files of teams have limits. */
  readonly mayName: (path: readonly (string | number)[], audience: string) => boolean;
  readonly entries: Readonly<Record<'resources' | 'authorizationServers' | 'issuers', readonly object[]>>;
  /** ClientDirectory of the file by id, in its order. */
  readonly fileClients: ReadonlyMap<string, unknown>;
}

export interface PlaceContext {
  readonly policy: Policy;
  readonly clients: ClientDirectory;
  readonly targeting: Targeting;
  readonly file: FileIndex;
}

export interface ExplainedPlace {
  /** `cambio.yaml:12`; absent for a client that was registered at run time. */
  readonly at?: string;
  /** `clients[gateway].grants` */
  readonly key: string;
}

/** The entry to change: a section, a name and a key of the entry. Without a name, the section itself. */
export interface EntryToChange {
  readonly section: string;
  readonly name?: string | undefined;
  readonly key?: string;
  /** What to do instead, if the file of every entry that could be changed has limits that forbid it. */
  readonly remedy?: string;
}

export type Find = (event: AuditEvent, context: PlaceContext) => EntryToChange | undefined;

export function locate({ section, name, key }: EntryToChange, { file, clients, policy }: PlaceContext): ExplainedPlace {
  const keys = key?.split('.') ?? [];
  const within = key === undefined ? '' : `.${key}`;
  if (name === undefined) return { at: file.placeOf([section, ...keys]), key: `${section}${within}` };
  const index = indexOf(section, name, file, policy);
  if (index !== -1) return { at: file.placeOf([section, index, ...keys]), key: `${section}[${name}]${within}` };
  if (section === 'clients' && clients.isDescribed(name))
    return { at: file.placeOf(['clientDocuments']), key: 'clientDocuments' };
  if (section === 'clients' && clients.has(name)) return { key: `the registered client ${name}${within}` };
  return { at: file.placeOf([section]), key: section };
}

export function indexOf(section: string, name: string, { entries, fileClients }: FileIndex, policy: Policy): number {
  if (section === 'clients') return [...fileClients.keys()].indexOf(name);
  if (section === 'rules') return allRules(policy).find((rule) => rule.name === name)?.position ?? -1;
  const all = section === 'issuers' || section === 'authorizationServers' ? entries[section] : entries.resources;
  return all.findIndex((entry) => namesOf(entry as Named).includes(name));
}

export interface Named {
  readonly issuer?: unknown;
  readonly saml?: unknown;
  readonly trustDomain?: unknown;
  readonly audience?: unknown;
}

const namesOf = ({ issuer, saml, trustDomain, audience }: Named): readonly unknown[] => [
  issuer,
  saml,
  audience,
  trustDomain === undefined ? undefined : `spiffe://${trustDomain}`,
];
