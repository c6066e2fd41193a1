// Describes the result of each step of an exchange, from its audit event, for a reader who does not know the RFCs.
import { type AuditEvent, isErased, type TokenTrace } from '../audit/event.ts';
import { prependActor } from '../exchange/delegation.ts';
import { isRedeeming } from '../exchange/redeem.ts';
import type { Limits } from '../narrowing/narrow.ts';
import type { Policy } from '../policy/policy.ts';
import { describeKey } from '../primitives/confirmation.ts';
import { formatDuration } from '../primitives/duration.ts';
import { type Principal, vouchFor } from '../primitives/principal.ts';
import { type AnswerName, type Reason, reasons } from '../primitives/refusal.ts';
import { describeChain, describeList, describePrincipal, describeScope, ERASED } from './wording.ts';

/** In order. */
export type StepName =
  | 'request'
  | 'subject token'
  | 'actor token'
  | 'delegation'
  | 'rule'
  | 'proof'
  | 'target'
  | 'scope'
  | 'lifetime'
  | 'claims'
  | 'issuing';

export interface ExplainedStep {
  readonly step: StepName | 'assertion' | 'client' | 'person' | 'result';
  readonly result: 'passed' | 'refused';
  readonly found: string;
}

export interface StepInput {
  readonly event: AuditEvent;
  readonly policy: Policy;
  /** Known for a simulated exchange only. */
  readonly limits: Limits | undefined;
  /** Claims that the rule would have added. */
  readonly leftOut: readonly string[];
}

/** Descriptions of a passed step; undefined if the step did nothing or the row has nothing about it. */
export const describePassed: Readonly<Record<StepName, (input: StepInput) => string | undefined>> = {
  request: ({ event }) => describeRequest(event),
  'subject token': ({ event, policy }) =>
    isErased(event) ? ERASED : event.subject && `is about ${describeToken(event.subject, event.time, policy.issuer)}`,
  'actor token': ({ event, policy }) =>
    isErased(event)
      ? `if there was one, ${ERASED}`
      : event.actor && `is about who acts, ${describeToken(event.actor, event.time, policy.issuer)}`,
  delegation: ({ event, policy }) =>
    isErased(event)
      ? ERASED
      : event.subject &&
        event.mismatches &&
        describeChain(
          event.chain ?? simulateChain(event.subject.chain, event, policy),
          event.subject.sub,
          policy.issuer,
        ),
  rule: ({ event: { rule } }) => rule && `“${rule}” decides`,
  proof: ({ event, limits }) => describeProof(event, limits === undefined ? 'proved' : 'must prove'),
  target: ({ event: { targets } }) => targets && `the token is for ${describeList(targets)}`,
  scope: ({ event: { scopeGiven }, limits }) =>
    scopeGiven && `what the token may do: ${scopeGiven.join(' ') || 'nothing by name'}${describeScopeLimits(limits)}`,
  lifetime: ({ event, limits }) => describeLifetime(event, limits),
  claims: ({ leftOut }) =>
    leftOut.length === 0 ? undefined : `not known, and therefore left out: ${describeList(leftOut)}`,
  issuing: () => undefined,
};

/** Lists the steps, up to the one that refused the request. */
export function explainSteps(input: StepInput): readonly ExplainedStep[] {
  const { reason } = input.event;
  const failed = reason && failedStep(reason, input.event);
  const explained: ExplainedStep[] = [];
  for (const [name, find] of Object.entries(describePassed)) {
    const step = name as StepName;
    if (reason !== undefined && step === failed)
      return [
        ...explained,
        { step: stepShown(step, input.event), result: 'refused', found: describeFailed(reason, step, input) },
      ];
    const found = find(input);
    if (found !== undefined) explained.push({ step: stepShown(step, input.event), result: 'passed', found });
  }
  return explained;
}

export function describeFailed(reason: Reason, step: StepName, { event, limits }: StepInput): string {
  const { parameter, detail = parameter } = event;
  const { meaning } = reasons[reason];
  return `${detail ? `${meaning}: ${detail}` : meaning}${step === 'scope' ? describeScopeLimits(limits) : ''}`;
}

/** An assertion is redeemed in the steps of a subject token. */
export const stepShown = (step: StepName, { grant }: AuditEvent): ExplainedStep['step'] =>
  step === 'subject token' && isRedeeming(grant) ? 'assertion' : step;

/** The step that refused a request, by the public answer. All other requests were refused before any token was read. */
const stepOfAnswer: Partial<Record<AnswerName, StepName>> = {
  subject_token: 'subject token',
  assertion: 'subject token',
  actor_token: 'actor token',
  actor: 'delegation',
  target: 'target',
  scope: 'scope',
};

/** The step by reason, if the answer does not determine it. */
const stepOfReason: Partial<Record<Reason, StepName>> = {
  subject_token_bound: 'proof',
  assertion_bound: 'proof',
  actor_token_bound: 'proof',
  no_rule_for_subject: 'rule',
  rules_too_costly: 'rule',
  rules_inexact: 'rule',
  rules_failed: 'rule',
  denied_by_rule: 'rule',
  denial_cannot_be_told: 'rule',
  subject_claims_elsewhere: 'rule',
  actor_claims_elsewhere: 'rule',
  no_rule_for_actor: 'rule',
  requested_token_type_not_granted: 'rule',
  requested_token_type_needs_grant: 'rule',
  delegation_over: 'lifetime',
  delegation_cannot_be_told: 'lifetime',
  actor_suspended: 'issuing',
  actor_limit_minute: 'issuing',
  actor_limit_day: 'issuing',
  actor_limit_descendants: 'issuing',
  target_malformed: 'request',
  subject_without_name: 'issuing',
  server_needs_proof: 'proof',
  sign_in_too_weak: 'subject token',
  sign_in_too_old: 'subject token',
  scope_malformed: 'request',
};

export function failedStep(reason: Reason, { requestedType, subject, mismatches }: AuditEvent): StepName {
  const { answer } = reasons[reason];
  const known = stepOfReason[reason] ?? stepOfAnswer[answer];
  if (known !== undefined || requestedType === undefined) return known ?? 'request';
  if (answer !== 'dependency' && answer !== 'fault') return 'request';
  // A dependency or the server itself failed during the step after the last recorded one.
  if (subject === undefined) return 'subject token';
  return mismatches === undefined ? 'actor token' : 'issuing';
}

/** Returns the actors that the token of a refused request would have had. */
function simulateChain(
  chain: readonly Principal[],
  { actor, client = '', rule }: AuditEvent,
  policy: Policy,
): readonly Principal[] {
  const clientActs = policy.rules.find(({ name }) => name === rule)?.act === 'client';
  const acting = actor ?? (clientActs ? { iss: policy.issuer, sub: client } : undefined);
  return prependActor(chain.map(vouchFor), acting && { principal: acting, origin: undefined });
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  access_token: 'an access token',
  jwt: 'an access token as JWT',
  id_jag: 'an ID-JAG',
  refresh_token: 'a refresh token',
};

function describeRequest(event: AuditEvent): string | undefined {
  const { client, requestedType, audiencesAsked = [], resourcesAsked = [], scopeAsked } = event;
  if (client === undefined || requestedType === undefined) return undefined;
  const targets = [...audiencesAsked, ...resourcesAsked];
  const target = targets.length === 0 ? 'the first target that its rule grants' : describeList(targets);
  const scope = scopeAsked === undefined ? 'all the scope that is allowed' : describeScope(scopeAsked);
  return `${client} asks for ${TYPE_NAMES[requestedType] ?? requestedType}, for ${target}, with ${scope}`;
}

function describeToken(
  { iss, sub, account, type, declaredType, clientId, scope, chain, expiresAt, unmapped = {} }: TokenTrace,
  time: number,
  self: string,
): string {
  const facts = [
    `issued by ${iss === self ? 'this server' : iss}${clientId === undefined ? '' : ` to ${clientId}`}`,
    account && `who is the account ${account.sub} here`,
    type === declaredType ? `of type ${type}` : `presented as ${declaredType} and proven to be of type ${type}`,
    scope && `with ${describeScope([...scope])}`,
    chain.length > 0 && `acted for by ${chain.map((one) => describePrincipal(one, self)).join(', before that by ')}`,
    `good for another ${formatDuration(expiresAt - Math.floor(time / 1000))}`,
    ...Object.entries(unmapped).map(([claim, why]) => `without the claim ${claim} of its issuer entry (${why})`),
  ];
  return `${sub}: ${facts.filter(Boolean).join(', ')}`;
}

/** Describes the proven key; for a simulated exchange, the key that the caller would have to prove. */
function describeProof(event: AuditEvent, what: 'proved' | 'must prove'): string | undefined {
  const { rule, subject, actor, confirmation, rebound } = event;
  if (rule === undefined) return undefined;
  const found = Object.entries({ subject, actor }).flatMap(([role, token]) =>
    token?.confirmation
      ? [
          `the ${isRedeeming(event.grant) ? 'assertion' : `${role} token`} is bound to ${describeKey(token.confirmation)}`,
        ]
      : [],
  );
  if (confirmation !== undefined)
    found.push(`the caller ${what} ${describeKey(confirmation)}, and the new token is bound to it`);
  if (rebound === 'bearer') found.push('the new token is a bearer token, because the rule says so (rebind: bearer)');
  return found.length === 0 ? undefined : found.join('; ');
}

const LIMIT_SOURCES: Readonly<Record<string, string>> = {
  subject: 'the subject token',
  actor: 'the actor token',
  client: 'the client',
  rule: 'the rule',
  family: 'the refresh token beside it',
  delegation: 'the end of the delegation (limits)',
};

const describeBound = (by: string): string => LIMIT_SOURCES[by] ?? by;

function describeScopeLimits(limits: Limits | undefined): string {
  if (limits === undefined) return '';
  const allowed = limits.scope.map(
    ({ by, scope }) => `${describeBound(by)} allows ${[...scope].join(' ') || 'nothing'}`,
  );
  return `; ${allowed.join('; ')}`;
}

function describeLifetime({ issued, time, outcome }: AuditEvent, limits: Limits | undefined): string | undefined {
  if (outcome !== 'issued') return undefined;
  const [main] = issued ?? [];
  if (main !== undefined) return formatDuration(main.expiresAt - Math.floor(time / 1000));
  if (limits === undefined) return undefined;
  const least = formatDuration(Math.min(...limits.lifetime.map(({ seconds }) => seconds)));
  const all = limits.lifetime.map(({ by, seconds }) => `${describeBound(by)} allows ${formatDuration(seconds)}`);
  return `${least}; ${all.join('; ')}`;
}
