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
  /** Ids of tokens: that were issued, presented or revoked. Rows with one of them. */
  readonly tokens?: readonly string[];
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
  const all = pages.flatMap(({ rows }) => rows);
  const rows = [...new Map(all.map((row) => [row.sequence, row])).values()].toSorted(newestFirst);
  // An alternative that has more may have it just behind its end: beyond that, nothing is known of the others' order.
  const [end] = pages.flatMap((page) => page.end ?? []).toSorted(newestFirst);
  const known = rows.filter((row) => end === undefined || newestFirst(row, end) <= 0);
  const page = known.slice(0, limit);
  const next = page.length < known.length ? page.at(-1) : end;
  return {
    found: page.map((row) => ({ row, event: eventOf(row) })).filter(({ event }) => matches(event, filter)),
    next: next && formatCursor(next),
  };
}

const newestFirst = (a: AuditPlace, b: AuditPlace): number => b.time - a.time || b.sequence - a.sequence;

/** A name may stand in one of several places, and each has an index of its own. */
function alternatives({
  requestId,
  outcome,
  reason,
  since,
  until,
  tokens,
  ...filter
}: AuditFilter): readonly AuditTerms[] {
  const fixed: AuditTerms = {
    ...(requestId !== undefined && { request_id: requestId }),
    ...(outcome !== undefined && { outcome }),
    ...(reason !== undefined && { reason }),
    ...(filter.client !== undefined && { client: termOf(filter.client) }),
    ...(filter.rule !== undefined && { rule: termOf(filter.rule) }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
    ...(tokens !== undefined && { mentions: tokens.map((id) => JSON.stringify(id).slice(1, -1)) }),
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

/** Ids of the tokens that a row is about, and of the agreement that a code stood for. */
export const tokensOf = ({ issued = [], subject, actor, agreement, revoked }: AuditEvent): readonly string[] =>
  [...issued.map(({ id }) => id), subject?.id, actor?.id, agreement, revoked].filter((id) => id !== undefined);

/** What no column tells. */
function matches(event: AuditEvent, { subject, actor, issuer, audience, tokens }: AuditFilter): boolean {
  const { chain = [], targets, audiencesAsked = [], resourcesAsked = [] } = event;
  const isNamed = (name: string | undefined, among: readonly (Principal | undefined)[]): boolean =>
    among.some((one) => (name ?? one?.sub) === one?.sub && (issuer ?? one?.iss) === one?.iss);
  const asksSubject = subject !== undefined || (issuer !== undefined && actor === undefined);
  return (
    (!asksSubject || isNamed(subject, [event.subject, event.principal])) &&
    (actor === undefined || isNamed(actor, [...chain, event.actor])) &&
    (tokens === undefined || tokensOf(event).some((id) => tokens.includes(id))) &&
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
