// Resolves the subject or the actor of a rule.
import { DEFAULT_TYPES, type PartyNames, type TakenTypes } from '../policy/rule.ts';
import { matchesPattern } from '../primitives/pattern.ts';
import { readCondition } from './expressions.ts';
import type { Complain, Path } from './fault.ts';
import type { IssuerNames } from './issuer-name.ts';
import type { DenyEntry } from './schema-rules.ts';
import type { Unsure } from './unsure.ts';

/** `self`, an issuer or its name → its `iss`. */
export interface RulePlace {
  readonly path: Path;
  readonly issuerNames: IssuerNames;
  /** Words a name that no entry has. */
  readonly unknown: Readonly<Record<'client' | 'issuer' | 'resource', (name: string) => string>>;
  /** Could it be a client that describes itself? */
  readonly isDescribed: (client: string) => boolean;
  readonly unsure: Unsure;
  readonly complain: Complain;
}

/** Is it a pattern that matches one of the names? */
export const matchesSome = (pattern: string, names: Iterable<string>): boolean =>
  pattern.endsWith('*') && Iterator.from(names).some((name) => matchesPattern(pattern, name));

/** @param otherwise the types if the entry names none */
export function resolveParty(
  part: 'subject' | 'actor',
  { issuer, types, clients, when }: DenyEntry['subject'],
  { path, issuerNames, complain }: RulePlace,
  otherwise: TakenTypes = DEFAULT_TYPES,
): PartyNames {
  return {
    issuers: issuer === undefined ? 'any' : new Set(issuer.flatMap((name) => issuerNames.get(name) ?? name)),
    types: types === undefined ? otherwise : { own: new Set(types), foreign: new Set(types) },
    clients: clients === undefined ? 'any' : new Set(clients),
    clientPatterns: [],
    subjects: 'any',
    claims: 'always',
    when: when === undefined ? 'always' : readCondition(when, [...path, part, 'when'], complain),
  };
}

/** Resolves the actor of a rule, which has patterns, too. */
export function resolveActor(
  { subjects, claims, ...names }: DenyEntry['actor'],
  place: RulePlace,
  otherwise?: TakenTypes,
): PartyNames {
  const { clients } = names;
  const isExact = (id: string): boolean => !id.endsWith('*');
  return {
    ...resolveParty('actor', names, place, otherwise),
    clients: clients === undefined ? 'any' : new Set(clients.filter(isExact)),
    clientPatterns: clients?.filter((id) => !isExact(id)) ?? [],
    subjects: subjects ?? 'any',
    claims: claims === undefined ? 'always' : compileClaims(claims, place),
  };
}

/** Each claim must have one of its words in the list. */
function compileClaims(claims: Readonly<Record<string, readonly string[]>>, { path, complain }: RulePlace) {
  const conditions = Object.entries(claims).map(
    ([claim, words]) =>
      `actor.claims[${JSON.stringify(claim)}].split(" ").exists(word, word in ${JSON.stringify(words)})`,
  );
  return readCondition(conditions.join(' && '), [...path, 'actor', 'claims'], complain);
}
