// Judges a refresh: evaluates the rules as they are now on the facts that the family remembers, with every check of the first
// time. Pure, like judge.ts.

import type { Granted } from '../issuing/authorization.ts';
import type { Client } from '../model/client.ts';
import type { Delegation } from '../model/delegation.ts';
import { agreedAudiencesOf, type RefreshFamily, type RememberedGrant } from '../model/refresh-family.ts';
import type { Resource } from '../model/resource.ts';
import { type FoundLimits, findLimits, signInOf } from '../narrowing/delegation-limit.ts';
import { limitsOf, NOT_AGREED, narrow } from '../narrowing/narrow.ts';
import { resolveTargets, type Wanted } from '../narrowing/wanted.ts';
import type { Permit } from '../policy/evaluate-rule.ts';
import type { Chain } from '../primitives/principal.ts';
import { Refusal } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { checkBinding } from './binding.ts';
import { checkDistinct, clientAsActor, extendChain, prependActor } from './delegation.ts';
import { askRules, type JudgeContext, type Judgement, orRefusal, partyOf, type Trace } from './judge.ts';
import { grantedClaims, refuseBy } from './refuse.ts';

/** A refresh to judge. */
export interface RefreshCase {
  readonly wanted: Wanted;
  readonly family: RefreshFamily;
  readonly client: Client;
}

export function judgeAgain(judged: RefreshCase, context: JudgeContext): Judgement<Granted> {
  const trace: Trace = {};
  return { result: orRefusal(() => grantAgain(judged, context, trace)), trace };
}

function grantAgain({ wanted, family, client }: RefreshCase, context: JudgeContext, trace: Trace): Granted {
  const { grant } = family;
  const { issuer, now, confirmation } = context;
  const permit = askAgain(wanted, grant, client, context, trace);
  const { rule, targets } = permit;
  // The actor was decided at the first time. If there was none, the rule may now make the client the actor.
  const acting = grant.actor === undefined && rule.act === 'client' ? clientAsActor(issuer, client) : undefined;
  if (acting !== undefined)
    checkDistinct({ principal: { iss: issuer, sub: grant.sub }, origin: grant.origin, sub: grant.sub }, acting);
  const chain = extendChain(grant.chain, acting, rule.grant.maxDepth);
  const { end, ...limited } = limitsAgain(grant, client, chain, context);
  const { expiresAt } = family;
  const { subject: party, scope: renewed } = renewedScopes(grant);
  const subject = { ...party, agreedAudiences: agreedAudiencesOf(grant), expiresAt };
  const about = { subject, actor: 'unbounded', client, rule, family: 'unbounded', delegation: end } as const;
  trace.limits = limitsOf({ ...NOT_AGREED, ...about, renewed, targets, now });
  const { authentication } = grant;
  return {
    ...narrow({ targets, asked: wanted.scope, limits: trace.limits, authentication, confirmation }),
    ...limited,
    chain,
    mayAct: chain === grant.chain ? grant.mayAct : undefined,
    extraClaims: { ...grant.extraClaims, ...claimsOf(permit) },
    rebound: checkBoundAgain(grant, permit, context),
  };
}

/** The limits of every party of the first time, and of who acts now. */
function limitsAgain(grant: RememberedGrant, client: Client, chain: Chain, { issuer, leashes, now }: JudgeContext) {
  const { subject, actor, origin, authentication } = grant;
  const parties = () => [
    { iss: issuer, sub: client.id },
    { iss: issuer, sub: grant.sub, origin },
    { ...subject.principal, origin: subject.origin ?? origin },
    ...subject.chain,
    ...(actor ? [{ ...actor.principal, origin: actor.origin }, ...actor.chain] : []),
    ...chain,
  ];
  const before = grant.delegation ?? unknownDelegation(authentication);
  return refreshed(() => findLimits(parties, before, leashes, now));
}

/** Rewords a refusal of `findLimits` for the caller, who sent a refresh token. @throws Refusal refresh_token_delegation */
export function refreshed(find: () => FoundLimits): FoundLimits {
  const found = orRefusal(find);
  if (!(found instanceof Refusal)) return found;
  throw new Refusal('refresh_token_delegation', { detail: found.detail, cause: found });
}

/** Of a grant from before anybody had limits: the sign-in of the person comes before it. */
export const unknownDelegation = (authentication: JsonObject): Delegation => ({
  began: signInOf(authentication) ?? 'cannot tell',
  ends: 'unbounded',
  leashes: [],
});

/** Everything granted at first must still be allowed, and a requested target must have been granted. */
function askAgain(
  wanted: Wanted,
  grant: RememberedGrant,
  client: Client,
  { issuer, policy, targeting, now }: JudgeContext,
  trace: Trace,
): Permit {
  const granted = resolveTargets({ audiences: grant.targets, resources: [] }, targeting);
  const asked = resolveTargets(wanted, targeting);
  if (granted === 'unknown' || asked === 'unknown') throw new Refusal('target_unknown');
  const targets = chosenOf(granted, asked);
  const renewed = renewedScopes(grant);
  const caller = clientAsActor(issuer, client);
  const facts = {
    client,
    subject: { ...renewed.subject, agreedAudiences: agreedAudiencesOf(grant) },
    family: renewed.scope,
    actor: grant.actor,
    // The chain as the rules saw it at first: without a client that the rule itself made the actor.
    chain: grant.actor === undefined ? grant.subject.chain : grant.chain,
    clientActs: () => ({ actor: partyOf(caller), chain: prependActor(grant.subject.chain, caller) }),
    targets,
    scope: wanted.scope,
    requestedType: 'access_token',
    now,
  };
  const { outcome, furthest } = askRules(facts, policy, trace);
  if (outcome === undefined)
    throw new Refusal(furthest === 'target' ? 'target_not_granted' : 'refresh_token_not_allowed');
  if (outcome.kind !== 'permit') throw ofRefreshToken(refuseBy(outcome));
  const { types, refreshToken } = outcome.rule.grant;
  if (refreshToken === 'none' && !types.has('refresh_token')) throw new Refusal('refresh_token_not_allowed');
  if (grant.type === 'jwt' && !types.has('jwt')) throw new Refusal('refresh_token_not_allowed');
  return outcome;
}

function claimsOf(permit: Permit): JsonObject {
  const claims = orRefusal(() => grantedClaims(permit));
  if (claims instanceof Refusal) throw ofRefreshToken(claims);
  return claims;
}

/** The subject with its own scope, which the rule maps, and the scope of the family, which no map changes. */
const renewedScopes = ({ subject, subjectScope, scope }: RememberedGrant) => ({
  subject: { ...subject, scope: subjectScope === 'unbounded' ? subjectScope : new Set(subjectScope ?? scope) },
  scope: new Set(scope),
});

/** Rewords a refusal for the caller, who sent a refresh token. */
const ofRefreshToken = (refusal: Refusal): Refusal =>
  new Refusal(refusal.reason === 'denied_by_rule' ? 'refresh_token_denied_by_rule' : 'refresh_token_cannot_tell', {
    detail: refusal.message,
    cause: refusal,
  });

function chosenOf(granted: readonly Resource[], asked: readonly Resource[]): readonly Resource[] {
  if (!asked.every((target) => granted.includes(target))) throw new Refusal('target_not_granted');
  return asked.length === 0 ? granted : asked;
}

/** If the family was obtained with a bound token, its tokens stay bound, unless the rule says otherwise. */
function checkBoundAgain({ bound }: RememberedGrant, { rule }: Permit, { confirmation }: JudgeContext) {
  const presented = {
    subject: { confirmation: bound?.subject },
    actor: bound?.actor && { confirmation: bound.actor },
  };
  const rebound = orRefusal(() => checkBinding(presented, rule, confirmation));
  if (!(rebound instanceof Refusal)) return rebound;
  throw new Refusal('refresh_token_not_allowed', { detail: `${rebound.reason}: ${rebound.detail}`, cause: rebound });
}
