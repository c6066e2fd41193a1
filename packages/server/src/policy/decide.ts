// May this client have that token? Rules are read in order; the first whose client, subject, actor and target parts match
// decides. Pure: facts in, decision out.
import type { Resource, Targets } from '../issuing/resource.ts';
import type { Facts, Party } from './facts.ts';
import type { ActorPattern, PartyPattern, Policy, Rule } from './rule.ts';

declare const decided: unique symbol;

/** The rule that decided and the targets that it allows. Only `decide` makes one. */
export type Permit = { readonly rule: Rule; readonly targets: Targets } & { readonly [decided]: true };

/** The parts that choose a rule, in the order in which they are read. */
const PARTS = ['client', 'subject', 'actor', 'target'] as const;
export type Part = (typeof PARTS)[number];

/** The first part of a rule that did not match, and what of it: `subject.types`. */
export interface Mismatch {
  readonly rule: string;
  readonly part: Part;
  readonly what: string;
}

export type Decision =
  | { readonly permit: Permit; readonly mismatches: readonly Mismatch[] }
  | { readonly permit: undefined; readonly furthest: Part; readonly mismatches: readonly Mismatch[] };

export function decide(policy: Policy, facts: Facts): Decision {
  const mismatches: Mismatch[] = [];
  let furthest: Part = 'client';
  for (const rule of policy.rules) {
    const mismatch = firstMismatch(rule, facts, policy.issuer);
    if (mismatch === undefined) {
      const targets = facts.targets.length === 0 ? [rule.grant.targets[0]] : facts.targets;
      return { permit: { rule, targets } as unknown as Permit, mismatches };
    }
    mismatches.push({ rule: rule.name, ...mismatch });
    if (PARTS.indexOf(mismatch.part) > PARTS.indexOf(furthest)) furthest = mismatch.part;
  }
  return { permit: undefined, furthest, mismatches };
}

type Miss = { readonly part: Part; readonly what: string } | undefined;

const miss = (part: Part, what: string | undefined): Miss =>
  what === undefined ? undefined : { part, what: what === '' ? part : `${part}.${what}` };

function firstMismatch(rule: Rule, facts: Facts, self: string): Miss {
  if (!rule.clients.has(facts.client.id)) return miss('client', '');
  return (
    miss('subject', partyMismatch(rule.subject, facts.subject, facts.client, self)) ??
    miss('actor', actorMismatch(rule.actor, facts, self)) ??
    miss('target', targetMismatch(rule.grant.targets, facts.targets))
  );
}

function partyMismatch(pattern: PartyPattern, party: Party, client: Facts['client'], self: string): string | undefined {
  if (pattern.issuers && !pattern.issuers.has(party.principal.iss)) return 'issuer';
  if (pattern.types && !pattern.types.has(party.type)) return 'types';
  if (pattern.clients && !(party.clientId !== undefined && pattern.clients.has(party.clientId))) return 'clients';
  return hasClaimOn(pattern, party, client, self) ? undefined : 'origin';
}

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

function actorMismatch(pattern: ActorPattern, { actor, client }: Facts, self: string): string | undefined {
  if (actor === undefined) return pattern.presence === 'required' ? 'required' : undefined;
  if (pattern.presence === 'forbidden') return 'forbidden';
  if (actor.chain.length > 0 && pattern.delegated === 'refuse') return 'delegated';
  return partyMismatch(pattern, actor, client, self);
}

function targetMismatch(granted: readonly Resource[], asked: Facts['targets']): string | undefined {
  if (asked === 'unknown') return 'unknown';
  return asked.every((target) => granted.includes(target)) ? undefined : 'audiences';
}
