// Why was this exchange allowed, or refused? The steps of the pipeline with what each found, told from the audit event: of
// a request that is judged only to be explained, or of one that was made long ago.
import type { AuditEvent, TokenTrace } from '../audit/event.ts';
import type { Client } from '../client-auth/client.ts';
import { accessTokenClaims } from '../issuing/access-token-claims.ts';
import { explainRules, type RuleExplanation } from '../policy/explain.ts';
import type { Policy } from '../policy/rule.ts';
import type { Parameters } from '../primitives/parameters.ts';
import { publicAnswer, Refusal, reasons, type TokenErrorCode } from '../primitives/refusal.ts';
import { formatScope } from '../primitives/scope.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { type ExchangeContext, exchange } from './exchange.ts';
import type { Limits } from './narrow.ts';

export interface Explanation {
  readonly decision: 'allowed' | 'refused';
  /** The code that the caller gets. */
  readonly error?: string;
  readonly errorDescription?: string;
  readonly reason?: string;
  readonly steps: readonly ExplainedStep[];
  readonly rules: readonly RuleExplanation[];
  /** What the issued token would say. */
  readonly claims?: JsonObject;
}

export interface ExplainedStep {
  readonly step: string;
  readonly result: 'passed' | 'refused';
  readonly found: string;
}

interface ExplainContext {
  readonly tokenErrorCode: TokenErrorCode;
  /** Has a single-use id been used up? */
  readonly isUsed: (id: string) => Promise<boolean>;
}

/** Judges without issuing: nothing is written, and nothing single-use is used up. */
export async function explainExchange(
  parameters: Parameters,
  client: Client,
  event: AuditEvent,
  context: ExchangeContext & ExplainContext,
): Promise<Explanation> {
  let limits: Limits | undefined;
  const observe = (observed: Limits): void => {
    limits = observed;
  };
  event.client = client.id;
  event.grant = 'token_exchange';
  try {
    if (!client.grants.has('token_exchange')) throw new Refusal('grant_not_allowed');
    if (client.disabled) throw new Refusal('client_disabled');
    const decided = await exchange(parameters, client, event, { ...context, observe });
    for (const { role, id } of decided.uses) {
      if (await context.isUsed(id)) throw new Refusal(`${role}_token_replayed`);
    }
    Object.assign(event, {
      outcome: 'issued',
      chain: decided.chain,
      targets: decided.targets.map(({ audience }) => audience),
      scopeGiven: [...decided.scope],
    } satisfies Partial<AuditEvent>);
    const about = { issuer: context.issuer, id: '(new)', family: undefined, now: context.now };
    const claims = accessTokenClaims(decided, { ...about, expiresAt: context.now + decided.lifetime });
    return { ...explainEvent(event, context.policy, context.tokenErrorCode, limits), claims };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    Object.assign(event, {
      outcome: 'refused',
      reason: error.reason,
      detail: error.detail,
    } satisfies Partial<AuditEvent>);
    return explainEvent(event, context.policy, context.tokenErrorCode, limits);
  }
}

/** Tells a request from its audit row. */
export function explainEvent(
  event: AuditEvent,
  policy: Policy,
  tokenErrorCode: TokenErrorCode,
  limits?: Limits,
): Explanation {
  const rules = explainRules(policy, event);
  const steps = explainSteps(event, limits);
  if (event.reason === undefined) return { decision: 'allowed', steps, rules };
  const answer = publicAnswer(new Refusal(event.reason), tokenErrorCode);
  return {
    decision: 'refused',
    error: answer.error,
    errorDescription: answer.description,
    reason: event.reason,
    steps,
    rules,
  };
}

/** The steps in order; a finding of undefined is a step that had nothing to do. */
const findings: readonly (readonly [step: string, find: (event: AuditEvent, limits?: Limits) => string | undefined])[] =
  [
    ['request', asked],
    ['subject token', ({ subject, time }) => subject && token(subject, time)],
    ['actor token', ({ actor, time }) => actor && token(actor, time)],
    [
      'delegation',
      ({ chain }) =>
        chain &&
        (chain.length === 0
          ? 'nobody acts for the subject'
          : `${chain.map(({ sub }) => sub).join(', for ')} acts for the subject`),
    ],
    ['rule', ({ rule }) => rule && `“${rule}” decides`],
    ['target', ({ targets }) => targets && `the token is for ${targets.join(' and ')}`],
    ['scope', ({ scopeGiven }, limits) => scopeGiven && `given: ${list(scopeGiven)}${scopeLimits(limits)}`],
    [
      'lifetime',
      (_event, limits) =>
        limits && `the least of ${limits.lifetime.map(({ by, seconds }) => `${seconds} s (${by})`).join(', ')}`,
    ],
  ];

function explainSteps(event: AuditEvent, limits: Limits | undefined): readonly ExplainedStep[] {
  const failed = event.reason === undefined ? undefined : stepOf(event.reason);
  const steps: ExplainedStep[] = [];
  for (const [step, find] of findings) {
    if (event.reason !== undefined && step === failed) {
      const { meaning } = reasons[event.reason];
      const known = step === 'scope' ? scopeLimits(limits) : '';
      return [
        ...steps,
        { step, result: 'refused', found: (event.detail ? `${meaning}: ${event.detail}` : meaning) + known },
      ];
    }
    const found = find(event, limits);
    if (found !== undefined) steps.push({ step, result: 'passed', found });
  }
  return steps;
}

/** At which step a request with this reason ended. */
function stepOf(reason: NonNullable<AuditEvent['reason']>): string {
  if (/^subject_token_(?!type)/.test(reason) || reason === 'lineage_too_long') return 'subject token';
  if (/^actor_token_(?!type)/.test(reason)) return 'actor token';
  if (/^(may_act|actor_|chain_)/.test(reason) && !reason.startsWith('actor_token')) return 'delegation';
  if (reason.startsWith('no_rule') || reason.startsWith('requested_token_type_n')) return 'rule';
  if (reason.startsWith('target') && reason !== 'target_malformed') return 'target';
  if (reason.startsWith('scope') && reason !== 'scope_malformed') return 'scope';
  return 'request';
}

const list = (names: readonly string[]): string => (names.length === 0 ? 'nothing' : names.join(' '));

function asked({ requestedType, audiencesAsked, resourcesAsked, scopeAsked, client }: AuditEvent): string | undefined {
  if (requestedType === undefined) return undefined;
  const targets = [...(audiencesAsked ?? []), ...(resourcesAsked ?? [])];
  const wanted = targets.length === 0 ? 'the default target' : targets.join(' and ');
  const scope = scopeAsked === undefined ? 'whatever scope is allowed' : `scope ${list(scopeAsked)}`;
  return `${client} asks for a token of type ${requestedType}, for ${wanted}, with ${scope}`;
}

function token({ iss, sub, type, declaredType, clientId, expiresAt, chain }: TokenTrace, time: number): string {
  const named = type === declaredType ? type : `${type}, presented as ${declaredType}`;
  const holder = clientId === undefined ? '' : `, issued to ${clientId}`;
  const acting = chain.length === 0 ? '' : `, acted for by ${chain.map((one) => one.sub).join(', before that ')}`;
  return `${sub} of ${iss} (${named}${holder}${acting}, ${Math.floor(expiresAt - time / 1000)} s left)`;
}

const scopeLimits = (limits: Limits | undefined): string =>
  limits === undefined
    ? ''
    : `; allowed by ${limits.scope.map(({ by, scope }) => `${by}: ${formatScope(scope) || 'nothing'}`).join('; ')}`;
