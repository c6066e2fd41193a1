// Lists every step of an exchange in order, each passed, failed or not reached, for a checklist.
import type { AuditEvent } from '../audit/event.ts';
import { type AnswerName, type Reason, reasons } from '../primitives/refusal.ts';
import { describeFailed, describePassed, failedStep, type StepInput, type StepName, stepShown } from './steps.ts';

export const PIPELINE = [
  'client',
  'request',
  'subject token',
  'actor token',
  'delegation',
  'rule',
  'proof',
  'target',
  'scope',
  'lifetime',
  'claims',
  'issuing',
] as const satisfies readonly (StepName | 'client')[];

export type PipelineStep = (typeof PIPELINE)[number];

export interface PipelineState {
  readonly step: PipelineStep | 'assertion';
  readonly state: 'passed' | 'failed' | 'not reached';
  /** Absent if the step was not reached. */
  readonly found?: string;
}

/** What a step found that had nothing to do. */
const NOTHING: Readonly<Record<PipelineStep, string>> = {
  client: 'the client is known and may use the grant',
  request: 'the parameters are complete',
  'subject token': 'its subject token is valid',
  'actor token': 'there is no actor token',
  delegation: 'nobody new acts',
  rule: 'a rule decides',
  proof: 'no key has to be proved, and the new token is a bearer token',
  target: 'the target is granted',
  scope: 'the scope is granted',
  lifetime: 'no limit ends it',
  claims: 'no claim of the rule is left out',
  issuing: 'the token can be issued',
};

export function listPipeline(input: StepInput): readonly PipelineState[] {
  const { event } = input;
  const { reason } = event;
  const failed = reason === undefined ? PIPELINE.length : PIPELINE.indexOf(failedIn(reason, event));
  return PIPELINE.map((step, index): PipelineState => {
    const name = step === 'client' ? step : (stepShown(step, event) as PipelineState['step']);
    if (index > failed) return { step: name, state: 'not reached' };
    if (index === failed && reason !== undefined)
      return {
        step: name,
        state: 'failed',
        found: describeFailed(reason, step === 'client' ? 'request' : step, input),
      };
    const found = step === 'client' ? describeClient(event) : describePassed[step](input);
    return { step: name, state: 'passed', found: found ?? NOTHING[step] };
  });
}

const describeClient = ({ client, clientClaimed, grant }: AuditEvent): string | undefined => {
  const name = client ?? clientClaimed;
  return name === undefined || grant === undefined ? undefined : `${name} may use the grant ${grant}`;
};

/** Answers that only concern the client. */
const CLIENT_ANSWERS: ReadonlySet<AnswerName> = new Set<AnswerName>(['client', 'client_document', 'client_missing']);

const CLIENT_REASONS: ReadonlySet<Reason> = new Set<Reason>([
  'client_unknown',
  'client_disabled',
  'client_suspended',
  'grant_not_allowed',
  'public_client_not_allowed',
  'public_client_disabled',
]);

/** A step fails at the latest where the row ends: a later one cannot have been reached. */
function failedIn(reason: Reason, event: AuditEvent): PipelineStep {
  if (CLIENT_REASONS.has(reason) || CLIENT_ANSWERS.has(reasons[reason].answer)) return 'client';
  const step = failedStep(reason, event);
  const isAfter = (other: PipelineStep): boolean => PIPELINE.indexOf(step) > PIPELINE.indexOf(other);
  // The name of another authorization server is checked before the token is read.
  if (event.subject === undefined && isAfter('subject token')) return 'request';
  // If no rule decides, it was the rules that refused.
  return event.rule === undefined && isAfter('rule') ? 'rule' : step;
}
