// Searches audit rows by person, client, token, outcome and time; newest first, in pages.
import type { Principal } from '../primitives/principal.ts';
import type { AuditPlace, AuditTerms } from '../store/audit-conditions.ts';
import { readIndexState } from '../store/audit-index.ts';
import { findTimeAt, newestFirst, searchAuditRows, type Unindexed } from '../store/audit-search.ts';
import { findSettled } from '../store/audit-settled.ts';
import { readTail } from '../store/audit-tail.ts';
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
  /** The `iss` of that subject, actor or party; of any subject if none is given. */
  readonly issuer?: string;
  readonly client?: string;
  /** The `sub` of a party at any position: the subject, an actor, or the client. */
  readonly party?: string;
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
  /** The last row, by its number in the order of writing. */
  readonly through?: number;
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
  /**
   * The pages of this search have no row after this one, and all matching rows up to it, so that `searchAfter` continues there.
   * Undefined if a transaction with an earlier row takes long.
   */
  readonly position: number | undefined;
}

/** The last row before which none can appear any more. Only the primary knows. @returns undefined if a transaction takes long */
export const findSettledRow = (primary: Database): Promise<number | undefined> => findSettled(primary, MAX_CHECKS);

/**
 * Searches in bounded time, also while many rows are not in the index, and says how far.
 * @param page.settled of the first page, from `findSettledRow`. Other pages have it in the cursor
 * @throws Error if the cursor is invalid
 */
export async function searchEventsInTime(
  database: Database,
  filter: AuditFilter,
  { settled, ...page }: { cursor?: string | undefined; limit: number; settled: number | undefined },
): Promise<FoundPage & Coverage> {
  const through = page.cursor === undefined ? settled : parseCursor(page.cursor).through;
  const indexedUpTo = await findIndexedUpTo(database);
  const bounded = { ...filter, ...(through !== undefined && { through }) };
  const found = await searchEvents(database, bounded, { ...page, unindexed: 'bounded' });
  const { searchedTo } = found;
  return {
    ...found,
    indexedUpTo,
    searchedUpTo: searchedTo === undefined ? undefined : await markOf(database, searchedTo),
    position: through,
  };
}

/** A caller waits this many times for transactions with earlier rows. */
const MAX_CHECKS = 8;

/** The last row of the index. */
export const findIndexedUpTo = async (database: Database): Promise<RowMark> =>
  markOf(database, (await readIndexState(database)).position);

export async function markOf(database: Database, position: number): Promise<RowMark> {
  const time = await findTimeAt(database, position);
  return { position, time: time === undefined ? undefined : new Date(time).toISOString() };
}

export interface NewEvents {
  /** In the order of writing. */
  readonly found: readonly FoundEvent[];
  /** The next call continues after this row. */
  readonly position: number;
  /** Has the next call rows already? */
  readonly more: boolean;
  /** The last row of the search index. */
  readonly indexedUpTo: RowMark;
}

/**
 * Finds the rows after one, in the order of writing: calls one after another miss no row and find none twice.
 * @param settled from `findSettledRow`
 */
export async function searchAfter(
  database: Database,
  filter: AuditFilter,
  { after, limit, settled }: { readonly after: number; readonly limit: number; readonly settled: number | undefined },
): Promise<NewEvents> {
  const indexedUpTo = await findIndexedUpTo(database);
  if (settled === undefined || settled <= after) return { found: [], position: after, more: false, indexedUpTo };
  const { rows, end } = await readTail(database, alternatives(filter), { after, through: settled, limit });
  const found = rows.map((row) => ({ row, event: eventOf(row) })).filter(({ event }) => matches(event, filter));
  return { found, position: end, more: end < settled, indexedUpTo };
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
    next: next && formatCursor(next, filter.through),
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
  through,
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
    ...(through !== undefined && { through }),
    ...(tokens !== undefined && { tokens }),
  };
  const [subject, party] = [termOf(filter.subject), termOf(filter.party)];
  const places: readonly (readonly AuditTerms[])[] = [
    outcome === undefined ? [{}] : [outcome].flat().map((one) => ({ outcome: one })),
    subject === null ? [{}] : [{ subject }, { principal: subject }, { subject: SEVERAL }],
    party === null ? [{}] : partyTerms(party),
    ...(['actor', 'audience'] as const).map((column) => {
      const term = termOf(filter[column]);
      return term === null ? [{}] : [{ [column]: term }, { [column]: SEVERAL }];
    }),
  ];
  return places.reduce<readonly AuditTerms[]>(
    (all, place) => all.flatMap((one) => place.flatMap((terms) => bothOf(one, terms))),
    [fixed],
  );
}

/** The columns in which a party may stand. */
const partyTerms = (party: string): readonly AuditTerms[] => [
  ...[{ subject: party }, { principal: party }, { subject: SEVERAL }, { actor: party }, { actor: SEVERAL }],
  { client: party },
];

/** Combines terms; none if they want different values of a column. */
function bothOf(one: AuditTerms, other: AuditTerms): readonly AuditTerms[] {
  const differ = Object.entries(other).some(([column, value]) => (one[column as keyof AuditTerms] ?? value) !== value);
  return differ ? [] : [{ ...one, ...other }];
}

const TOKEN_ID = /^[\w-]{1,64}$/;

/** Has the text the form of a token id: a `jti` of ours, a UUID, or a digest? All have 36 or 43 characters. */
export const isTokenId = (text: string): boolean => TOKEN_ID.test(text);

/** Ids of the tokens that a row names, and of the agreement of a code. */
export const tokensOf = ({ issued = [], subject, actor, agreement, revoked }: AuditEvent): readonly string[] =>
  [...issued.map(({ id }) => id), subject?.id, actor?.id, agreement, revoked].filter((id) => id !== undefined);

/** Checks the parts of the filter that no column holds. */
function matches(event: AuditEvent, { subject, actor, issuer, party, audience, tokens }: AuditFilter): boolean {
  const { chain = [], targets, grantFor, audiencesAsked = [], resourcesAsked = [] } = event;
  const isNamed = (name: string | undefined, among: readonly (Principal | undefined)[]): boolean =>
    among.some((one) => (name ?? one?.sub) === one?.sub && (issuer ?? one?.iss) === one?.iss);
  const isAlone = actor === undefined && party === undefined;
  const asksSubject = subject !== undefined || (issuer !== undefined && isAlone);
  const subjects = [event.subject, event.subject?.account, event.principal, ...partiesOf(event)];
  const actors = [...chain, event.actor];
  return (
    (!asksSubject || isNamed(subject, subjects)) &&
    (actor === undefined || isNamed(actor, actors)) &&
    (party === undefined ||
      isNamed(party, [...subjects, ...actors]) ||
      (issuer === undefined && event.client === party)) &&
    (tokens === undefined || tokensOf(event).some((id) => tokens.includes(id))) &&
    (audience === undefined ||
      grantFor?.issuer === audience ||
      (targets ?? [...audiencesAsked, ...resourcesAsked]).includes(audience))
  );
}

const CURSOR = /^(\d{1,16})\.(\d{1,16})(?:\.(\d{1,16}))?$/;

/** @param through the last row of all pages */
const formatCursor = ({ time, sequence }: AuditPlace, through: number | undefined): string =>
  Buffer.from([time, sequence, through].filter((part) => part !== undefined).join('.')).toString('base64url');

/** Has the text the form of a cursor? */
export const isCursor = (text: string): boolean => CURSOR.test(Buffer.from(text, 'base64url').toString('latin1'));

function parseCursor(text: string): AuditPlace & Pick<AuditFilter, 'through'> {
  const [, time, sequence, through] = CURSOR.exec(Buffer.from(text, 'base64url').toString('latin1')) ?? [];
  if (time === undefined || sequence === undefined) throw new Error('not a cursor of a search');
  return {
    time: Number(time),
    sequence: Number(sequence),
    ...(through !== undefined && { through: Number(through) }),
  };
}
