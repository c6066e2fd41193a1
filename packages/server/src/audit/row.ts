// How does an event become a row, and a row an event again? What tells of a person stands apart from the rest, and beside
// both the few columns that are searched.
import { isDeepStrictEqual } from 'node:util';
import { parseOwnJson } from '../primitives/strict-json.ts';
import type { AuditColumns, AuditRow, AuditTexts } from '../store/schema.ts';
import type { AuditEvent } from './event.ts';
import { personalFields } from './fields.ts';
import { termOf } from './term.ts';

/** @param salt makes the digest of what is personal tell nothing once both are gone: nobody can try names against it */
export function textsOf(event: AuditEvent, salt: string): AuditTexts {
  const open: Record<string, unknown> = {};
  const personal: Record<string, unknown> = { salt };
  for (const [name, value] of Object.entries(event)) (personalFields.has(name) ? personal : open)[name] = value;
  return { event: JSON.stringify(open), personal: JSON.stringify(personal) };
}

/** Of an erased row, what is left. */
export function eventOf({ event, personal }: { event: string; personal: string | null }): AuditEvent {
  if (personal === null) return parseOwnJson(event);
  const { salt: _, ...fields } = parseOwnJson<Record<string, unknown>>(personal);
  return { ...parseOwnJson<AuditEvent>(event), ...fields };
}

/** Names of the columns that say another thing than the event. None for an event that cannot be read, which its hash tells. */
export function differingColumns(row: AuditRow): readonly string[] {
  const derived = deriveColumns(row);
  return Object.entries(derived ?? {})
    .filter(([column, value]) => !isDeepStrictEqual(row[column as keyof AuditRow], value))
    .map(([column]) => column);
}

function deriveColumns(row: AuditRow): AuditColumns | undefined {
  try {
    return columnsOf(eventOf(row));
  } catch {
    return undefined;
  }
}

/** Derived from the event alone, so that whoever verifies can derive them again. */
export function columnsOf(event: AuditEvent): AuditColumns {
  const { time, requestId, outcome, reason, client, rule, subject, principal, chain, actor } = event;
  const asked = [...(event.audiencesAsked ?? []), ...(event.resourcesAsked ?? [])];
  return {
    time,
    request_id: requestId,
    outcome: outcome ?? 'failed',
    reason: reason ?? null,
    client: termOf(client),
    rule: termOf(rule),
    audience: termOf(...(event.targets ?? asked)),
    subject: termOf(subject?.sub ?? principal?.sub),
    principal: subject === undefined || principal?.sub === subject.sub ? null : termOf(principal?.sub),
    actor: termOf(...(chain ?? []).map(({ sub }) => sub), actor?.sub),
  };
}
