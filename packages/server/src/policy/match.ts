// Compares the names in a rule (subject, actor, targets) with the facts of a request. Conditions cost more and are evaluated later.
import type { Party } from '../model/party.ts';
import type { Resource } from '../model/resource.ts';
import { matchesAny } from '../primitives/pattern.ts';
import { accountEntry, actorAccountEntry, type Principal } from '../primitives/principal.ts';
import type { Acting, Facts } from './facts.ts';
import { type DenyRule, type PartyNames, type PartyPattern, type Rule, takesForeign } from './rule.ts';

/** The parts of a rule that must match, in the order of evaluation. */
export const PARTS = ['client', 'subject', 'actor', 'target'] as const;
export type Part = (typeof PARTS)[number];

/** The part of a rule that did not match. */
export interface Miss {
  readonly part: Part;
  /** The key that did not match, as in the file: `subject.types`, or `when`, the rule's own condition. */
  readonly what: string;
  /** Why a condition could not be evaluated. */
  readonly problem?: string;
}

/**
 * Could the rule accept a foreign token of this issuer and type? Asked before the token is verified.
 * @param type short name of the token type that the caller declares
 */
export function mayTake(rule: Rule, role: 'subject' | 'actor', iss: string, type: string): boolean {
  if (role === 'actor' && rule.actor.presence === 'forbidden') return false;
  const { issuers, types, clients } = rule[role];
  const named = clients === 'any' && (issuers === 'any' || issuers.has(iss));
  return named && takesForeign(types, type);
}

/** @param self our own issuer */
export const subjectMiss = ({ subject }: Rule, facts: Facts, self: string): Miss | undefined =>
  partyMiss('subject', subject, facts.subject, self) ??
  originMiss('subject', subject, facts.subject, facts.client, self);

function partyMiss(part: 'subject' | 'actor', pattern: PartyNames, party: Party, self: string): Miss | undefined {
  const { issuers, types, clients, subjects } = pattern;
  if (issuers !== 'any' && !issuers.has(party.principal.iss)) return { part, what: `${part}.issuer` };
  const isTaken = party.principal.iss === self ? takesOwn(types, party.type) : takesForeign(types, party.type);
  if (!isTaken) return { part, what: `${part}.types` };
  if (clients !== 'any' && !issuedToOneOf(clients, pattern.clientPatterns, party, self))
    return { part, what: `${part}.clients` };
  const isNamed = subjects === 'any' || matchesAny(subjects, party.principal.sub);
  return isNamed ? undefined : { part, what: `${part}.subjects` };
}

const takesOwn = ({ own }: PartyNames['types'], type: string): boolean => own === 'accepted' || own.has(type);

const originMiss = (
  part: 'subject' | 'actor',
  pattern: PartyPattern,
  party: Party,
  client: Facts['client'],
  self: string,
): Miss | undefined => (hasClaimOn(pattern, party, client, self) ? undefined : { part, what: `${part}.origin` });

/** Client ids are ours only: another issuer may use the same id for someone else. */
const issuedToOneOf = (
  clients: ReadonlySet<string>,
  patterns: readonly string[],
  { principal, clientId }: Party,
  self: string,
): boolean =>
  principal.iss === self && clientId !== undefined && (clients.has(clientId) || matchesAny(patterns, clientId));

/**
 * The token must belong to the caller: it was issued to the caller, its audience is the caller, or the rule names its origin
 * (`clients` for our tokens, `issuer` for others). `issuer: self` alone does not name an origin: all our tokens have it.
 */
function hasClaimOn(pattern: PartyPattern, party: Party, client: Facts['client'], self: string): boolean {
  if (party.principal.iss === self) {
    if (party.clientId === client.id || pattern.clients !== 'any') return true;
  } else if (pattern.issuers !== 'any') return true;
  // A refresh token belongs to its client: it is not sent to its audiences.
  if (party.type === 'refresh_token') return false;
  return party.audiences.some((audience) => audience === client.id || audience === client.resource);
}

export function actorMiss({ actor: pattern }: Rule, { actor, client }: Facts, self: string): Miss | undefined {
  const part = 'actor';
  if (actor === undefined) return pattern.presence === 'required' ? { part, what: 'actor.required' } : undefined;
  if (pattern.presence === 'forbidden') return { part, what: 'actor.forbidden' };
  if (actor.chain.length > 0 && pattern.delegated === 'refuse') return { part, what: 'actor.delegated' };
  return partyMiss(part, pattern, actor, self) ?? originMiss(part, pattern, actor, client, self);
}

/**
 * Compares the names in a rule that denies. It matches tokens of any origin, a party by the issuer that it came from, each actor of
 * the chain, and any target that it names.
 * @param targets the targets that the token would have
 * @param acting who would act in it
 */
export function denialMiss(
  { clients, subject, actor: pattern, targets: denied }: DenyRule,
  { client, subject: party }: Facts,
  { targets, acting, self }: { readonly targets: readonly Resource[]; readonly acting: Acting; readonly self: string },
): Miss | undefined {
  if (clients !== 'any' && !clients.has(client.id)) return { part: 'client', what: 'client' };
  const subjectMissed = deniedPartyMiss('subject', subject, party, self);
  if (subjectMissed !== undefined) return subjectMissed;
  const { actor, chain } = acting;
  const isActing = actor !== undefined || chain.length > 0;
  if (pattern.presence === 'required' && !isActing) return { part: 'actor', what: 'actor.required' };
  if (pattern.presence === 'forbidden' && isActing) return { part: 'actor', what: 'actor.forbidden' };
  if (isActing && deniedActors(pattern, acting, { subject: party, self }).length === 0)
    return (actor && deniedPartyMiss('actor', pattern, actor, self)) ?? { part: 'actor', what: 'actor.issuer' };
  const hit = denied === 'any' || targets.some((target) => denied.has(target));
  return hit ? undefined : { part: 'target', what: 'audiences' };
}

/** Whose names match a rule that denies: the actor, whose token is known, or a hop, of which only the names are, or less. */
export function deniedActors(
  pattern: PartyNames,
  { actor, chain }: Acting,
  { subject, self }: { readonly subject: Party; readonly self: string },
): readonly ('actor' | 'hop')[] {
  // The actor is the first of the chain.
  const [first, ...earlier] = chain;
  const isActor =
    actor !== undefined &&
    (deniedPartyMiss('actor', pattern, actor, self) === undefined ||
      (first !== undefined && isDeniedHop(pattern, first, self)));
  const hops = actor === undefined ? chain : earlier;
  const isHop = hops.some((hop) => isDeniedHop(pattern, hop, self)) || isActorNamedByOneOf(pattern, [subject, actor]);
  return [...(isActor ? (['actor'] as const) : []), ...(isHop ? (['hop'] as const) : [])];
}

function deniedPartyMiss(part: 'subject' | 'actor', pattern: PartyNames, party: Party, self: string): Miss | undefined {
  const names = namesOf({ ...party.principal, origin: party.origin, account: party.account });
  // The name that the issuer has for an account of ours is not known any more, so every pattern may match it.
  if (!isNamedByOneOf(pattern.issuers, party)) {
    if (!names.some(({ iss }) => isOneOf(pattern.issuers, iss))) return { part, what: `${part}.issuer` };
    if (!names.some((name) => isDeniedName(pattern, name))) return { part, what: `${part}.subjects` };
  }
  return partyMiss(part, { ...pattern, issuers: 'any', subjects: 'any' }, party, self);
}

/** Does our token show that one of the issuers named its subject as an account of ours? */
const isNamedByOneOf = (issuers: PartyNames['issuers'], { namedBy = [] }: Party): boolean =>
  issuers !== 'any' && namedBy.length > 0 && [...issuers].some((iss) => namedBy.includes(accountEntry(iss)));

/** Of an actor without its token, only the names are known. */
const isDeniedHop = (pattern: PartyNames, hop: Hop, self: string): boolean =>
  pattern.types.own === 'accepted' &&
  namesOf(hop).some((name) => isDeniedName(pattern, name)) &&
  (pattern.clients === 'any' ||
    (hop.iss === self && (pattern.clients.has(hop.sub) || matchesAny(pattern.clientPatterns, hop.sub))));

/** Do our tokens show that one of the issuers named an actor as an account of ours? As for a subject, every pattern may match its name there. */
const isActorNamedByOneOf = ({ issuers, types }: PartyNames, parties: readonly (Party | undefined)[]): boolean => {
  const entries = parties.flatMap((party) => party?.actorsNamedBy ?? []);
  return (
    types.own === 'accepted' &&
    issuers !== 'any' &&
    [...issuers].some((iss) => entries.includes(actorAccountEntry(iss)))
  );
};

const isDeniedName = ({ issuers, subjects }: PartyNames, { iss, sub }: Principal): boolean =>
  isOneOf(issuers, iss) && (subjects === 'any' || matchesAny(subjects, sub));

const isOneOf = (issuers: PartyNames['issuers'], iss: string): boolean => issuers === 'any' || issuers.has(iss);

type Hop = Principal & Pick<Party, 'origin' | 'account'>;

/** Our name for a party, the name at the issuer that the party came from, and the account of ours that it is. */
const namesOf = ({ iss, sub, origin, account }: Hop): readonly Principal[] => [
  { iss, sub },
  ...(origin ? [origin] : []),
  ...(account ? [account] : []),
];

export function targetMiss({ grant, guests }: Rule, { targets: asked, client }: Facts): Miss | undefined {
  if (asked === 'unknown') return { part: 'target', what: 'unknown target' };
  if (asked.length === 0 && guests.has(client.id)) return { part: 'target', what: 'no target' };
  const granted = asked.every((target) => grant.targets.includes(target));
  return granted ? undefined : { part: 'target', what: 'grant.audiences' };
}
