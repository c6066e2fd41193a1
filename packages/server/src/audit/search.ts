// Which rows does somebody ask for? By who, what and when; the newest first, a page at a time.
import type { Principal } from '../primitives/principal.ts';
import { type AuditPlace, type AuditTerms, searchAuditRows } from '../store/audit-rows.ts';
import type { AuditRow, Database } from '../store/schema.ts';
import type { AuditEvent } from './event.ts';
import { eventOf } from './row.ts';
import { SEVERAL, termOf } from './term.ts';

/** All that are given must hold. */
export interface AuditFilter {
  readonly requestId?: string;
  /** The `sub` of the subject token, or of the issued one. */
  readonly subject?: string;
  /** The `sub` of anybody who acts. */
  readonly actor?: string;
  /** The `iss` of that subject, or of that actor; of any subject where neither is named. */
  readonly issuer?: string;
  readonly client?: string;
  /** Of what was issued; of what was asked for where nothing was. */
  readonly audience?: string;
  readonly outcome?: string;
  readonly reason?: string;
  readonly rule?: string;
  /** Milliseconds since 1970, this one included. */
  readonly since?: number;
  /** This one excluded. */
  readonly until?: number;
}

export interface FoundEvent {
  readonly event: AuditEvent;
  readonly row: AuditRow;
}

export interface FoundPage {
  readonly found: readonly FoundEvent[];
  /** Where the next page begins; undefined where there is none. A page may hold less than was asked for, and not be the last. */
  readonly next: string | undefined;
}

/** @throws Error where the cursor is none of ours */
export async function searchEvents(
  database: Database,
  filter: AuditFilter,
  { cursor, limit }: { cursor?: string | undefined; limit: number },
): Promise<FoundPage> {
  const before = cursor === undefined ? undefined : parseCursor(cursor);
  const pages = await Promise.all(
    alternatives(filter).map((terms) => searchAuditRows(database, terms, { before, limit })),
  );
  const rows = [...new Map(pages.flat().map((row) => [row.sequence, row])).values()].toSorted(newestFirst);
  // An alternative that has more may have it just behind its last row: beyond that, nothing is known of the others' order.
  const ends = pages.flatMap((page) => (page.length === limit ? (page.at(-1) ?? []) : []));
  const known = rows.filter((row) => ends.every((end) => newestFirst(row, end) <= 0)).slice(0, limit);
  const last = known.at(-1);
  return {
    found: known.map((row) => ({ row, event: eventOf(row) })).filter(({ event }) => matches(event, filter)),
    next: last !== undefined && (ends.length > 0 || known.length < rows.length) ? formatCursor(last) : undefined,
  };
}

const newestFirst = (a: AuditPlace, b: AuditPlace): number => b.time - a.time || b.sequence - a.sequence;

/** A name may stand in one of several places, and each has an index of its own. */
function alternatives({ requestId, outcome, reason, since, until, ...filter }: AuditFilter): readonly AuditTerms[] {
  const fixed: AuditTerms = {
    ...(requestId !== undefined && { request_id: requestId }),
    ...(outcome !== undefined && { outcome }),
    ...(reason !== undefined && { reason }),
    ...(filter.client !== undefined && { client: termOf(filter.client) }),
    ...(filter.rule !== undefined && { rule: termOf(filter.rule) }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
  };
  const subject = termOf(filter.subject);
  const places: readonly (readonly AuditTerms[])[] = [
    subject === null ? [{}] : [{ subject }, { principal: subject }],
    ...(['actor', 'audience'] as const).map((column) => {
      const term = termOf(filter[column]);
      return term === null ? [{}] : [{ [column]: term }, { [column]: SEVERAL }];
    }),
  ];
  return places.reduce<readonly AuditTerms[]>(
    (all, place) => all.flatMap((one) => place.map((terms) => ({ ...one, ...terms }))),
    [fixed],
  );
}

/** What no column tells. */
function matches(event: AuditEvent, { subject, actor, issuer, audience }: AuditFilter): boolean {
  const { chain = [], targets, audiencesAsked = [], resourcesAsked = [] } = event;
  const isNamed = (name: string | undefined, among: readonly (Principal | undefined)[]): boolean =>
    among.some((one) => (name ?? one?.sub) === one?.sub && (issuer ?? one?.iss) === one?.iss);
  const asksSubject = subject !== undefined || (issuer !== undefined && actor === undefined);
  return (
    (!asksSubject || isNamed(subject, [event.subject, event.principal])) &&
    (actor === undefined || isNamed(actor, [...chain, event.actor])) &&
    (audience === undefined || (targets ?? [...audiencesAsked, ...resourcesAsked]).includes(audience))
  );
}

const CURSOR = /^(\d{1,16})\.(\d{1,16})$/;

const formatCursor = ({ time, sequence }: AuditPlace): string =>
  Buffer.from(`${time}.${sequence}`).toString('base64url');

/** Whether a search could have given it. */
export const isCursor = (text: string): boolean => CURSOR.test(Buffer.from(text, 'base64url').toString('latin1'));

function parseCursor(text: string): AuditPlace {
  const [, time, sequence] = CURSOR.exec(Buffer.from(text, 'base64url').toString('latin1')) ?? [];
  if (time === undefined || sequence === undefined) throw new Error('the cursor is none that a search gave');
  return { time: Number(time), sequence: Number(sequence) };
}
