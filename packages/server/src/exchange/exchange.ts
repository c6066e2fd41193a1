// Token exchange, RFC 8693. Start reading here: what a subject token goes through until something may be issued for it.
import type { AuditEvent } from '../audit/event.ts';
import type { Client } from '../client-auth/client.ts';
import { type Authorization, authorize } from '../issuing/authorization.ts';
import { decide, type Part, type Permit } from '../policy/decide.ts';
import type { Policy } from '../policy/rule.ts';
import type { Targeting } from '../policy/targets.ts';
import type { Parameters } from '../primitives/parameters.ts';
import { type Reason, Refusal, type Role, TokenRefusal } from '../primitives/refusal.ts';
import { traceOf, type ValidatedToken, type ValidationContext } from '../subject-tokens/validated-token.ts';
import { checkDelegation, extendChain } from './delegation.ts';
import { checkTargetsAgree, extendLineage, narrowLifetime, narrowScope } from './narrow.ts';
import { type ExchangeRequest, type PresentedToken, readExchangeRequest, resolveTargets } from './request.ts';

export interface ExchangeContext extends ValidationContext {
  readonly targeting: Targeting;
  readonly policy: Policy;
}

/** The event is filled as facts become known, so that a refusal half-way tells what was known. @throws Refusal */
export async function exchange(
  parameters: Parameters,
  client: Client,
  event: AuditEvent,
  context: ExchangeContext,
): Promise<Authorization> {
  const request = readExchangeRequest(parameters);
  noteRequest(event, request);
  const subject = await validate('subject', request.subject, event, context);
  const actor = request.actor && (await validate('actor', request.actor, event, context));
  checkDelegation(subject, actor, { iss: context.issuer, sub: client.id });
  const permit = permitted(request, subject, actor, client, event, context);
  return narrow(request, subject, actor, client, permit, context);
}

async function validate(
  role: Role,
  { text, type }: PresentedToken,
  event: AuditEvent,
  context: ExchangeContext,
): Promise<ValidatedToken> {
  try {
    const token = await type.validate(text, context);
    event[role] = traceOf(token, type.name);
    return token;
  } catch (error) {
    throw error instanceof TokenRefusal ? error.as(role) : error;
  }
}

/** When no rule matches, the rule that came furthest speaks. */
const nobodySpeaksFor: Readonly<Record<Part, Reason>> = {
  client: 'no_rule_for_subject',
  subject: 'no_rule_for_subject',
  actor: 'no_rule_for_actor',
  target: 'target_not_granted',
};

function permitted(
  request: ExchangeRequest,
  subject: ValidatedToken,
  actor: ValidatedToken | undefined,
  client: Client,
  event: AuditEvent,
  context: ExchangeContext,
): Permit {
  const targets = resolveTargets(request, context.targeting);
  const decision = decide(context.policy, { client, subject, actor, targets });
  event.mismatches = decision.mismatches;
  if (decision.permit === undefined) {
    const reason = nobodySpeaksFor[decision.furthest];
    throw new Refusal(reason === 'target_not_granted' && targets === 'unknown' ? 'target_unknown' : reason);
  }
  event.rule = decision.permit.rule.name;
  return decision.permit;
}

/** Narrows to what subject, actor, client, targets and rule all allow; the rule that was chosen is asked alone. */
function narrow(
  request: ExchangeRequest,
  subject: ValidatedToken,
  actor: ValidatedToken | undefined,
  client: Client,
  { rule, targets }: Permit,
  { now }: ExchangeContext,
): Authorization {
  if (!rule.grant.types.has(request.requestedType)) throw new Refusal('requested_token_type_not_granted');
  checkTargetsAgree(targets);
  const chain = extendChain(subject.chain, actor?.principal, rule.grant.maxDepth);
  return authorize({
    type: request.requestedType,
    clientId: client.id,
    sub: subject.sub,
    origin: subject.origin,
    targets,
    scope: narrowScope(request.scope, [subject.scope, client.scopes, rule.grant.scopes], targets),
    lifetime: narrowLifetime(now, targets, rule.grant.lifetime, [subject, actor]),
    chain,
    // It permits the hop that it authorizes: where somebody new acts it is used up.
    mayAct: chain === subject.chain ? subject.mayAct : undefined,
    ...extendLineage(subject, actor),
    authentication: subject.authentication,
  });
}

function noteRequest(event: AuditEvent, request: ExchangeRequest): void {
  event.audiencesAsked = request.audiences;
  event.resourcesAsked = request.resources.map(({ href }) => href);
  event.requestedType = request.requestedType;
  if (request.scope !== undefined) event.scopeAsked = [...request.scope];
}
