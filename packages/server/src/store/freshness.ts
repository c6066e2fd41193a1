// Tracks when this process last read the database. If that is too long ago, requests are refused: another node may have revoked a
// token, disabled a client or retired a key.
import { Refusal } from '../primitives/refusal.ts';
import { orUnavailable } from './store.ts';

export interface Freshness {
  readonly isFresh: () => boolean;
  /** @throws Refusal store_unavailable if the last complete read is older than `MAX_AGE_MS` */
  readonly check: () => void;
  /**
   * If the last complete read is too old, waits for the next one: it may be due to an event loop that was busy, not to the database.
   * @throws Refusal store_unavailable if it takes too long
   */
  readonly catchUp: () => Promise<void>;
  /** @param poll reads now; undefined while reads fail, so that nobody waits for them */
  readonly catchUpBy: (poll: () => Promise<void> | undefined) => void;
  /** @param read the time at which a complete read began. Before the first call, everything is fresh */
  readonly renew: (read: ReadTime) => void;
}

/** A time by two clocks: one that nobody can set but that stops while the machine is suspended, and one that goes on. */
interface ReadTime {
  readonly steady: number;
  readonly wall: number;
}

export const readTimeNow = (): ReadTime => ({ steady: performance.now(), wall: Date.now() });

/** Milliseconds since then. The clocks differ if the machine was suspended or its clock was set: the longer time counts. */
export const since = ({ steady, wall }: ReadTime): number => Math.max(performance.now() - steady, Date.now() - wall);

/** Longer than the time between two polls plus the time that a poll takes. A revocation reaches every node within this time. */
const MAX_AGE_MS = 1000;

/** In a process that does not poll, such as a command, everything stays fresh: it ends soon. */
export function createFreshness(): Freshness {
  let last: ReadTime | undefined;
  let read: () => Promise<void> | undefined = () => undefined;
  const isFresh = (): boolean => last === undefined || since(last) <= MAX_AGE_MS;
  return {
    isFresh,
    check: () => {
      if (!isFresh())
        throw new Refusal('store_unavailable', { detail: 'what other nodes wrote was not read for a while' });
    },
    catchUp: async () => {
      if (!isFresh()) await orUnavailable(read() ?? Promise.resolve());
    },
    catchUpBy: (poll) => {
      read = poll;
    },
    renew: (time) => {
      last = time;
    },
  };
}
