// Converts an event to a row and back. Personal fields are stored apart from the others; a few columns are for searching.
import { isDeepStrictEqual } from 'node:util';
import { parseOwnJson } from '../primitives/strict-json.ts';
import type { AuditColumns, AuditRow, AuditTexts } from '../store/schema.ts';
import { type AuditEvent, partiesOf } from './event.ts';
import { personalFields } from './fields.ts';
import { termOf } from './term.ts';

/** @param salt erased with the personal fields, so that nobody can test names against their digest */
export function textsOf(event: AuditEvent, salt: string): AuditTexts {
  const open: Record<string, unknown> = {};
  const personal: Record<string, unknown> = { salt };
  for (const name of Object.keys(event) as (keyof AuditEvent)[])
    (personalFields.has(name) ? personal : open)[name] = event[name];
  return { event: JSON.stringify(open), personal: JSON.stringify(personal) };
}

/** Reads a row. An erased row has no personal fields. */
export function eventOf({ event, personal }: { event: string; personal: string | null }): AuditEvent {
  if (personal === null) return parseOwnJson(event);
  const { salt: _, ...fields } = parseOwnJson<Record<string, unknown>>(personal);
  return { ...parseOwnJson<AuditEvent>(event), ...fields };
}

/** Names the columns that differ from the event. Returns none for an unreadable event, whose hash is checked elsewhere. */
export function differingColumns(row: AuditRow): readonly string[] {
  const derived = deriveColumns(row);
  return Object.entries(derived ?? {})
    .filter(([column, value]) => !isDeepStrictEqual(row[column as keyof AuditRow], value))
    .map(([column]) => column);
}

/** Completes a sentence about a row. @param column one that `differingColumns` named */
export const describeColumn = (column: string): string => `has another ${column} in its column than in its event`;

function deriveColumns(row: AuditRow): AuditColumns | undefined {
  try {
    return columnsOf(eventOf(row));
  } catch {
    return undefined;
  }
}

/** Derives the columns from the event alone, so that a verifier can derive them again. */
export function columnsOf(event: AuditEvent): AuditColumns {
  const { time, requestId, outcome, reason, client, rule, subject, principal, chain, actor } = event;
  // An operator's row names the operator and a party; that of an exchange the subject, and its name in our tokens.
  const parties = termOf(...partiesOf(event).map(({ sub }) => sub));
  const names = [parties, termOf(subject?.sub), termOf((principal ?? subject?.account)?.sub)];
  const first = names.find((name) => name !== null) ?? null;
  return {
    time,
    request_id: requestId,
    outcome: outcome ?? 'failed',
    reason: reason ?? null,
    client: termOf(client),
    rule: termOf(rule),
    audience: termOf(...(event.targets ?? targetsAsked(event)), event.grantFor?.issuer),
    subject: first,
    principal: names.find((name) => name !== null && name !== first) ?? null,
    actor: termOf(...(chain ?? []).map(({ sub }) => sub), actor?.sub),
  };
}

const targetsAsked = ({ audiencesAsked = [], resourcesAsked = [] }: AuditEvent): readonly string[] => [
  ...audiencesAsked,
  ...resourcesAsked,
];
