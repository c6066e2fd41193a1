// Reads from the audit what became of a token: who got it, from which tokens it derives, and which derive from it.
import type { Principal } from '../primitives/principal.ts';
import { readDerived, readDerivedPosition } from '../store/audit-derived.ts';
import { countFamily, type FamilyCount, type FamilyPlace, findTokenRow, listFamily } from '../store/audit-lineage.ts';
import { findTimeAt } from '../store/audit-search.ts';
import { findLastSequence } from '../store/audit-settled.ts';
import { readTail } from '../store/audit-tail.ts';
import type { Database } from '../store/schema.ts';
import { inSnapshot, type Store } from '../store/store.ts';
import type { AuditEvent, TokenTrace } from './event.ts';
import { eventOf } from './row.ts';
import type { RowMark } from './search.ts';

/** A token from which another one derives, by its use in the request that issued that one. */
export interface TokenParent {
  readonly id: string;
  readonly as: 'subject' | 'actor' | 'agreement' | 'family';
}

/** A token, by the row that issued it, or that presented it if this server did not issue it. */
export interface KnownToken {
  readonly id: string;
  readonly source: 'issued' | 'presented' | 'agreement' | 'revoked';
  /** Of that row. */
  readonly event: AuditEvent;
  readonly parents: readonly TokenParent[];
}

/** Ancestors that one call reads at most. */
const MAX_ANCESTORS = 100;

/** @returns undefined if no row names the token */
export async function findToken(database: Database, id: string): Promise<KnownToken | undefined> {
  const found = await findTokenRow(database, id);
  // A row is in the table a moment after its commit. Until then it is found by reading.
  const recent = found?.role === 'issued' ? undefined : await findRecent(database, id);
  if (recent !== undefined) return recent;
  return found && knownToken(id, found.role, eventOf(found.row));
}

/** Rows that are not in the table yet, and are read for one token. */
const MAX_RECENT_ROWS = 200;

async function findRecent(database: Database, id: string): Promise<KnownToken | undefined> {
  const after = await readDerivedPosition(database);
  const through = await findLastSequence(database);
  const { rows } = await readTail(database, [{ tokens: [id] }], { after, through, limit: MAX_RECENT_ROWS });
  const events = rows.map(eventOf);
  const issuing = events.find(({ issued = [] }) => issued.some((one) => one.id === id));
  if (issuing !== undefined) return knownToken(id, 'issued', issuing);
  const presenting = events.findLast(({ subject, actor }) => subject?.id === id || actor?.id === id);
  return presenting && knownToken(id, 'presented', presenting);
}

function knownToken(id: string, source: KnownToken['source'], event: AuditEvent): KnownToken {
  return { id, source, event, parents: source === 'issued' ? parentsOf(id, event) : [] };
}

function parentsOf(id: string, { subject, actor, agreement, issued = [] }: AuditEvent): readonly TokenParent[] {
  const family = issued.find(({ type }) => type === 'refresh_token')?.id;
  const all = [
    { id: subject?.id, as: 'subject' },
    { id: actor?.id, as: 'actor' },
    { id: agreement, as: 'agreement' },
    { id: family, as: 'family' },
  ] as const;
  return all.flatMap((one) => (one.id === undefined || one.id === id ? [] : [{ id: one.id, as: one.as }]));
}

export interface Ancestry {
  /** The nearest first. */
  readonly ancestors: readonly KnownToken[];
  /** False: there are more. */
  readonly isComplete: boolean;
}

/** Follows a token to those that it derives from. */
export async function findAncestors(database: Database, token: KnownToken): Promise<Ancestry> {
  const ancestors = new Map<string, KnownToken>();
  for (let next = [token]; next.length > 0; ) {
    const parents = new Map<string, KnownToken>();
    for (const { event, parents: asked } of next)
      for (const { id, as } of asked) {
        if (id === token.id || ancestors.has(id) || parents.has(id)) continue;
        if (ancestors.size + parents.size === MAX_ANCESTORS)
          return { ancestors: [...ancestors.values()], isComplete: false };
        const found = await findToken(database, id);
        if (found?.source === 'issued') parents.set(id, found);
        // The row that presented it here says more of it than its latest use.
        else parents.set(id, knownToken(id, as === 'agreement' ? 'agreement' : 'presented', event));
      }
    for (const [id, parent] of parents) ancestors.set(id, parent);
    next = [...parents.values()];
  }
  return { ancestors: [...ancestors.values()], isComplete: true };
}

/** What the row that presented a token says of it. */
export const presentedTrace = ({ id, event: { subject, actor } }: KnownToken): TokenTrace | undefined =>
  [subject, actor].find((trace) => trace?.id === id);

export interface Descendant extends KnownToken {
  /** Was a token revoked that it derives from, among the descendants? */
  readonly isCut: boolean;
}

export interface Descendants extends FamilyCount {
  readonly tokens: readonly Descendant[];
  /** The place of the next page; undefined on the last page. */
  readonly next: FamilyPlace | undefined;
  /** Tokens of later rows are not counted yet. */
  readonly upTo: RowMark;
}

/** Lists the tokens that derive from a token, in the order in which they were issued. The numbers are of the same moment as the list. */
export async function findDescendants(
  store: Store,
  id: string,
  { after, limit, now }: { readonly after: FamilyPlace | undefined; readonly limit: number; readonly now: number },
): Promise<Descendants> {
  const read = async (database: Database) => {
    const position = await readDerivedPosition(database);
    const time = await findTimeAt(database, position);
    const count = await countFamily(database, id, now);
    return { position, time, count, page: await listFamily(database, id, { after, limit, isIntact: count.isIntact }) };
  };
  const { position, time, count, page } = await readDerived(store, () => inSnapshot(store, read));
  return {
    ...count,
    tokens: page.map(({ place, row, isCut }) => ({ ...knownToken(place.token, 'issued', eventOf(row)), isCut })),
    next: page.length === limit ? page.at(-1)?.place : undefined,
    upTo: { position, time: time === undefined ? undefined : new Date(time).toISOString() },
  };
}

/** The subject of a token, in our tokens or as its issuer states it. */
export const tokenSubjectOf = (token: KnownToken): Principal | undefined => {
  const { event, source } = token;
  if (source === 'issued') return event.principal;
  const trace = presentedTrace(token);
  return trace && { iss: trace.iss, sub: trace.sub };
};
