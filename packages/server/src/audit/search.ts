// Searches audit rows by person, client, token, outcome and time; newest first, in pages.
import type { Principal } from '../primitives/principal.ts';
import { readIndexState } from '../store/audit-index.ts';
import {
  type AuditPlace,
  type AuditTerms,
  findTimeAt,
  newestFirst,
  searchAuditRows,
  type Unindexed,
} from '../store/audit-search.ts';
import type { AuditRow, Database } from '../store/schema.ts';
import { type AuditEvent, partiesOf } from './event.ts';
import { eventOf } from './row.ts';
import { SEVERAL, termOf } from './term.ts';

/** Filters are combined with AND. */
export interface AuditFilter {
  readonly requestId?: string;
  /** The `sub` of the subject token or of the issued token, or of a party that a change was about. */
  readonly subject?: string;
  /** The `sub` of an actor anywhere in the chain. */
  readonly actor?: string;
  /** The `iss` of that subject or actor; of any subject if neither is given. */
  readonly issuer?: string;
  readonly client?: string;
  /** An audience of the issued token, such as another authorization server, or a requested one if no token was issued. */
  readonly audience?: string;
  /** A row must have one of them. */
  readonly outcome?: string | readonly string[];
  readonly reason?: string;
  readonly rule?: string;
  /** Ids of issued, presented or revoked tokens. A row must have one of them. */
  readonly tokens?: readonly string[];
  /** Milliseconds since 1970, inclusive. */
  readonly since?: number;
  /** Milliseconds since 1970, exclusive. */
  readonly until?: number;
}

export interface FoundEvent {
  readonly event: AuditEvent;
  readonly row: AuditRow;
}

export interface FoundPage {
  readonly found: readonly FoundEvent[];
  /** Cursor of the next page; undefined on the last page. Any page may hold fewer rows than `limit`. */
  readonly next: string | undefined;
  /** The sequence number of the last row that was searched; undefined if all were, also those that are not in the index yet. */
  readonly searchedTo: number | undefined;
}

/** A row of the audit, by its number in the order of writing, and its time. */
export interface RowMark {
  readonly position: number;
  /** ISO 8601; undefined if there is no such row. */
  readonly time: string | undefined;
}

/** How far a search for a person to read came. */
export interface Coverage {
  /** The last row of the index. Newer rows were read one by one. */
  readonly indexedUpTo: RowMark;
  /** The last row that was searched; undefined if all were. Too many rows are not in the index yet. */
  readonly searchedUpTo: RowMark | undefined;
}

/** Searches in bounded time, also while many rows are not in the index, and says how far. @throws Error if the cursor is invalid */
export async function searchEventsInTime(
  database: Database,
  filter: AuditFilter,
  page: { cursor?: string | undefined; limit: number },
): Promise<FoundPage & Coverage> {
  const markOf = async (position: number): Promise<RowMark> => {
    const time = await findTimeAt(database, position);
    return { position, time: time === undefined ? undefined : new Date(time).toISOString() };
  };
  const indexedUpTo = await markOf((await readIndexState(database)).position);
  const found = await searchEvents(database, filter, { ...page, unindexed: 'bounded' });
  const { searchedTo } = found;
  return { ...found, indexedUpTo, searchedUpTo: searchedTo === undefined ? undefined : await markOf(searchedTo) };
}

/** @throws Error if the cursor is invalid */
export async function searchEvents(
  database: Database,
  filter: AuditFilter,
  { cursor, limit, unindexed = 'all' }: { cursor?: string | undefined; limit: number; unindexed?: Unindexed },
): Promise<FoundPage> {
  const before = cursor === undefined ? undefined : parseCursor(cursor);
  const pages = await Promise.all(
    alternatives(filter).map((terms) => searchAuditRows(database, terms, { before, limit, unindexed })),
  );
  const all = pages.flatMap(({ rows }) => rows);
  const rows = [...new Map(all.map((row) => [row.sequence, row])).values()].toSorted(newestFirst);
  // Stop at the first end of an alternative that has more rows: its next row may come right after.
  const [end] = pages.flatMap((page) => page.end ?? []).toSorted(newestFirst);
  const known = rows.filter((row) => end === undefined || newestFirst(row, end) <= 0);
  const page = known.slice(0, limit);
  const next = page.length < known.length ? page.at(-1) : end;
  return {
    found: page.map((row) => ({ row, event: eventOf(row) })).filter(({ event }) => matches(event, filter)),
    next: next && formatCursor(next),
    searchedTo: pages.flatMap(({ searchedTo }) => searchedTo ?? []).toSorted((a, b) => a - b)[0],
  };
}

/** Returns one search for each index that may hold a name. */
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
    ...(reason !== undefined && { reason }),
    ...(filter.client !== undefined && { client: termOf(filter.client) }),
    ...(filter.rule !== undefined && { rule: termOf(filter.rule) }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
    ...(tokens !== undefined && { tokens }),
  };
  const subject = termOf(filter.subject);
  const places: readonly (readonly AuditTerms[])[] = [
    outcome === undefined ? [{}] : [outcome].flat().map((one) => ({ outcome: one })),
    subject === null ? [{}] : [{ subject }, { principal: subject }, { subject: SEVERAL }],
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

const TOKEN_ID = /^[\w-]{1,64}$/;

/** Has the text the form of a token id: a `jti` of ours, a UUID, or a digest? All have 36 or 43 characters. */
export const isTokenId = (text: string): boolean => TOKEN_ID.test(text);

/** Ids of the tokens that a row names, and of the agreement of a code. */
export const tokensOf = ({ issued = [], subject, actor, agreement, revoked }: AuditEvent): readonly string[] =>
  [...issued.map(({ id }) => id), subject?.id, actor?.id, agreement, revoked].filter((id) => id !== undefined);

/** Checks the parts of the filter that no column holds. */
function matches(event: AuditEvent, { subject, actor, issuer, audience, tokens }: AuditFilter): boolean {
  const { chain = [], targets, grantFor, audiencesAsked = [], resourcesAsked = [] } = event;
  const isNamed = (name: string | undefined, among: readonly (Principal | undefined)[]): boolean =>
    among.some((one) => (name ?? one?.sub) === one?.sub && (issuer ?? one?.iss) === one?.iss);
  const asksSubject = subject !== undefined || (issuer !== undefined && actor === undefined);
  return (
    (!asksSubject || isNamed(subject, [event.subject, event.subject?.account, event.principal, ...partiesOf(event)])) &&
    (actor === undefined || isNamed(actor, [...chain, event.actor])) &&
    (tokens === undefined || tokensOf(event).some((id) => tokens.includes(id))) &&
    (audience === undefined ||
      grantFor?.issuer === audience ||
      (targets ?? [...audiencesAsked, ...resourcesAsked]).includes(audience))
  );
}

const CURSOR = /^(\d{1,16})\.(\d{1,16})$/;

const formatCursor = ({ time, sequence }: AuditPlace): string =>
  Buffer.from(`${time}.${sequence}`).toString('base64url');

/** Has the text the form of a cursor? */
export const isCursor = (text: string): boolean => CURSOR.test(Buffer.from(text, 'base64url').toString('latin1'));

function parseCursor(text: string): AuditPlace {
  const [, time, sequence] = CURSOR.exec(Buffer.from(text, 'base64url').toString('latin1')) ?? [];
  if (time === undefined || sequence === undefined) throw new Error('not a cursor of a search');
  return { time: Number(time), sequence: Number(sequence) };
}
