// Finds the rows that belong together with the row of a request: of the same request, the same request of the caller, or its tokens.
import { findCallerRows } from '../store/audit-lineage.ts';
import type { Database } from '../store/schema.ts';
import type { AuditEvent } from './event.ts';
import { eventOf } from './row.ts';
import { isTokenId, searchEvents, tokensOf } from './search.ts';

export interface Sibling {
  /** Why it belongs to the row. */
  readonly by: 'request' | 'caller_request' | 'token';
  readonly event: AuditEvent;
}

export interface EventWithSiblings {
  readonly event: AuditEvent;
  /** Newest first. */
  readonly siblings: readonly Sibling[];
}

const MAX_ROWS = 20;
const MAX_TOKENS = 16;

/** @returns undefined if no row has the id */
export async function findWithSiblings(database: Database, requestId: string): Promise<EventWithSiblings | undefined> {
  const page = { limit: MAX_ROWS };
  const [first, ...others] = (await searchEvents(database, { requestId }, page)).found;
  if (first === undefined) return undefined;
  const { event } = first;
  const tokens = tokensOf(event).filter(isTokenId).slice(0, MAX_TOKENS);
  const byToken = tokens.length === 0 ? [] : (await searchEvents(database, { tokens }, page)).found;
  const caller = event.callerRequestId;
  const byCaller = caller === undefined ? [] : await findCallerRows(database, caller, MAX_ROWS);
  const all = new Map<number, Sibling>();
  const add = (by: Sibling['by'], sequence: number, sibling: AuditEvent): void => {
    if (sequence !== first.row.sequence && !all.has(sequence)) all.set(sequence, { by, event: sibling });
  };
  for (const { row, event: one } of others) add('request', row.sequence, one);
  for (const row of byCaller) add('caller_request', row.sequence, eventOf(row));
  for (const { row, event: one } of byToken) add('token', row.sequence, one);
  return { event, siblings: [...all.values()].toSorted((a, b) => b.event.time - a.event.time).slice(0, MAX_ROWS) };
}
