// Tracks when this process last read the database. If that is too long ago, requests are refused: another node may have revoked a
// token, disabled a client or retired a key.
import { Refusal } from '../primitives/refusal.ts';
import { orUnavailable } from './store.ts';

export interface Freshness {
  readonly isFresh: () => boolean;
  /** @throws Refusal store_unavailable if the last complete read is older than `MAX_AGE_MS` */
  readonly check: () => void;
  /**
   * Begins the next read if the last one is not recent. If the last complete read is too old, the request waits for the next one: it
   * may be due to an event loop that was busy, not to the database.
   * @returns undefined if the request need not wait. Rejects with Refusal store_unavailable if it takes too long
   */
  readonly catchUp: () => Promise<void> | undefined;
  readonly catchUpBy: (by: ReadStarter) => void;
  /** @param read the time at which a complete read began. Before the first call, everything is fresh */
  readonly renew: (read: ReadTime) => void;
}

export interface ReadStarter {
  /** Begins a read, unless the last one began a moment ago. */
  readonly begin: () => void;
  /** Resolves after a read that begins now; undefined while reads fail, so that nobody waits for them. */
  readonly next: () => Promise<void> | undefined;
}

/** A time by two clocks: one that nobody can set but that stops while the machine is suspended, and one that goes on. */
interface ReadTime {
  readonly steady: number;
  readonly wall: number;
}

export const NEVER: ReadTime = { steady: Number.NEGATIVE_INFINITY, wall: Number.NEGATIVE_INFINITY };

export const readTimeNow = (): ReadTime => ({ steady: performance.now(), wall: Date.now() });

/** Milliseconds since then. The clocks differ if the machine was suspended or its clock was set: the longer time counts. */
export const since = ({ steady, wall }: ReadTime): number => Math.max(performance.now() - steady, Date.now() - wall);

/** Longer than the time between two polls plus the time that a poll takes. A revocation reaches every node within this time. */
const MAX_AGE_MS = 1000;

/** In a process that does not poll, such as a command, everything stays fresh: it ends soon. */
export function createFreshness(): Freshness {
  let last: ReadTime | undefined;
  let starter: ReadStarter = { begin: () => undefined, next: () => undefined };
  const isFresh = (): boolean => last === undefined || since(last) <= MAX_AGE_MS;
  return {
    isFresh,
    check: () => {
      if (!isFresh())
        throw new Refusal('store_unavailable', { detail: 'what other nodes wrote was not read for a while' });
    },
    catchUp: () => {
      if (!isFresh()) return orUnavailable(starter.next() ?? Promise.resolve());
      starter.begin();
      return undefined;
    },
    catchUpBy: (by) => {
      starter = by;
    },
    renew: (time) => {
      last = time;
    },
  };
}
