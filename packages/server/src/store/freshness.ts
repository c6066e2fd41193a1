// Is what this process has read of the database recent? A revocation, a client that was disabled or a key that was retired may
// stand there and not be known here. One answer for all of it: what was not read in time refuses.
import { Refusal } from '../primitives/refusal.ts';

export interface Freshness {
  readonly isFresh: () => boolean;
  /** @throws Refusal store_unavailable from when it has been long since everything was read, until all of it was read again */
  readonly check: () => void;
  /** @param read when the reading of everything began. From the first call on, time passes */
  readonly renew: (read: ReadTime) => void;
}

/** By the clock that no one sets, which may stand still with the machine, and by the one that goes on meanwhile. */
interface ReadTime {
  readonly steady: number;
  readonly wall: number;
}

export const readTimeNow = (): ReadTime => ({ steady: performance.now(), wall: Date.now() });

/** Milliseconds since then: the clocks differ where the machine stood still, or its clock was set forward. */
export const since = ({ steady, wall }: ReadTime): number => Math.max(performance.now() - steady, Date.now() - wall);

/** Milliseconds: the time between two polls, and what a poll may take. It is the second within which every node knows. */
const MAX_AGE_MS = 1000;

/** A process that does not poll, as a command, is gone before it matters: what it has read stays fresh. */
export function createFreshness(): Freshness {
  let last: ReadTime | undefined;
  const isFresh = (): boolean => last === undefined || since(last) <= MAX_AGE_MS;
  return {
    isFresh,
    check: () => {
      if (!isFresh())
        throw new Refusal('store_unavailable', { detail: 'what other nodes wrote was not read for a while' });
    },
    renew: (read) => {
      last = read;
    },
  };
}
