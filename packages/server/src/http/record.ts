// Completes the audit record of a refusal, and commits it; where callers could flood the log, refusals are counted.
import type { AuditEvent } from '../audit/event.ts';
import { recordSent } from '../audit/sent.ts';
import { publicAnswer, type Refusal, reasons } from '../primitives/refusal.ts';
import type { HttpServices } from './endpoint.ts';
import { toRefusal } from './render.ts';

/** @returns the refusal to answer with: another one where not even the record of this one could be written. */
export async function recordRefusal(
  refusal: Refusal,
  event: AuditEvent,
  { audit, throttled, clock }: Pick<HttpServices, 'audit' | 'throttled' | 'clock'>,
): Promise<Refusal> {
  const sent = recordSent(refusal.sent);
  const failed = publicAnswer(refusal, 'invalid_grant').status >= 500;
  Object.assign(event, {
    outcome: failed ? 'failed' : 'refused',
    reason: refusal.reason,
    ...(refusal.parameter !== undefined && { parameter: refusal.parameter }),
    ...(refusal.detail !== undefined && { detail: refusal.detail }),
    ...(sent !== undefined && { sent }),
    ...(refusal.client !== undefined && { client: refusal.client }),
    ...(refusal.clientClaimed !== undefined && { clientClaimed: refusal.clientClaimed }),
    duration: clock() - event.time,
  } satisfies Partial<AuditEvent>);
  // Of overload there are thousands of refusals at once, and metrics count them.
  if (refusal.reason === 'overload') return refusal;
  // Anyone can ask for paths that do not exist as often as they like: one row a second stands for all of a caller.
  if (event.action === 'other' || reasons[refusal.reason].answer === 'too_many') {
    throttled.count(event);
    return refusal;
  }
  try {
    await audit.append(event);
    return refusal;
  } catch (error) {
    if (failed) return refusal;
    const other = toRefusal(error);
    event.reason = other.reason;
    event.outcome = 'failed';
    return other;
  }
}
