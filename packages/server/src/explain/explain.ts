// Explains why a request was allowed or refused, from its audit event: a past request of any kind, or a simulated exchange.

import type { AuditEvent } from '../audit/event.ts';
import { recordSent } from '../audit/sent.ts';
import { type ExchangeServices, judgePresented } from '../exchange/exchange.ts';
import { isJudged } from '../exchange/redeem.ts';
import type { Decision } from '../issuing/authorization.ts';
import { imaginedClaims } from '../issuing/grant-claims.ts';
import { countingLeashes, type LeashCounter } from '../issuing/leash-counter.ts';
import { refuseSuspended, refuseSuspendedClient, type Suspensions } from '../issuing/suspensions.ts';
import type { ClientDirectory } from '../model/client.ts';
import type { Limits } from '../narrowing/narrow.ts';
import { allRules } from '../policy/policy.ts';
import type { Parameters } from '../primitives/parameters.ts';
import { answeredAs, publicAnswer, type Reason, Refusal, reasons, type TokenErrorCode } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { type ComparedClaim, compareClaims } from './compared-claims.ts';
import type { ExplainedConfiguration } from './decided-by.ts';
import type { ExplainedPlace, PlaceContext } from './locate.ts';
import { listPipeline, type PipelineState } from './pipeline.ts';
import { findPlace } from './place.ts';
import { explainRequest } from './request-steps.ts';
import { type ExplainedRules, explainRules, type RuleExplanation } from './rules.ts';
import { findJudgedClient, grantUsed } from './simulate.ts';
import { type SimulatedResponse, simulateIssued, simulateRefused } from './simulated-response.ts';
import { isRedemption, PASTED, presentSources, type Sources, verifySources } from './sources.ts';
import { type ExplainedStep, explainSteps } from './steps.ts';
import { type ExplainedValue, explainValues, type ValueContext } from './values.ts';
import { explainWorkloads } from './workloads.ts';

/** A rule with the file and the line of its entry; without them if it is gone from the file. */
interface PlacedRule extends RuleExplanation {
  readonly at?: string;
}

export interface Explanation extends Pick<ExplainedRules, 'rulesOfOthers'> {
  /** The rules for the client, in the order of evaluation. */
  readonly rules: readonly PlacedRule[];
  /** The past request; absent for a simulated exchange. */
  readonly request?: Pick<AuditEvent, 'requestId' | 'time' | 'action' | 'grant' | 'client' | 'address' | 'by'>;
  readonly decision: 'allowed' | 'refused';
  /** With `error_description`, all that the caller receives. */
  readonly error?: string;
  readonly error_description?: string;
  readonly reason?: Reason;
  readonly meaning?: string;
  readonly detail?: string;
  /** What to do about it, in plain sentences. */
  readonly remedy?: string;
  /** The values sent, with the known values of each kind. */
  readonly values?: readonly ExplainedValue[];
  /** Why the token does not match each workload. */
  readonly workloads?: readonly string[];
  /** The entry of the configuration file that decides. */
  readonly place?: ExplainedPlace;
  /** The configuration that decided a past request, beside the one in force. */
  readonly decidedBy?: ExplainedConfiguration;
  readonly steps: readonly ExplainedStep[];
  /** Every step of an exchange, also those that were not reached; absent for requests of other kinds. */
  readonly pipeline?: readonly PipelineState[];
  /** The claims of the token that would be issued. */
  readonly claims?: JsonObject;
  /** What the token endpoint would answer; absent for a past request. */
  readonly response?: SimulatedResponse;
  /** These claims beside those of the subject token. Of a past one, only the claims that rules read then are known. */
  readonly compared?: readonly ComparedClaim[];
}

/** The configuration in force, and its file. */
export interface ExplanationContext extends ValueContext, PlaceContext {
  readonly tokenErrorCode: TokenErrorCode;
}

export interface ExplainContext extends ExchangeServices, ExplanationContext {
  readonly clients: ClientDirectory;
  /** Seconds since 1970. */
  readonly now: number;
  readonly suspensions: Pick<Suspensions, 'find'>;
  readonly leashCounter: Pick<LeashCounter, 'refuseEarly'>;
  /** Has a single-use id been used up? */
  readonly isUsed: (id: string) => Promise<boolean>;
}

/**
 * Decides an exchange, or the redemption of an assertion, without issuing: writes nothing, and uses up no single-use id. Fills the event.
 * @param sources of the tokens; by default, both are parameters
 */
export async function explainExchange(
  parameters: Parameters,
  clientId: string,
  event: AuditEvent,
  context: ExplainContext,
  sources: Sources = PASTED,
): Promise<Explanation> {
  let limits: Limits | undefined;
  event.client = clientId;
  const asked = isRedemption(parameters, sources) ? 'jwt_bearer' : 'token_exchange';
  event.grant = asked;
  try {
    const grant = grantUsed(await context.clients.find(clientId), asked);
    event.grant = grant;
    const found = findJudgedClient(clientId, context.clients, grant);
    const client = grant === 'jwt_dpop' ? { ...found, dpopBoundAccessTokens: true } : found;
    refuseSuspendedClient(client.id, context);
    const isRecorded = [sources.subject, sources.actor].some((source) => source?.kind === 'recorded');
    const claims = isRecorded ? ({ claims: 'recorded' } as const) : {};
    const assumed = { ...context, confirmation: undefined, proof: 'assumed', ...claims } as const;
    const presented = await presentSources(parameters, sources, client, event, assumed);
    const { result: decision, trace } = await judgePresented(presented, client, event, assumed);
    limits = trace.limits;
    if (decision instanceof Refusal) throw decision;
    await refuseIssuing(decision, context);
    Object.assign(event, {
      outcome: 'issued',
      chain: decision.chain,
      confirmation: decision.confirmation,
      rebound: decision.rebound,
      scopeGiven: [...decision.scope],
    } satisfies Partial<AuditEvent>);
    const explanation = explainIssued(decision, event, limits, context);
    return {
      ...explanation,
      compared: compareClaims(presented.subject.claims, explanation.claims ?? {}),
      response: simulateIssued(decision, grant),
    };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return explainRefusal(error, event, context, limits);
  }
}

/**
 * Validates pasted tokens, for a decision by another configuration.
 * @returns the sources without pasted tokens, or why one is refused
 */
export async function verifyPasted(
  parameters: Parameters,
  clientId: string,
  sources: Sources,
  event: AuditEvent,
  context: ExplainContext,
): Promise<Sources | Explanation> {
  if ([sources.subject, sources.actor].every((source) => source?.kind !== 'pasted')) return sources;
  event.client = clientId;
  event.grant = 'token_exchange';
  try {
    await context.clients.find(clientId);
    const client = findJudgedClient(clientId, context.clients, 'token_exchange');
    const assumed = { ...context, confirmation: undefined, proof: 'assumed' } as const;
    return await verifySources(parameters, sources, client, event, assumed);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return explainRefusal(error, event, context);
  }
}

/** Refuses what issuing would refuse. @throws Refusal actor_suspended, actor_limit_…, …_replayed */
async function refuseIssuing(decision: Decision, context: ExplainContext): Promise<void> {
  refuseSuspended(decision, context);
  context.leashCounter.refuseEarly(countingLeashes(decision.leashes));
  for (const { id, replayed } of decision.uses) {
    if (await context.isUsed(id)) throw new Refusal(replayed);
  }
}

/** Explains a refusal that has no audit row. @param limits the limits of a simulated exchange */
export function explainRefusal(
  refusal: Refusal,
  event: AuditEvent,
  context: ExplanationContext,
  limits?: Limits,
): Explanation {
  const { reason, parameter, detail, sent } = refusal;
  Object.assign(event, {
    outcome: 'refused',
    reason,
    parameter,
    detail,
    sent: recordSent(sent),
  } satisfies Partial<AuditEvent>);
  const response = simulateRefused(refusal, context.tokenErrorCode, answeredAs(event));
  return { ...explainRefused(event, context, limits), response };
}

/** Explains any request from its audit row. */
export function explainEvent(event: AuditEvent, context: ExplanationContext): Explanation {
  const { requestId, time, action, grant, client, address, by } = event;
  const request = { requestId, time, action, grant, client, address, ...(by && { by }) };
  return event.reason === undefined
    ? { request, decision: 'allowed', ...explainCourse(event, context) }
    : { request, ...explainRefused(event, context) };
}

const isExchange = ({ action, grant }: AuditEvent): boolean => action === 'token' && isJudged(grant);

/** Rules are evaluated for exchanges, and again for a refresh. */
const evaluatesRules = (event: AuditEvent): boolean => isExchange(event) || event.mismatches !== undefined;

function explainCourse(
  event: AuditEvent,
  context: ExplanationContext,
  limits?: Limits,
  leftOut: readonly string[] = [],
): Pick<Explanation, 'steps' | 'pipeline' | 'rules' | 'rulesOfOthers' | 'place' | 'remedy'> {
  const { policy } = context;
  const input = { event, policy, limits, leftOut };
  return {
    ...findPlace(event, context),
    ...(isExchange(event)
      ? { steps: explainSteps(input), pipeline: listPipeline(input) }
      : { steps: explainRequest(event, policy.issuer) }),
    ...(evaluatesRules(event) ? placeRules(explainRules(policy, event), context) : { rules: [], rulesOfOthers: 0 }),
  };
}

function placeRules(
  { rules, rulesOfOthers }: ExplainedRules,
  { policy, file }: ExplanationContext,
): Pick<Explanation, 'rules' | 'rulesOfOthers'> {
  const positions = new Map(allRules(policy).map(({ name, position }) => [name, position]));
  const placed = rules.map((one) => {
    const position = positions.get(one.rule);
    return { ...one, ...(position !== undefined && { at: file.placeOf(['rules', position]) }) };
  });
  return { rules: placed, rulesOfOthers };
}

function explainIssued(
  decision: Decision,
  event: AuditEvent,
  limits: Limits | undefined,
  context: ExplainContext,
): Explanation {
  const { issuer, policy, now } = context;
  const { extraClaims } = decision;
  const claims = imaginedClaims(decision, { issuer, id: '(new)', now });
  const wanted = policy.rules.find(({ name }) => name === event.rule)?.grant.claims ?? [];
  const leftOut = wanted.map(([name]) => name).filter((name) => !Object.hasOwn(extraClaims, name));
  return { decision: 'allowed', ...explainCourse(event, context, limits, leftOut), claims };
}

function explainRefused(event: AuditEvent, context: ExplanationContext, limits?: Limits): Explanation {
  const { reason = 'server_error', parameter = '…', detail } = event;
  const { error, description } = publicAnswer(
    new Refusal(reason, { parameter }),
    context.tokenErrorCode,
    answeredAs(event),
  );
  const { meaning, remedy } = reasons[reason];
  const values = explainValues(event, context);
  const workloads = explainWorkloads(event, context);
  return {
    decision: 'refused',
    error,
    error_description: description,
    reason,
    meaning,
    ...(detail !== undefined && { detail }),
    remedy,
    ...(values.length > 0 && { values }),
    ...(workloads.length > 0 && { workloads }),
    ...explainCourse(event, context, limits),
  };
}
