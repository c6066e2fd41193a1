// Is a token dead, or one that it derives from? Every revoked id is held in memory, so that asking costs no query; what
// another process revokes arrives by polling. Revocations are kept for ever: nothing that was revoked comes back.
import type { Clock } from '../primitives/clock.ts';
import { Refusal } from '../primitives/refusal.ts';
import { insertRevocation, listRevocations } from '../store/revocations.ts';
import type { Database } from '../store/schema.ts';
import { type Access, orUnavailable, type Store } from '../store/store.ts';

export interface Revocations {
  /** @throws Refusal store_unavailable where it has been long since the others were heard: one of them may have been revoked */
  readonly anyOf: (ids: Iterable<string>) => boolean;
  /**
   * Dead from when this resolves, here at once and on other nodes after their next look.
   * @param commit runs the write, in a transaction with what must be committed beside it
   * @throws Refusal store_unavailable
   */
  readonly revoke: (
    id: string,
    commit?: (write: (database: Database) => Promise<void>) => Promise<void>,
  ) => Promise<void>;
  /** Learns what other processes revoked. */
  readonly look: () => Promise<void>;
  /** How many are held. */
  readonly count: () => number;
  /** Are the others heard? */
  readonly isFresh: () => boolean;
}

/** Rows that are read again at every look: one that was numbered before the last may have been committed after it. */
const LOOK_BACK = 1000;

/**
 * Milliseconds for which a look may go on, or fail, before a node no longer says that a token is good: others may have
 * revoked it. With the time between looks that makes the second within which every node knows.
 */
const DOUBT = 750;
/** The same for a node that does not look. */
const STALE = 5000;

/** A reader looks once, and is gone before it matters. */
export async function openRevocations(store: Store, clock: Clock, access: Access): Promise<Revocations> {
  const revoked = new Set<string>();
  let last = 0;
  let lookedAt = performance.now();
  /** When the first look began that has not succeeded. */
  let doubted: number | undefined;
  const look = async (): Promise<void> => {
    const began = performance.now();
    doubted ??= began;
    for (const { sequence, id } of await listRevocations(store, last - LOOK_BACK)) {
      revoked.add(id);
      last = Math.max(last, sequence);
    }
    lookedAt = began;
    doubted = undefined;
  };
  const isFresh = (): boolean => {
    const now = performance.now();
    return now - (doubted ?? now) <= DOUBT && now - lookedAt <= STALE;
  };
  await look();
  return {
    anyOf: (ids) => {
      for (const id of ids) if (revoked.has(id)) return true;
      if (access === 'write' && !isFresh()) {
        throw new Refusal('store_unavailable', { detail: 'revocations have not been read for a while' });
      }
      return false;
    },
    revoke: async (id, commit = (write) => write(store)) => {
      await orUnavailable(commit((database) => insertRevocation(database, id, clock())));
      revoked.add(id);
    },
    look,
    count: () => revoked.size,
    isFresh,
  };
}
