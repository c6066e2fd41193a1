// Finds the audit row of a request, also one that is counted and not written yet.
import { setTimeout as wait } from 'node:timers/promises';
import type { AuditEvent } from '../../audit/event.ts';
import { describeMissingRow, NOT_A_REQUEST_ID, normalRequestId, timeOfRequest } from '../../explain/missing.ts';
import { isName } from '../../primitives/principal.ts';
import { redactTokens } from '../../primitives/redact.ts';
import { Refusal } from '../../primitives/refusal.ts';
import type { HttpServices } from '../endpoint.ts';

/** Time within which a counted row is written, by this node or another one. */
const ROW_DELAY_MS = 1200;

/** @throws Refusal admin_item_unknown */
export async function findRow(text: string, { admin, throttled, clock }: HttpServices): Promise<AuditEvent> {
  const id = normalRequestId(text);
  // PostgreSQL cannot compare a text that has a NUL.
  if (!isName(id)) throw new Refusal('admin_item_unknown', { detail: NOT_A_REQUEST_ID });
  const find = async (): Promise<AuditEvent | undefined> => {
    const found = await admin.findEvent(id);
    if (found !== undefined) return found;
    await throttled.flush();
    return admin.findEvent(id);
  };
  const event = await find();
  if (event !== undefined) return event;
  const age = clock() - (timeOfRequest(id) ?? 0);
  if (age >= 0 && age < ROW_DELAY_MS) await wait(ROW_DELAY_MS);
  const late = age >= 0 && age < ROW_DELAY_MS ? await find() : undefined;
  if (late !== undefined) return late;
  throw new Refusal('admin_item_unknown', { detail: describeMissingRow(redactTokens(id)) });
}
