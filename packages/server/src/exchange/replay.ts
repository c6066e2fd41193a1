// What would a changed file have decided? Recorded exchanges judged again by other rules, and where the answer differs.
import type { AuditEvent } from '../audit/event.ts';
import type { Clients } from '../client-auth/client.ts';
import { judgeImagined, recall } from './imagine.ts';
import type { JudgeContext } from './judge.ts';

export interface ChangedDecision {
  readonly requestId: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly client: string;
  readonly subject: string;
  readonly before: string;
  readonly after: string;
}

/** @returns undefined where the event is not one that rules decided */
export function replay(
  event: AuditEvent,
  context: Omit<JudgeContext, 'now'> & { readonly clients: Clients },
): ChangedDecision | 'same' | undefined {
  const { clients, issuer } = context;
  const judged = recall(event, clients, issuer);
  if (judged === undefined || event.subject === undefined) return undefined;
  const now = Math.floor(event.time / 1000);
  const imagined = { time: event.time, requestId: '', address: '', action: 'none' } as const;
  const { reason, rule, scope, targets } = judgeImagined(judged, { ...context, now }, { ...imagined });
  const before = describe(event.reason, event.rule, event.scopeGiven ?? [], event.targets ?? []);
  const after = describe(reason, rule, scope, targets);
  if (before === after) return 'same';
  const { requestId, time, client = '', subject } = event;
  return { requestId, time, client, subject: `${subject.sub} of ${subject.iss}`, before, after };
}

const describe = (
  reason: string | undefined,
  rule: string | undefined,
  scope: readonly string[],
  targets: readonly string[],
): string =>
  reason === undefined
    ? `allowed by “${rule}”: ${scope.toSorted().join(' ') || 'no scope'} at ${targets.toSorted().join(', ')}`
    : `refused: ${reason}`;
