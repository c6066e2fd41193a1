// refresh_token (RFC 6749 section 6): the rules are asked again, and the token makes way for its successor. Everything that
// the request says is judged before anything rotates.

import type { AuditEvent } from '../audit/event.ts';
import { extendChain } from '../exchange/delegation.ts';
import { type ExchangeContext, noteTrace } from '../exchange/exchange.ts';
import { askRules, checkAcr, grantedClaims, type Trace } from '../exchange/judge.ts';
import { authorize, type Decision, type RefreshDecision } from '../issuing/authorization.ts';
import type { RefreshFamily, RememberedGrant } from '../issuing/family.ts';
import { parseRefreshToken, REFRESH_GRACE, type RefreshTokenName } from '../issuing/refresh-token.ts';
import type { Client } from '../model/client.ts';
import { checkTargetsAgree, limitsOf, narrowLifetime, narrowScope } from '../narrowing/narrow.ts';
import { noteWanted, readScope, readTargets, resolveTargets, type TargetRequest } from '../narrowing/wanted.ts';
import type { Permit } from '../policy/decide.ts';
import type { Confirmation } from '../primitives/confirmation.ts';
import { Refusal, TokenRefusal } from '../primitives/refusal.ts';
import type { Scope } from '../primitives/scope.ts';
import { requireAnyKey, requireKey } from '../proof/holder.ts';
import { refuseDeadFamily } from '../subject-tokens/refresh-token.ts';
import { narrowAgreed } from './agreed.ts';
import type { Grant } from './grant.ts';

export const refreshToken = {
  name: 'refresh_token',
  grantType: 'refresh_token',
  parameters: ['refresh_token', 'audience', 'resource', 'scope'],
  authorize: async (parameters, client, event, context) => {
    const text = parameters.get('refresh_token');
    if (text === undefined) throw new Refusal('parameter_missing', { parameter: 'refresh_token' });
    const request = readTargets(parameters);
    const asked = readScope(parameters);
    noteWanted(event, { ...request, scope: asked }, context.targeting);
    const presented = parseRefreshToken(text, context.refreshKey);
    const family = presented && (await context.findFamily(presented.family));
    if (presented === undefined || family === undefined) throw new Refusal('refresh_token_unknown');
    noteFamily(event, family, context.issuer);
    checkFamily(family, client, context);
    checkKey(family, client, context.confirmation);
    if (family.grant.agreed && !(await context.signIn?.hasAccount(family.grant.sub)))
      throw new Refusal('refresh_token_not_allowed', { detail: 'the account is gone' });
    const refresh = await judgeGeneration(presented, family, event, context);
    const { grant } = family;
    const wanted = { ...request, scope: asked };
    const allowed = grant.agreed
      ? { ...narrowAgreed({ ...grant, expiresAt: family.expiresAt }, wanted, client, context), ...unchanged(grant) }
      : narrowByRules(wanted, family, client, event, context);
    return authorize({
      type: grant.type,
      clientId: client.id,
      sub: grant.sub,
      origin: grant.origin,
      ...allowed,
      mayAct: grant.mayAct,
      lineage: [family.id, ...grant.lineage],
      actorLineage: grant.actorLineage,
      authentication: grant.authentication,
      uses: [],
      refresh,
    });
  },
} as const satisfies Grant;

/** A public client has nothing but its key, so that only that key will do (RFC 9449 section 5). */
function checkKey({ confirmation }: RefreshFamily, { auth }: Client, proven: Confirmation | undefined): void {
  const require = auth === 'none' ? requireKey : requireAnyKey;
  require(confirmation, proven);
}

/** What a person agreed to stays as it is. */
const unchanged = ({ chain, extraClaims }: RememberedGrant) => ({ chain, extraClaims });

/** What a rule granted is granted again, or not. */
function narrowByRules(
  wanted: TargetRequest & { readonly scope: Scope | undefined },
  family: RefreshFamily,
  client: Client,
  event: AuditEvent,
  context: ExchangeContext,
): Pick<Decision, 'targets' | 'scope' | 'lifetime' | 'chain' | 'extraClaims'> {
  const { grant } = family;
  const permit = askAgain(wanted, family, client, event, context);
  const { rule, targets } = permit;
  checkTargetsAgree(targets);
  checkAcr(targets, grant);
  const subject = { scope: new Set(grant.scope), expiresAt: family.expiresAt };
  const limits = limitsOf({ subject, client, rule, targets, now: context.now });
  return {
    targets,
    scope: narrowScope(wanted.scope, limits, targets),
    lifetime: narrowLifetime(limits),
    chain: extendChain(grant.chain, undefined, rule.grant.maxDepth),
    extraClaims: { ...grant.extraClaims, ...grantedClaims(permit) },
  };
}

function checkFamily(family: RefreshFamily, client: Client, context: ExchangeContext): void {
  const { grant, clientId } = family;
  if (clientId !== client.id) throw new Refusal('refresh_token_client');
  const principal = { iss: context.issuer, sub: grant.sub };
  if (context.revocations.covers({ ...grant, id: family.id, principal, clientId, issuedAt: family.rotatedAt / 1000 }))
    throw new Refusal('refresh_token_revoked');
  try {
    refuseDeadFamily(family, context);
  } catch (error) {
    if (!(error instanceof TokenRefusal)) throw error;
    const reason = error.fault === 'expired' ? 'refresh_token_expired' : 'refresh_token_not_allowed';
    throw new Refusal(reason, { detail: error.detail, cause: error });
  }
}

/**
 * The current token rotates. Its predecessor gets the same successor again within the grace, as long as nobody has used
 * that one: the generation would have moved on. Anything older was stolen or copied, and the family dies.
 */
async function judgeGeneration(
  presented: RefreshTokenName,
  { id, generation, rotatedAt, expiresAt }: RefreshFamily,
  event: AuditEvent,
  { now, revocations }: ExchangeContext,
): Promise<RefreshDecision> {
  if (presented.generation === generation) return { kind: 'rotate', presented, expiresAt };
  if (presented.generation === generation - 1 && now * 1000 - rotatedAt <= REFRESH_GRACE) {
    return { kind: 'again', successor: { family: id, generation }, expiresAt };
  }
  event.revoked = id;
  await revocations.revoke(id);
  throw new Refusal('refresh_token_reused');
}

/** What was granted then must still be allowed now, and a target that is asked for must have been granted. */
function askAgain(
  request: TargetRequest,
  { grant }: RefreshFamily,
  client: Client,
  event: AuditEvent,
  context: ExchangeContext,
): Permit {
  const granted = resolveTargets({ audiences: grant.targets, resources: [] }, context.targeting);
  const asked = resolveTargets(request, context.targeting);
  if (granted === 'unknown' || asked === 'unknown') throw new Refusal('target_unknown');
  if (!asked.every((target) => granted.includes(target))) throw new Refusal('target_not_granted');
  const targets = asked.length === 0 ? granted : asked;
  const facts = {
    client,
    subject: grant.subject,
    actor: grant.actor,
    chain: grant.chain,
    targets,
    request: {
      audiences: request.audiences,
      resources: request.resources.map(({ href }) => href),
      scope: grant.scope,
      requestedType: 'access_token',
    },
    now: context.now,
  };
  const trace: Trace = {};
  const { permit, furthest } = askRules(facts, context.policy, trace);
  noteTrace(event, trace);
  if (permit === undefined)
    throw new Refusal(furthest === 'target' ? 'target_not_granted' : 'refresh_token_not_allowed');
  const { rule } = permit;
  if (rule.grant.refreshToken === 'none' && !rule.grant.types.has('refresh_token'))
    throw new Refusal('refresh_token_not_allowed');
  return permit;
}

function noteFamily(event: AuditEvent, { id, grant, clientId, expiresAt }: RefreshFamily, issuer: string): void {
  const type = 'refresh_token';
  const { sub, chain, scope } = grant;
  event.subject = { iss: issuer, sub, id, declaredType: type, type, clientId, audiences: [], scope, chain, expiresAt };
}
