// Does a rule match by its names: subject, actor, targets? What its conditions say is asked later, and costs more.
import type { Party } from '../model/party.ts';
import type { Facts } from './facts.ts';
import type { PartyPattern, Rule } from './rule.ts';

/** The parts that choose a rule, in the order in which they are read. */
export const PARTS = ['client', 'subject', 'actor', 'target'] as const;
export type Part = (typeof PARTS)[number];

/** The part of a rule that did not match. */
export interface Miss {
  readonly part: Part;
  /** What did not match, as the file names it: `subject.types`, or `when`, the rule's own condition. */
  readonly what: string;
  /** Why a condition is not true where it could not be evaluated. */
  readonly problem?: string;
}

/**
 * Could a rule take a foreign token, by what is known of it before it has proven itself?
 * @param type the short name under which it is presented
 */
export function mayTake(rule: Rule, role: 'subject' | 'actor', iss: string, type: string): boolean {
  if (role === 'actor' && rule.actor.presence === 'forbidden') return false;
  const { issuers, types, clients } = rule[role];
  const named = clients === 'any' && (issuers === 'any' || issuers.has(iss));
  return named && (types.foreign === 'accepted' || types.foreign.has(type));
}

/** @param self our own issuer */
export const subjectMiss = ({ subject }: Rule, facts: Facts, self: string): Miss | undefined =>
  partyMiss('subject', subject, facts.subject, facts.client, self);

function partyMiss(
  part: 'subject' | 'actor',
  pattern: PartyPattern,
  party: Party,
  client: Facts['client'],
  self: string,
): Miss | undefined {
  const { issuers, types, clients } = pattern;
  if (issuers !== 'any' && !issuers.has(party.principal.iss)) return { part, what: `${part}.issuer` };
  const taken = party.principal.iss === self ? types.own : types.foreign;
  if (taken !== 'accepted' && !taken.has(party.type)) return { part, what: `${part}.types` };
  if (clients !== 'any' && !issuedToOneOf(clients, party, self)) return { part, what: `${part}.clients` };
  return hasClaimOn(pattern, party, client, self) ? undefined : { part, what: `${part}.origin` };
}

/** Clients are ours: a foreign issuer may call somebody by the same name. */
const issuedToOneOf = (clients: ReadonlySet<string>, { principal, clientId }: Party, self: string): boolean =>
  principal.iss === self && clientId !== undefined && clients.has(clientId);

/**
 * The caller must have a claim on the token: it was issued to it, it is addressed to it, or the rule names where it comes
 * from. `issuer: self` alone is no origin: every token of ours would have it.
 */
function hasClaimOn(pattern: PartyPattern, party: Party, client: Facts['client'], self: string): boolean {
  if (party.principal.iss === self) {
    if (party.clientId === client.id || pattern.clients !== 'any') return true;
  } else if (pattern.issuers !== 'any') return true;
  return party.audiences.some((audience) => audience === client.id || audience === client.resource);
}

export function actorMiss({ actor: pattern }: Rule, { actor, client }: Facts, self: string): Miss | undefined {
  const part = 'actor';
  if (actor === undefined) return pattern.presence === 'required' ? { part, what: 'actor.required' } : undefined;
  if (pattern.presence === 'forbidden') return { part, what: 'actor.forbidden' };
  if (actor.chain.length > 0 && pattern.delegated === 'refuse') return { part, what: 'actor.delegated' };
  return partyMiss(part, pattern, actor, client, self);
}

export function targetMiss({ grant }: Rule, { targets: asked }: Facts): Miss | undefined {
  if (asked === 'unknown') return { part: 'target', what: 'unknown target' };
  const granted = asked.every((target) => grant.targets.includes(target));
  return granted ? undefined : { part: 'target', what: 'grant.audiences' };
}
