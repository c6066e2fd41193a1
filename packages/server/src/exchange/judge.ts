// What may be issued? Checks delegation, evaluates the rules, and narrows to what subject, actor, client, target and rule allow.
// Pure: takes verified facts and returns a decision or a refusal, so that recorded and simulated requests can be judged too.

import type { AuditEvent, ShadowTrace } from '../audit/event.ts';
import type { Decision, SingleUse } from '../issuing/authorization.ts';
import type { Client } from '../model/client.ts';
import type { Party } from '../model/party.ts';
import type { TokenFacts } from '../model/token-facts.ts';
import { delegationOf, endWith, findLimits, withActor } from '../narrowing/delegation-limit.ts';
import type { Leashes } from '../narrowing/leashes.ts';
import { extendLineage, type Limits, limitsOf, NOT_AGREED, narrow, type SubjectBounds } from '../narrowing/narrow.ts';
import type { Targeting } from '../narrowing/targets.ts';
import { resolveTargetsAnywhere } from '../narrowing/wanted.ts';
import { decide, type RuleDecision } from '../policy/decide.ts';
import type { Denial, Permit, Undecided } from '../policy/evaluate-rule.ts';
import { type Facts, readClaims } from '../policy/facts.ts';
import type { Part } from '../policy/match.ts';
import type { Policy } from '../policy/policy.ts';
import type { Rule } from '../policy/rule.ts';
import type { Confirmation } from '../primitives/confirmation.ts';
import { type Reason, Refusal, type Role } from '../primitives/refusal.ts';
import { isRedeemed } from '../primitives/token-type.ts';
import { checkAssertionProven, checkBinding, neededKey } from './binding.ts';
import { type Actor, checkDistinct, checkMayAct, clientAsActor, extendChain, prependActor } from './delegation.ts';
import { type Aimed, aim, checkServerNamed, grantFor, serverOf } from './other-server.ts';
import { grantedClaims, refuseBy } from './refuse.ts';
import { rememberGrant } from './remember.ts';
import type { RequestedTokenType, WantedToken } from './request.ts';

/** The validated tokens of a request, and what it asks for. */
export interface Presented {
  readonly request: WantedToken;
  readonly subject: TokenFacts;
  readonly actor: TokenFacts | undefined;
}

/** A request to judge. */
export interface Case extends Presented {
  readonly client: Client;
}

/** What judging needs from the configuration, apart from limits that depend on what else was issued. */
export interface RuleServices {
  readonly issuer: string;
  readonly policy: Policy;
  readonly targeting: Targeting;
}

/** What judging needs from the configuration. */
export interface JudgeServices extends RuleServices {
  /** The limits of clients and actors. */
  readonly leashes: Leashes;
}

/** The time of a request, and the key that its caller proved. */
export interface Moment {
  /** Seconds since 1970. */
  readonly now: number;
  /** The key that the caller proved to hold. */
  readonly confirmation: Confirmation | undefined;
  /** In an explanation, the required key counts as proven. */
  readonly proof?: 'assumed';
  /** Of a past request, only the claims that rules read are known. */
  readonly claims?: 'recorded';
}

export interface JudgeContext extends JudgeServices, Moment {}

/** How the result was reached, as far as judging came: the rule that decided, and those that did not match, with reasons. */
export interface Trace extends Pick<AuditEvent, 'rule' | 'targets' | 'mismatches' | 'facts' | 'shadows'> {
  /** The limits of scope and lifetime, and who sets them. */
  limits?: Limits;
}

export interface Judgement<T = Decision> {
  readonly result: T | Refusal;
  readonly trace: Readonly<Trace>;
}

export function judge(judged: Case, context: JudgeContext): Judgement {
  const trace: Trace = {};
  return { result: orRefusal(() => chooseRule(judged, context, trace)), trace };
}

/** Returns a refusal instead of throwing it. Any other error is a fault of this server. */
export function orRefusal<T>(decide: () => T): T | Refusal {
  try {
    return decide();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

function chooseRule(asked: Case, context: JudgeContext, trace: Trace): Decision {
  const { subject, actor, client } = asked;
  const caller = clientAsActor(context.issuer, client);
  checkAssertionProven(subject, context);
  if (actor !== undefined) checkDistinct(subject, actor);
  checkMayAct(subject.mayAct, actor ?? caller);
  // A request was checked before its tokens were read. A simulated one was not.
  checkServerNamed(asked.request, client, context.targeting);
  const targets = resolveTargetsAnywhere(asked.request, context.targeting);
  const judged = { ...asked, ...aim(asked, targets, context.issuer) };
  const decision = askRules(factsOf(judged, caller, targets, context.now), context.policy, trace);
  if (decision.shadows.length > 0)
    trace.shadows = decision.shadows.map((shadow) => traceShadow(shadow, judged, caller, context));
  const { outcome } = decision;
  if (outcome?.kind === 'permit') return applyRule(judged, caller, outcome, context, trace);
  if (outcome !== undefined) throw refuseBy(outcome);
  const reason = reasonOfPart[decision.furthest];
  if (reason === 'target_not_granted' && targets === 'unknown') throw new Refusal('target_unknown');
  const isWithoutActor = reason === 'no_rule_for_actor' && actor === undefined;
  throw new Refusal(reason, isWithoutActor ? { detail: 'the request has no actor token' } : {});
}

/** What a rule in audit mode would have decided. */
function traceShadow(
  shadow: Permit | Denial | Undecided,
  judged: Case & Aimed,
  caller: Actor,
  context: JudgeContext,
): ShadowTrace {
  const rule = shadow.rule.name;
  if (shadow.kind !== 'permit') return { rule, reason: refuseBy(shadow).reason };
  const decided = orRefusal(() => applyRule(judged, caller, shadow, context, {}));
  if (decided instanceof Refusal) return { rule, reason: decided.reason };
  const { targets, scope } = decided;
  return { rule, targets: targets.map(({ audience }) => audience), scope: [...scope] };
}

function factsOf(
  { request, subject, actor, client }: Case,
  caller: Actor,
  targets: Facts['targets'],
  now: number,
): Facts {
  return {
    client,
    subject,
    actor,
    chain: prependActor(subject.chain, actor),
    clientActs: () => ({ actor: partyOf(caller), chain: prependActor(subject.chain, caller) }),
    targets,
    scope: request.scope,
    family: 'unbounded',
    requestedType: request.requestedType,
    now,
  };
}

/** A client that acts without a token of its own, as rules see it. */
export const partyOf = ({ principal, sub, claims }: Actor): Party => ({
  principal,
  type: 'access_token',
  clientId: sub,
  audiences: [],
  chain: [],
  claims,
});

/** Ends the refresh token of a decision with its ancestors. @param end in seconds since 1970 */
export function endBy(decision: Decision, end: number, now: number): Decision {
  const { refresh } = decision;
  if (refresh?.kind !== 'new') return decision;
  return { ...decision, refresh: { ...refresh, lifetime: Math.max(1, Math.min(refresh.lifetime, end - now)) } };
}

/** The reason if no rule matches, by the part that the furthest rule reached. */
const reasonOfPart: Readonly<Record<Part, Reason>> = {
  client: 'no_rule_for_subject',
  subject: 'no_rule_for_subject',
  actor: 'no_rule_for_actor',
  target: 'target_not_granted',
};

/** Evaluates the rules, and records the result in the trace. */
export function askRules(facts: Facts, policy: Policy, trace: Trace): RuleDecision {
  const decision = decide(policy, facts);
  trace.mismatches = decision.mismatches;
  if (policy.claimReads.length > 0) trace.facts = readClaims(policy.claimReads, decision.facts());
  // A rule that cannot be told refuses, and so it decides.
  if (decision.outcome !== undefined) trace.rule = decision.outcome.rule.name;
  if (decision.outcome?.kind === 'permit') {
    trace.targets = decision.outcome.targets.map(({ audience }) => audience);
  }
  return decision;
}

/** Decides by the chosen rule only. */
function applyRule(
  { request, server, subject, actor, client }: Case & Aimed,
  caller: Actor,
  permit: Permit,
  context: JudgeContext,
  trace: Trace,
): Decision {
  const { rule, targets } = permit;
  const proven =
    context.proof === 'assumed' ? neededKey({ subject, actor }, rule, client, targets) : context.confirmation;
  const rebound = checkBinding({ subject, actor }, rule, proven);
  checkRequestedType(request.requestedType, rule, client);
  // A grant names the server that redeems it (draft-ietf-oauth-identity-chaining section 2.3.1).
  if (server === undefined && serverOf(targets, request.requestedType, client) !== undefined)
    throw new Refusal('parameter_missing', { parameter: 'audience' });
  const acting = actor ?? (rule.act === 'client' ? caller : undefined);
  if (acting !== undefined) checkDistinct(subject, acting);
  const chain = extendChain(subject.chain, acting, rule.grant.maxDepth);
  const withRefresh =
    server === undefined &&
    !isRedeemed(subject.type) &&
    (request.requestedType === 'refresh_token' || (rule.grant.refreshToken === 'beside' && mayRefresh(client)));
  const parties = () => [caller.principal, ...partiesOf(subject), ...(actor ? partiesOf(actor) : []), ...chain];
  const ofSubject = delegationOf(subject, context.issuer);
  const before = actor === undefined ? ofSubject : withActor(ofSubject, delegationOf(actor, context.issuer));
  const { end, ...limited } = findLimits(parties, before, context.leashes, context.now);
  const refreshLifetime = endWith(rule.grant.refreshLifetime, end, context.now);
  const family = withRefresh ? refreshLifetime : 'unbounded';
  const bounds = {
    subject: boundsOf(subject),
    actor: actor ?? 'unbounded',
    client,
    rule,
    family,
    delegation: end,
    ...NOT_AGREED,
    targets,
  } as const;
  trace.limits = limitsOf({ ...bounds, now: context.now });
  const { authentication } = subject;
  const narrowed = narrow({
    targets,
    asked: request.scope,
    limits: trace.limits,
    authentication,
    confirmation: proven,
  });
  const extraClaims = { ...subject.extraClaims, ...grantedClaims(permit) };
  const isRecorded = context.claims === 'recorded';
  const granting = { type: request.requestedType, client, subject, extraClaims, narrowed, isRecorded };
  const decision = {
    ...narrowed,
    ...(server && { grantFor: grantFor(server, { ...granting, now: context.now, self: context.issuer }) }),
    type: request.requestedType,
    clientId: client.id,
    ...limited,
    sub: subject.sub,
    origin: subject.origin,
    chain,
    // `may_act` authorizes one hop. It is copied only if no new actor was added.
    mayAct: chain === subject.chain ? subject.mayAct : undefined,
    ...extendLineage(subject, actor, { issuer: context.issuer, families: withRefresh ? 1 : 0 }),
    extraClaims,
    rebound,
    uses: [singleUse('subject', subject), actor && singleUse('actor', actor)].filter((one) => one !== undefined),
  };
  if (!withRefresh) return { ...decision, refresh: undefined };
  const grant = rememberGrant(decision, subject, actor, rule.grant.scopeMap !== 'same');
  return { ...decision, refresh: { kind: 'new', lifetime: refreshLifetime, grant } };
}

/**
 * The `exp` of an assertion ends the time in which it may be redeemed. The rule and the target alone limit the new token
 * (docs/explanation/choices.md).
 */
const boundsOf = (subject: TokenFacts): SubjectBounds =>
  isRedeemed(subject.type) ? { ...subject, expiresAt: 'unbounded' } : subject;

/** The parties of a token: who it is about, by each name, and who acted. */
const partiesOf = ({
  principal,
  origin,
  account,
  chain,
}: Pick<Party, 'principal' | 'origin' | 'account' | 'chain'>) => [
  { ...principal, origin },
  ...(account ? [account] : []),
  ...chain,
];

const mayRefresh = (client: Client): boolean => client.grants.has('refresh_token');

function checkRequestedType(type: RequestedTokenType, rule: Rule, client: Client): void {
  if (!rule.grant.types.has(type)) {
    const detail = `${type} was asked for, and “${rule.name}” grants ${[...rule.grant.types].join(', ')}`;
    throw new Refusal('requested_token_type_not_granted', { detail });
  }
  if (type === 'refresh_token' && !mayRefresh(client)) throw new Refusal('requested_token_type_needs_grant');
}

const singleUse = (role: Role, { type, singleUse: use }: TokenFacts): SingleUse | undefined =>
  use && { ...use, replayed: isRedeemed(type) ? 'assertion_replayed' : `${role}_token_replayed` };
