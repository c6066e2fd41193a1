// How long may a delegation last in all? Counts from the sign-in of the person or the first token of the chain, through every hop
// and every refresh.
import { type Delegation, parseDelegation } from '../model/delegation.ts';
import type { Leash } from '../model/leash.ts';
import type { TokenFacts } from '../model/token-facts.ts';
import { formatDuration } from '../primitives/duration.ts';
import { Refusal } from '../primitives/refusal.ts';
import type { Bound } from '../primitives/scope.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import type { Leashes, LeashParty } from './leashes.ts';

/**
 * The delegation of which the token is a part, or that begins with it. The sign-in of a person comes before every hop. Without it,
 * a token of another issuer that has actors was delegated at a time that is not known.
 * @param issuer our own
 */
export function delegationOf(
  { principal, claims, lineage, chain, issuedAt, authentication }: TokenFacts,
  issuer: string,
): Delegation {
  const isOurs = principal.iss === issuer;
  const parsed = isOurs ? parseDelegation(claims) : undefined;
  if (parsed !== undefined) return parsed;
  const isFirst = chain.length === 0 && lineage.length === 0;
  const signedIn = isOurs || chain.length === 0 ? signInOf(authentication) : undefined;
  return { began: earliest(signedIn, isFirst ? issuedAt : undefined), ends: 'unbounded', leashes: [] };
}

/** The delegation of a token that derives from two: it begins with the subject's, ends with the first, and counts for the limits of both. */
export const withActor = (subject: Delegation, actor: Delegation): Delegation => ({
  began: subject.began,
  ends: earlierEnd(subject.ends, actor.ends),
  leashes: [...new Set([...subject.leashes, ...actor.leashes])],
});

const earlierEnd = (a: Bound<number>, b: Bound<number>): Bound<number> => {
  if (a === 'unbounded' || b === 'unbounded') return a === 'unbounded' ? b : a;
  return Math.min(a, b);
};

export const signInOf = ({ auth_time: at }: JsonObject): number | undefined =>
  typeof at === 'number' ? at : undefined;

function earliest(...times: readonly (number | undefined)[]): number | 'cannot tell' {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? 'cannot tell' : Math.min(...known);
}

export interface FoundLimits {
  readonly leashes: readonly Leash[];
  /** Undefined if nobody has limits. */
  readonly delegation: Delegation | undefined;
  /** Seconds since 1970. */
  readonly end: Bound<number>;
}

/**
 * Finds the limits that a new token counts for, and the end of its delegation.
 * @throws Refusal delegation_over, delegation_cannot_be_told
 */
export function findLimits(
  parties: () => readonly LeashParty[],
  before: Delegation,
  leashes: Leashes,
  now: number,
): FoundLimits {
  const { began, ends, leashes: inherited } = before;
  const held = leashes.isEmpty ? [] : leashes.of(parties(), inherited);
  let end = ends;
  for (const { name, limits } of held) {
    if (limits.delegation === 'unbounded') continue;
    if (began === 'cannot tell')
      throw new Refusal('delegation_cannot_be_told', { detail: `${name} has limits.delegation` });
    const latest = began + limits.delegation;
    end = end === 'unbounded' ? latest : Math.min(end, latest);
    if (latest <= now)
      throw new Refusal('delegation_over', {
        detail: `it began ${formatDuration(now - began)} ago, and limits.delegation of ${name} is ${formatDuration(limits.delegation)}`,
      });
  }
  if (end !== 'unbounded' && end <= now)
    throw new Refusal('delegation_over', { detail: 'the delegation that it derives from has ended' });
  const delegation = { began, ends: end, leashes: [...new Set([...inherited, ...held.map(({ key }) => key)])] };
  const isKnown = !leashes.isEmpty || end !== 'unbounded' || inherited.length > 0;
  return { leashes: held, delegation: isKnown ? delegation : undefined, end };
}

/** Cuts a lifetime in seconds to the end of the delegation. */
export const endWith = (lifetime: number, end: Bound<number>, now: number): number =>
  end === 'unbounded' ? lifetime : Math.min(lifetime, end - now);
