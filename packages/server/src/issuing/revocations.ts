// Is a token dead, or one that it derives from? Every revoked id is held in memory, so that asking costs no query; what
// another process revokes arrives by polling. Revocations are kept for ever: nothing that was revoked comes back.
import type { Clock } from '../primitives/clock.ts';
import type { Chain, Principal } from '../primitives/principal.ts';
import { Refusal } from '../primitives/refusal.ts';
import type { Poll } from '../store/poll.ts';
import { LOOK_BACK } from '../store/poll.ts';
import { insertRevocation, listRevocations, replaceRevocation } from '../store/revocations.ts';
import type { Database } from '../store/schema.ts';
import { deleteSomeArtifacts } from '../store/sign-in-artifacts.ts';
import { type Access, orUnavailable, type Store } from '../store/store.ts';

/** What a token may die of. */
export interface Mortal {
  readonly id: string;
  /** The ids that it derives from. */
  readonly lineage: readonly string[];
  readonly actorLineage: readonly string[];
  /** Who it is about, as whoever issued it says. */
  readonly principal: Principal;
  /** The subject's name in our tokens. */
  readonly sub: string;
  readonly clientId: string | undefined;
  readonly chain: Chain;
  /** Seconds since 1970. */
  readonly issuedAt: number | undefined;
}

type Commit = (write: (database: Database) => Promise<void>) => Promise<void>;

export interface Revocations {
  /** @throws Refusal store_unavailable where it has been long since the others were heard: one of them may have been revoked */
  readonly anyOf: (ids: Iterable<string>) => boolean;
  /** Is the token dead, by its id, its ancestors, its subject, its actors or its client? @throws as `anyOf` */
  readonly covers: (token: Mortal) => boolean;
  /**
   * Dead from when this resolves, here at once and on other nodes after their next poll.
   * @param commit runs the write, in a transaction with what must be committed beside it
   * @throws Refusal store_unavailable
   */
  readonly revoke: (id: string, commit?: Commit) => Promise<void>;
  /** All that was issued so far in which the subject is the subject, or acts. */
  readonly revokeSubject: Revocations['revoke'];
  /** All that was issued so far to the client. What others obtained in exchange is theirs, and lives. */
  readonly revokeClient: Revocations['revoke'];
  /**
   * All that was issued here so far: tokens, refresh families, and what people are signed in by. For a database that was
   * restored, which has forgotten what was revoked since. Tokens of other issuers are theirs.
   */
  readonly revokeAll: (commit: Commit) => Promise<void>;
  /** Learns what other processes revoked. */
  readonly poll: Poll;
  /** How many are held. */
  readonly count: () => number;
  /** Are the others heard? */
  readonly isFresh: () => boolean;
}

/** Names of many tokens. No token has such an id: ours are random, and those of others a hash. */
const ofSubject = (sub: string): string => `subject:${sub}`;
const ofClient = (id: string): string => `client:${id}`;
const ALL = 'all';

/**
 * Milliseconds for which a look may go on, or fail, before a node no longer says that a token is good: others may have
 * revoked it. With the time between looks that makes the second within which every node knows.
 */
const DOUBT = 750;
/** The same for a node that does not look. */
const STALE = 5000;
/** Milliseconds until every node knows: what one of them still derives meanwhile from what is dead would outlive it. */
const SPREAD = 1000;

/** A reader looks once, and is gone before it matters. */
export async function openRevocations(
  store: Store,
  { issuer, clock, access }: { issuer: string; clock: Clock; access: Access },
): Promise<Revocations> {
  /** Id, or name of many → when, in milliseconds since 1970. */
  const revoked = new Map<string, number>();
  let last = 0;
  let lookedAt = performance.now();
  /** When the first look began that has not succeeded. */
  let doubted: number | undefined;
  const poll: Poll = async (changed) => {
    const began = performance.now();
    doubted ??= began;
    for (const { sequence, id, revoked_at } of (await changed) === false
      ? []
      : await listRevocations(store, last - LOOK_BACK)) {
      revoked.set(id, Math.max(revoked.get(id) ?? 0, Number(revoked_at)));
      last = Math.max(last, sequence);
    }
    lookedAt = began;
    doubted = undefined;
  };
  const isFresh = (): boolean => {
    const now = performance.now();
    return now - (doubted ?? now) <= DOUBT && now - lookedAt <= STALE;
  };
  const revokeMany: Revocations['revoke'] = async (name, commit = (write) => write(store)) => {
    const until = clock() + SPREAD;
    await orUnavailable(commit((database) => replaceRevocation(database, name, until)));
    revoked.set(name, until);
  };
  const anyOf = (ids: Iterable<string>): boolean => {
    for (const id of ids) if (revoked.has(id)) return true;
    if (access === 'write' && !isFresh()) {
      throw new Refusal('store_unavailable', { detail: 'revocations have not been read for a while' });
    }
    return false;
  };
  await poll();
  return {
    anyOf,
    covers: ({ id, lineage, actorLineage, principal, sub, clientId = '', chain, issuedAt = 0 }) => {
      if (anyOf([id, ...lineage, ...actorLineage])) return true;
      const actors = chain.flatMap((actor) => (actor.iss === issuer ? [ofSubject(actor.sub)] : []));
      const ours = principal.iss === issuer ? [ALL] : [];
      return [ofSubject(sub), ofClient(clientId), ...actors, ...ours].some(
        (name) => issuedAt * 1000 <= (revoked.get(name) ?? -1),
      );
    },
    revoke: async (id, commit = (write) => write(store)) => {
      const now = clock();
      await orUnavailable(commit((database) => insertRevocation(database, id, now)));
      revoked.set(id, now);
    },
    revokeSubject: (sub, commit) => revokeMany(ofSubject(sub), commit),
    revokeClient: (id, commit) => revokeMany(ofClient(id), commit),
    revokeAll: async (commit) => {
      await revokeMany(ALL, commit);
      while ((await orUnavailable(deleteSomeArtifacts(store))) === 'more');
    },
    poll,
    count: () => revoked.size,
    isFresh,
  };
}
