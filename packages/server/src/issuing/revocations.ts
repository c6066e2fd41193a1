// Is a token revoked, or one that it derives from? Everything revoked is held in memory, so that the answer costs no query; what
// another process revokes arrives by polling. Revocations are kept for ever: nothing that was revoked comes back.
import { type Clock, LEEWAY_SECONDS } from '../primitives/clock.ts';
import { actingName, actingPrincipal, type Chain, digestOf, type Principal } from '../primitives/principal.ts';
import { shortName } from '../primitives/short-name.ts';
import type { Freshness } from '../store/freshness.ts';
import { OVERLAP_ROWS, type Poll } from '../store/poll.ts';
import {
  insertManyRevoked,
  insertRevocation,
  listRevocations,
  type ManyRevoked,
  type RevokedKind,
  type StoredRevocation,
} from '../store/revocations.ts';
import type { Database } from '../store/schema.ts';
import { deleteSomeArtifacts } from '../store/sign-in-artifacts.ts';
import { MAX_WAIT_MS, orUnavailable, type Store } from '../store/store.ts';
import type { TokenIds } from './token-ids.ts';

/** What decides whether a token is revoked. */
export interface Revocable {
  readonly id: string;
  /** The ids that it derives from. */
  readonly lineage: readonly string[];
  readonly actorLineage: readonly string[];
  /** Who it is about, as whoever issued it says. */
  readonly principal: Principal;
  /** The subject's name in our tokens. */
  readonly sub: string;
  /** Where a subject of foreign origin came from. */
  readonly origin?: Principal | undefined;
  readonly clientId: string | undefined;
  readonly chain: Chain;
  /** The epoch in which it was issued, where its id does not say. */
  readonly epoch?: number | undefined;
  /** Seconds since 1970, by the clock of its issuer. */
  readonly issuedAt: number | undefined;
}

/** What many tokens have in common: a subject by its name in our tokens, or as its issuer names it; a client; or all. */
export type Many =
  | { readonly subject: string }
  | { readonly principal: Principal }
  | { readonly client: string }
  | { readonly all: true };

type Commit = (write: (database: Database) => Promise<void>) => Promise<void>;

export interface Revocations {
  /** @throws Refusal store_unavailable where it has been long since the others were heard: one of them may have been revoked */
  readonly anyOf: (ids: Iterable<string>) => boolean;
  /** Is the token revoked, by its id, its ancestors, its subject, its actors or its client? @throws as `anyOf` */
  readonly covers: (token: Revocable) => boolean;
  /**
   * Revokes a token, or a refresh family, with all that derives from it: here when this resolves, on other nodes after their next
   * poll. @param commit runs the write, in a transaction with what must be committed beside it
   * @throws Refusal store_unavailable
   */
  readonly revoke: (id: string, commit?: Commit) => Promise<void>;
  /**
   * Revokes what was issued so far under each of the names. What others obtained in exchange for tokens of a client is theirs,
   * and stays. `all` is what was issued here: for a database that was restored, which has forgotten what was revoked since;
   * with it end codes and sessions of people. @param patience milliseconds that the caller waits
   * @throws Refusal store_unavailable
   */
  readonly revokeMany: (names: readonly [Many, ...Many[]], commit: Commit, patience?: number) => Promise<void>;
  /** The last revocation of many tokens that is known here. A token says the one that was known when its request began. */
  readonly epoch: () => number;
  readonly ids: TokenIds;
  /** Learns what other processes revoked. */
  readonly poll: Poll;
  /** How many are held. */
  readonly count: () => number;
}

/** As rows have it. */
function storedName(many: Many): ManyRevoked {
  if ('subject' in many) return { kind: 'subject', name: shortName(many.subject) };
  if ('client' in many) return { kind: 'client', name: shortName(many.client) };
  if ('all' in many) return { kind: 'all', name: '' };
  return { kind: 'principal', name: digestOf(many.principal) };
}

/** The kinds that stand before a colon in the id of a row. */
const NAMED: Readonly<Record<Exclude<RevokedKind, 'all'>, true>> = { subject: true, principal: true, client: true };
const isNamed = (kind: string): kind is keyof typeof NAMED => Object.hasOwn(NAMED, kind);

/**
 * The same of a row. It has no kind where the version before wrote it, or where a step back of the schema took the kind away.
 * @returns undefined for the row of a single token
 */
function manyOf({ id, kind, name }: StoredRevocation): ManyRevoked | undefined {
  if (kind === 'token') return undefined;
  if (kind !== null) return { kind, name: name ?? '' };
  if (id === 'all') return { kind: 'all', name: '' };
  const colon = id.indexOf(':');
  const before = id.slice(0, Math.max(colon, 0));
  return isNamed(before) ? { kind: before, name: id.slice(colon + 1) } : undefined;
}

/** When many were revoked. The version before compared clocks; `moment` grows with each revocation, whoever made it. */
interface Revoked {
  readonly moment: number;
  readonly by: 'moment' | 'clock';
}

/** Milliseconds until every node knows: nodes of the version before compare the time of issue with the moment. */
const PROPAGATION_MS = 1000;
/** Milliseconds by which the clock of an issuer, or of a node of the version before, and ours may disagree in sum. */
const SKEW_MS = 2 * LEEWAY_SECONDS * 1000;

/** What is revoked, in memory: ids of tokens apart from names of many. */
function createRevoked(issuer: string, ids: TokenIds) {
  const tokens = new Set<string>();
  const many = new Map<string, Revoked>();
  /** What `actor_lineage` says of an actor with a name here → its entry above. */
  const acting = new Map<string, string>();
  let epoch = 0;
  let principals = false;
  const keyOf = ({ kind, name }: ManyRevoked): string => `${kind}:${name}`;
  const addMany = (revoked: ManyRevoked, { moment, by }: Revoked): void => {
    const key = keyOf(revoked);
    if (moment > (many.get(key)?.moment ?? -1)) many.set(key, { moment, by });
    if (by === 'moment') epoch = Math.max(epoch, moment);
    if (revoked.kind === 'principal') {
      principals = true;
      acting.set(actingPrincipal(revoked.name), key);
    }
    if (revoked.kind === 'subject') acting.set(actingName(revoked.name), key);
  };
  const namesOf = (token: Revocable): string[] => {
    const { principal, sub, origin, clientId = '', chain, actorLineage } = token;
    const parties = [principal, ...(origin ? [origin] : []), ...chain];
    const ours: Many[] = [{ subject: sub }, { client: clientId }, ...(principal.iss === issuer ? [ALL] : [])];
    const actors = chain.filter(({ iss }) => iss === issuer).map((actor) => ({ subject: actor.sub }));
    const foreign = principals ? parties.map((party) => ({ principal: party })) : [];
    const named = actorLineage.flatMap((id) => acting.get(id) ?? []);
    return [...[...ours, ...actors, ...foreign].map((one) => keyOf(storedName(one))), ...named];
  };
  return {
    addToken: (id: string) => tokens.add(id),
    addMany,
    hasToken: (id: string) => tokens.has(id),
    /** Was the token issued before one of its names was revoked? */
    isNamed: (token: Revocable): boolean => {
      if (many.size === 0) return false;
      const found = namesOf(token).flatMap((key) => many.get(key) ?? []);
      if (found.length === 0) return false;
      const known = token.epoch ?? ids.epochOf(token.id);
      const issuedAt = (token.issuedAt ?? 0) * 1000;
      return found.some(({ moment, by }) =>
        known !== undefined && by === 'moment' ? known < moment : issuedAt <= moment + SKEW_MS,
      );
    },
    epoch: () => epoch,
    count: () => tokens.size + many.size,
  };
}

const ALL = { all: true } as const;

export async function openRevocations(
  store: Store,
  { issuer, clock, freshness, ids }: { issuer: string; clock: Clock; freshness: Freshness; ids: TokenIds },
): Promise<Revocations> {
  const revoked = createRevoked(issuer, ids);
  let last = 0;
  const poll: Poll = async (changed) => {
    for (const row of (await changed) === false ? [] : await listRevocations(store, last - OVERLAP_ROWS)) {
      const many = manyOf(row);
      if (many === undefined) revoked.addToken(row.id);
      else revoked.addMany(many, { moment: Number(row.revoked_at), by: row.kind === null ? 'clock' : 'moment' });
      last = Math.max(last, row.sequence);
    }
  };
  const anyOf = (tokens: Iterable<string>): boolean => {
    for (const id of tokens) if (revoked.hasToken(id)) return true;
    freshness.check();
    return false;
  };
  await poll();
  return {
    anyOf,
    covers: (token) => anyOf([token.id, ...token.lineage, ...token.actorLineage]) || revoked.isNamed(token),
    revoke: async (id, commit = (write) => write(store)) => {
      await orUnavailable(commit((database) => insertRevocation(database, id, clock())));
      revoked.addToken(id);
    },
    revokeMany: async (names, commit, patience = MAX_WAIT_MS) => {
      const stored = names.map(storedName);
      let moment = 0;
      await orUnavailable(
        commit(async (database) => {
          moment = await insertManyRevoked(database, stored, clock() + PROPAGATION_MS);
        }),
        patience,
      );
      for (const one of stored) revoked.addMany(one, { moment, by: 'moment' });
      if (names.some((one) => 'all' in one)) while ((await orUnavailable(deleteSomeArtifacts(store))) === 'more');
    },
    epoch: revoked.epoch,
    ids,
    poll,
    count: revoked.count,
  };
}
