// Completes the audit record of a refusal, and commits it. Refusals with which callers could flood the log are counted instead.
import type { AuditEvent } from '../audit/event.ts';
import { recordSent } from '../audit/sent.ts';
import { publicAnswer, type Refusal, reasons } from '../primitives/refusal.ts';
import type { HttpServices } from './endpoint.ts';
import { toRefusal } from './render.ts';

/** @returns the refusal to answer with: another one if the record of this one could not be written */
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
  // There are thousands of overload refusals at once, and metrics count them.
  if (refusal.reason === 'overload') return refusal;
  // Anyone can request unknown paths without limit: one row a second stands for all requests of a caller.
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
