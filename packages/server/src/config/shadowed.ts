// Finds rules that can never decide, because an earlier one always matches first.

import { type ActorPattern, type PartyPattern, type Rule, type TakenTypes, takesForeign } from '../policy/rule.ts';
import { indexRules } from '../policy/rule-index.ts';
import { matchesAny } from '../primitives/pattern.ts';

/**
 * @param rules in the order of the file
 * @param self our own issuer
 * @returns each rule that certainly never decides, with the earlier rule. Conditions and facts of requests make it uncertain
 */
export function findShadowed(rules: readonly Rule[], self: string): ReadonlyMap<Rule, Rule> {
  const places = new Map(rules.map((rule, place) => [rule, place]));
  const certain = indexRules(
    rules.filter(({ mode, when, subject }) => mode === 'enforce' && when === 'always' && subject.when === 'always'),
  );
  const earlierThan = (rule: Rule, place: number): Rule | undefined => {
    const [caller = ''] = rule.clients;
    const [issuer] = rule.subject.issuers === 'any' ? [] : rule.subject.issuers;
    const [client] = rule.subject.clients === 'any' ? [] : rule.subject.clients;
    for (const one of certain.get(caller)?.naming({ issuer, client, target: rule.grant.targets[0] }) ?? []) {
      if ((places.get(one) ?? place) >= place) return undefined;
      if (coversNames(one, rule, self)) return one;
    }
    return undefined;
  };
  return new Map(
    rules.flatMap((rule, place) => {
      const earlier = earlierThan(rule, place);
      return earlier === undefined ? [] : [[rule, earlier] as const];
    }),
  );
}

/** Does `one` match whatever `rule` matches? Conditions of `rule` do not count. */
export function coversNames(one: Rule, rule: Rule, self: string): boolean {
  return (
    holdsAll(one.clients, rule.clients) &&
    one.guests.isDisjointFrom(rule.clients) &&
    coversParty(one.subject, rule.subject, self) &&
    coversActor(one.actor, rule.actor, self) &&
    rule.grant.targets.every((target) => one.grant.targets.includes(target))
  );
}

/** An absent part matches everything, except `clients` and `issuer`: naming an origin admits tokens that the caller has no other claim on. */
function coversParty(one: PartyPattern, other: PartyPattern, self: string): boolean {
  return (
    one.when === 'always' &&
    holdsAll(one.issuers, other.issuers) &&
    holdsAll(one.types.own, other.types.own) &&
    takesAll(one.types, other.types) &&
    one.claims === 'always' &&
    coversClients(one, other) &&
    coversSubjects(one, other) &&
    (one.clients !== 'any' || other.clients === 'any') &&
    (one.issuers !== 'any' || !namesForeignOrigin(other, self))
  );
}

const takesAll = (one: TakenTypes, { foreign }: TakenTypes): boolean =>
  foreign === 'accepted' ? one.foreign === 'accepted' : [...foreign].every((type) => takesForeign(one, type));

const coversClients = (one: PartyPattern, other: PartyPattern): boolean =>
  one.clients === 'any' ||
  (other.clients !== 'any' &&
    [...other.clients].every(
      (id) => (one.clients as ReadonlySet<string>).has(id) || matchesAny(one.clientPatterns, id),
    ) &&
    other.clientPatterns.every((pattern) => matchesAny(one.clientPatterns, pattern)));

/** A pattern that another one covers begins like it. */
const coversSubjects = ({ subjects }: PartyPattern, { subjects: others }: PartyPattern): boolean =>
  subjects === 'any' || (others !== 'any' && others.every((pattern) => matchesAny(subjects, pattern)));

/** `issuer: self` does not name a foreign origin, and with `clients` only tokens of this server match. */
const namesForeignOrigin = ({ issuers, clients }: PartyPattern, self: string): boolean =>
  clients === 'any' && issuers !== 'any' && [...issuers].some((issuer) => issuer !== self);

function coversActor(one: ActorPattern, other: ActorPattern, self: string): boolean {
  const without = other.presence === 'required' || one.presence !== 'required';
  if (other.presence === 'forbidden') return without;
  const delegated = one.delegated === 'allow' || other.delegated === 'refuse';
  return without && one.presence !== 'forbidden' && delegated && coversParty(one, other, self);
}

/** The words `any` and `accepted` stand for every name. */
const holdsAll = (one: ReadonlySet<string> | string, other: ReadonlySet<string> | string): boolean =>
  typeof one === 'string' || (typeof other !== 'string' && other.isSubsetOf(one));
