// May this client have that token? Rules are read in order; the first whose client, subject, actor and target parts match
// decides. Pure: facts in, decision out.

import type { Party } from '../issuing/party.ts';
import type { Resource, Targets } from '../issuing/resource.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { type CompiledExpression, holds } from './condition.ts';
import { conditionFacts, type Facts } from './facts.ts';
import type { ActorPattern, PartyPattern, Policy, Rule } from './rule.ts';

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
  /** The part, or what of it: `subject.types`. */
  readonly what: string;
  /** Why a condition is false where it could not be evaluated. */
  readonly problem?: string;
}

export interface Decision {
  /** Undefined: no rule matches. */
  readonly permit: Permit | undefined;
  /** How far the best of the rules came. */
  readonly furthest: Part;
  /** Of each of the client's rules that was read and did not match. */
  readonly mismatches: readonly Mismatch[];
  /** What rules in audit mode would have permitted. */
  readonly shadows: readonly Permit[];
}

/** Facts in the form that conditions read, made when the first of them does. */
export type LazyFacts = () => JsonObject;

export function decide(policy: Policy, facts: Facts): Decision {
  const mismatches: Mismatch[] = [];
  const shadows: Permit[] = [];
  let furthest: Part = 'client';
  let made: JsonObject | undefined;
  const lazy: LazyFacts = () => {
    made ??= conditionFacts(facts);
    return made;
  };
  for (const rule of policy.byClient.get(facts.client.id) ?? []) {
    const miss = firstMiss(rule, facts, lazy, policy.issuer);
    if (miss === undefined) {
      const targets = facts.targets.length === 0 ? [rule.grant.targets[0]] : facts.targets;
      const permit = { rule, targets, facts: lazy } as unknown as Permit;
      if (rule.mode === 'enforce') return { permit, furthest: 'target', mismatches, shadows };
      shadows.push(permit);
      continue;
    }
    const [part, what, problem] = miss;
    mismatches.push({
      rule: rule.name,
      part,
      what: what === '' ? part : `${part}.${what}`,
      ...(problem !== undefined && { problem }),
    });
    if (rule.mode === 'enforce' && PARTS.indexOf(part) > PARTS.indexOf(furthest)) furthest = part;
  }
  return { permit: undefined, furthest, mismatches, shadows };
}

type Miss = readonly [part: Part, what: string, problem?: string] | undefined;

function firstMiss(rule: Rule, facts: Facts, lazy: LazyFacts, self: string): Miss {
  const { subject, actor, client, targets } = facts;
  const inSubject = partyMiss(rule.subject, subject, client, self);
  if (inSubject !== undefined) return ['subject', inSubject];
  const inActor = actorMiss(rule.actor, facts, self);
  const missed =
    conditionMiss('subject', rule.subject.when, lazy) ??
    (inActor === undefined ? undefined : (['actor', inActor] as const)) ??
    (actor && conditionMiss('actor', rule.actor.when, lazy)) ??
    // Of everything: its miss counts as one of whoever would act.
    conditionMiss(actor === undefined ? 'subject' : 'actor', rule.when, lazy);
  if (missed !== undefined) return missed;
  const inTarget = targetMiss(rule.grant.targets, targets);
  return inTarget === undefined ? undefined : ['target', inTarget];
}

function conditionMiss(part: Part, condition: CompiledExpression | undefined, facts: LazyFacts): Miss {
  if (condition === undefined) return undefined;
  const { matched, problem } = holds(condition, facts());
  return matched ? undefined : [part, 'when', problem];
}

function partyMiss(pattern: PartyPattern, party: Party, client: Facts['client'], self: string): string | undefined {
  if (pattern.issuers && !pattern.issuers.has(party.principal.iss)) return 'issuer';
  if (pattern.types && !pattern.types.has(party.type)) return 'types';
  if (pattern.clients && !issuedToOneOf(pattern.clients, party, self)) return 'clients';
  return hasClaimOn(pattern, party, client, self) ? undefined : 'origin';
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
    if (party.clientId === client.id || pattern.clients !== undefined) return true;
  } else if (pattern.issuers !== undefined) return true;
  return party.audiences.some((audience) => audience === client.id || audience === client.resource);
}

function actorMiss(pattern: ActorPattern, { actor, client }: Facts, self: string): string | undefined {
  if (actor === undefined) return pattern.presence === 'required' ? 'required' : undefined;
  if (pattern.presence === 'forbidden') return 'forbidden';
  if (actor.chain.length > 0 && pattern.delegated === 'refuse') return 'delegated';
  return partyMiss(pattern, actor, client, self);
}

function targetMiss(granted: readonly Resource[], asked: Facts['targets']): string | undefined {
  if (asked === 'unknown') return 'unknown';
  return asked.every((target) => granted.includes(target)) ? undefined : 'audiences';
}
