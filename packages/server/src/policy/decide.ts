// May this client have that token? Rules are read in order; the first whose client, subject, actor and target parts match
// decides. Pure: facts in, decision out.

import { type CompiledExpression, holds } from '../expression/condition.ts';
import type { Party } from '../model/party.ts';
import type { Resource, Targets } from '../model/resource.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { conditionFacts, type Facts } from './facts.ts';
import type { Policy } from './policy.ts';
import type { ActorPattern, PartyPattern, Rule } from './rule.ts';

declare const decided: unique symbol;

/** The rule that decided and the targets that it allows. Only `decide` makes one. */
export type Permit = { readonly rule: Rule; readonly targets: Targets; readonly facts: LazyFacts } & {
  readonly [decided]: true;
};

/** The parts that choose a rule, in the order in which they are read. */
const PARTS = ['client', 'subject', 'actor', 'target'] as const;
export type Part = (typeof PARTS)[number];

/** The first part of a rule that did not match. */
export interface Mismatch {
  readonly rule: string;
  readonly part: Part;
  /** What did not match, as the file names it: `subject.types`, or `when`, the rule's own condition. */
  readonly what: string;
  /** Why a condition is false where it could not be evaluated. */
  readonly problem?: string | undefined;
}

export interface Decision {
  /** Undefined: no rule matches. */
  readonly permit: Permit | undefined;
  /** How far the best of the rules came. */
  readonly furthest: Part;
  /** Of each of the client's rules that was read and did not match; the first of very many. */
  readonly mismatches: readonly Mismatch[];
  /** What rules in audit mode would have permitted. */
  readonly shadows: readonly Permit[];
  readonly facts: LazyFacts;
}

/** Facts in the form that conditions read, made when the first of them does. */
export type LazyFacts = () => JsonObject;

/** So many rules that did not match are told of one decision, at most: an audit row is no copy of the file. */
const MOST_TOLD = 100;

export function decide(policy: Policy, facts: Facts): Decision {
  const rules = policy.byClient.get(facts.client.id);
  if (rules === undefined) return ask([], policy, facts);
  const { principal, clientId = '' } = facts.subject;
  const naming = rules.naming({
    issuer: principal.iss,
    client: principal.iss === policy.issuer ? clientId : '',
    target: facts.targets === 'unknown' ? undefined : facts.targets[0],
  });
  const decision = ask(naming, policy, facts);
  // How far the best of the rules came, only all of them can tell.
  return decision.permit === undefined && naming !== rules.all ? ask(rules.all, policy, facts) : decision;
}

function ask(rules: Iterable<Rule>, policy: Policy, facts: Facts): Decision {
  const mismatches: Mismatch[] = [];
  const shadows: Permit[] = [];
  let furthest: Part = 'client';
  let made: JsonObject | undefined;
  const lazy: LazyFacts = () => {
    made ??= conditionFacts(facts);
    return made;
  };
  for (const rule of rules) {
    const miss = firstMiss(rule, facts, lazy, policy.issuer);
    if (miss !== undefined) {
      const { part, what, problem } = miss;
      const told = problem === undefined ? { rule: rule.name, part, what } : { rule: rule.name, part, what, problem };
      if (mismatches.length < MOST_TOLD) mismatches.push(told);
      if (rule.mode === 'enforce' && PARTS.indexOf(part) > PARTS.indexOf(furthest)) furthest = part;
      continue;
    }
    const [first = rule.grant.targets[0], ...others] = facts.targets === 'unknown' ? [] : facts.targets;
    const permit = { rule, targets: [first, ...others], facts: lazy } as const as Permit;
    if (rule.mode === 'enforce') return { permit, furthest: 'target', mismatches, shadows, facts: lazy };
    shadows.push(permit);
  }
  return { permit: undefined, furthest, mismatches, shadows, facts: lazy };
}

type Miss = Omit<Mismatch, 'rule'> | undefined;

/** Conditions come after what is cheaper to ask of the same part; the rule's own sees everything but the targets. */
function firstMiss({ subject, actor, when, grant }: Rule, facts: Facts, lazy: LazyFacts, self: string): Miss {
  return (
    partyMiss('subject', subject, facts.subject, facts.client, self) ??
    conditionMiss('subject', 'subject.when', subject.when, lazy) ??
    actorMiss(actor, facts, self) ??
    (facts.actor && conditionMiss('actor', 'actor.when', actor.when, lazy)) ??
    // Its miss counts as one of whoever would act.
    conditionMiss(facts.actor === undefined ? 'subject' : 'actor', 'when', when, lazy) ??
    targetMiss(grant.targets, facts.targets)
  );
}

function conditionMiss(part: Part, what: string, condition: CompiledExpression | 'always', facts: LazyFacts): Miss {
  if (condition === 'always') return undefined;
  const { matched, problem } = holds(condition, facts());
  return matched ? undefined : { part, what, problem };
}

function partyMiss(
  part: 'subject' | 'actor',
  pattern: PartyPattern,
  party: Party,
  client: Facts['client'],
  self: string,
): Miss {
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

function actorMiss(pattern: ActorPattern, { actor, client }: Facts, self: string): Miss {
  const part = 'actor';
  if (actor === undefined) return pattern.presence === 'required' ? { part, what: 'actor.required' } : undefined;
  if (pattern.presence === 'forbidden') return { part, what: 'actor.forbidden' };
  if (actor.chain.length > 0 && pattern.delegated === 'refuse') return { part, what: 'actor.delegated' };
  return partyMiss(part, pattern, actor, client, self);
}

function targetMiss(granted: readonly Resource[], asked: Facts['targets']): Miss {
  if (asked === 'unknown') return { part: 'target', what: 'unknown target' };
  return asked.every((target) => granted.includes(target)) ? undefined : { part: 'target', what: 'grant.audiences' };
}
