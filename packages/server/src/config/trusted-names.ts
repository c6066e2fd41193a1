// Finds where files without limits trust a client by its id. Somebody who trusts an id before its client exists must not get the
// client of a team. Conditions can compare ids, too; their text is not searched.
import { matchesPattern } from '../primitives/pattern.ts';
import type { Path } from './fault.ts';
import type { ConfigurationFile } from './schema.ts';
import type { LimitsContext } from './team.ts';

export interface Trusting {
  /** Where the id is named. */
  readonly path: Path;
  /** The kind of entry, for a message. */
  readonly kind: 'a rule' | 'an entry of actors' | 'an entry of include';
}

/** Claims of our tokens that hold the id of a client. */
const ID_CLAIMS: ReadonlySet<string> = new Set(['sub', 'client_id', 'azp']);

/** @returns a function that finds the entry that trusts an id; `include` is the entry whose files declare the client */
export function indexTrustedNames(
  file: ConfigurationFile,
  originOf: LimitsContext['originOf'],
): (id: string, include: number) => Trusting | undefined {
  const exact = new Map<string, Trusting>();
  const patterns: (readonly [pattern: string, by: Trusting])[] = [];
  const add = (names: readonly string[] | undefined, by: Trusting): void => {
    for (const name of names ?? [])
      if (name.endsWith('*')) patterns.push([name, by]);
      else if (!exact.has(name)) exact.set(name, by);
  };
  const isOwn = (issuers: readonly string[]): boolean => issuers.includes('self') || issuers.includes(file.issuer);
  for (const [index, { client, subject, actor }] of file.rules.entries()) {
    const path: Path = ['rules', index];
    if (originOf(path).limits !== undefined) continue;
    const by: Trusting = { path, kind: 'a rule' };
    for (const names of [client, subject.clients, actor.clients]) add(names, by);
    if (actor.issuer !== undefined && !isOwn(actor.issuer)) continue;
    add(actor.subjects, by);
    for (const [claim, words] of Object.entries(actor.claims ?? {})) if (ID_CLAIMS.has(claim)) add(words, by);
  }
  for (const [index, { clients, issuer = [], subjects }] of file.actors.entries()) {
    const by: Trusting = { path: ['actors', index], kind: 'an entry of actors' };
    add(clients, by);
    if (isOwn(issuer)) add(subjects, by);
  }
  const reserved = file.include.flatMap((entry, index) => (typeof entry === 'string' ? [] : [[index, entry] as const]));
  return (id, include) => {
    const named = exact.get(id) ?? patterns.find(([pattern]) => matchesPattern(pattern, id))?.[1];
    if (named !== undefined) return named;
    const other = reserved.find(
      ([index, { clients = [] }]) => index !== include && clients.some((pattern) => matchesPattern(pattern, id)),
    );
    return other && { path: ['include', other[0]], kind: 'an entry of include' };
  };
}
