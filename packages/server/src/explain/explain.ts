// Why was this exchange allowed, or refused? Told from the audit event: of a request that is judged only to be explained, or
// of one that was made long ago.
import type { AuditEvent } from '../audit/event.ts';
import { recordSent } from '../audit/sent.ts';
import { type ExchangeServices, judgeRequest } from '../exchange/exchange.ts';
import { accessTokenClaims } from '../issuing/access-token-claims.ts';
import type { Decision } from '../issuing/authorization.ts';
import type { Limits } from '../narrowing/narrow.ts';
import type { Policy } from '../policy/policy.ts';
import type { Parameters } from '../primitives/parameters.ts';
import { publicAnswer, type Reason, Refusal, type TokenErrorCode } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { explainRules, type RuleExplanation } from './rules.ts';
import { admit } from './simulate.ts';
import { type ExplainedStep, explainSteps } from './steps.ts';

export interface Explanation {
  readonly decision: 'allowed' | 'refused';
  /** All that the caller is told. */
  readonly error?: string;
  readonly error_description?: string;
  readonly reason?: Reason;
  readonly steps: readonly ExplainedStep[];
  readonly rules: readonly RuleExplanation[];
  /** What the issued token would say. */
  readonly claims?: JsonObject;
}

interface ExplainContext extends ExchangeServices {
  /** Seconds since 1970. */
  readonly now: number;
  readonly tokenErrorCode: TokenErrorCode;
  /** Has a single-use id been used up? */
  readonly isUsed: (id: string) => Promise<boolean>;
}

/** Judges without issuing: nothing is written, and nothing single-use is used up. The event is filled on the way. */
export async function explainExchange(
  parameters: Parameters,
  clientId: string,
  event: AuditEvent,
  context: ExplainContext,
): Promise<Explanation> {
  let limits: Limits | undefined;
  event.client = clientId;
  event.grant = 'token_exchange';
  try {
    const client = admit(clientId, context.clients);
    const assumed = { ...context, confirmation: undefined, proof: 'assumed' } as const;
    const { result: decision, trace } = await judgeRequest(parameters, client, event, assumed);
    limits = trace.limits;
    if (decision instanceof Refusal) throw decision;
    for (const { id, replayed } of decision.uses) {
      if (await context.isUsed(id)) throw new Refusal(replayed);
    }
    Object.assign(event, {
      outcome: 'issued',
      chain: decision.chain,
      confirmation: decision.confirmation,
      rebound: decision.rebound,
      scopeGiven: [...decision.scope],
    } satisfies Partial<AuditEvent>);
    return explainIssued(decision, event, limits, context);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    Object.assign(event, {
      outcome: 'refused',
      reason: error.reason,
      parameter: error.parameter,
      detail: error.detail,
      sent: recordSent(error.sent),
    } satisfies Partial<AuditEvent>);
    return explainRefused(error, event, limits, context);
  }
}

/** Tells a request from its audit row. */
export function explainEvent(
  event: AuditEvent,
  context: Pick<ExplainContext, 'policy' | 'tokenErrorCode'>,
): Explanation {
  if (event.reason === undefined) return { decision: 'allowed', ...tell(event, context.policy) };
  return explainRefused(new Refusal(event.reason, { parameter: event.parameter ?? '…' }), event, undefined, context);
}

const tell = (
  event: AuditEvent,
  policy: Policy,
  limits?: Limits,
  leftOut: readonly string[] = [],
): Pick<Explanation, 'steps' | 'rules'> => ({
  steps: explainSteps({ event, policy, limits, leftOut }),
  rules: explainRules(policy, event),
});

function explainIssued(
  decision: Decision,
  event: AuditEvent,
  limits: Limits | undefined,
  { issuer, policy, now }: ExplainContext,
): Explanation {
  const { lifetime, extraClaims } = decision;
  const claims = accessTokenClaims(decision, {
    issuer,
    id: '(new)',
    family: undefined,
    now,
    expiresAt: now + lifetime,
  });
  const wanted = policy.rules.find(({ name }) => name === event.rule)?.grant.claims ?? [];
  const leftOut = wanted.map(([name]) => name).filter((name) => !Object.hasOwn(extraClaims, name));
  return { decision: 'allowed', ...tell(event, policy, limits, leftOut), claims };
}

function explainRefused(
  refusal: Refusal,
  event: AuditEvent,
  limits: Limits | undefined,
  { policy, tokenErrorCode }: Pick<ExplainContext, 'policy' | 'tokenErrorCode'>,
): Explanation {
  const { error, description } = publicAnswer(refusal, tokenErrorCode);
  return {
    decision: 'refused',
    error,
    error_description: description,
    reason: refusal.reason,
    ...tell(event, policy, limits),
  };
}
