// Is a token dead, or one that it derives from? Every revoked id is held in memory, so that asking costs no query; what
// another process revokes arrives by polling. Revocations are kept for ever: nothing that was revoked comes back.
import type { Clock } from '../primitives/clock.ts';
import { insertRevocation, listRevocations } from '../store/revocations.ts';
import type { Database } from '../store/schema.ts';
import { orUnavailable, type Store } from '../store/store.ts';

export interface Revocations {
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
}

/** Rows that are read again at every look: one that was numbered before the last may have been committed after it. */
const LOOK_BACK = 1000;

export async function openRevocations(store: Store, clock: Clock): Promise<Revocations> {
  const revoked = new Set<string>();
  let last = 0;
  const look = async (): Promise<void> => {
    for (const { sequence, id } of await listRevocations(store, last - LOOK_BACK)) {
      revoked.add(id);
      last = Math.max(last, sequence);
    }
  };
  await look();
  return {
    anyOf: (ids) => {
      for (const id of ids) if (revoked.has(id)) return true;
      return false;
    },
    revoke: async (id, commit = (write) => write(store)) => {
      await orUnavailable(commit((database) => insertRevocation(database, id, clock())));
      revoked.add(id);
    },
    look,
  };
}
