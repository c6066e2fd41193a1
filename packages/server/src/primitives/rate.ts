// Limits how often something may happen in a minute, for each key. The minute begins with the first count. Counts are kept in
// memory, so that counting cannot fail.
import type { Clock } from './clock.ts';
import { createTallies, type TallyKey } from './tallies.ts';

export interface Rate {
  /** True if nothing is counted: then no key has reached the limit, and the caller need not compute a digest. */
  readonly isEmpty: () => boolean;
  /** @returns whole seconds until the key may continue; undefined if it may now */
  readonly secondsToWait: (key: TallyKey) => number | undefined;
  readonly count: (key: TallyKey) => void;
  /** Undoes one count. */
  readonly giveBack: (key: TallyKey) => void;
}

/** Shares counts with the other processes of a node. */
export interface Sharing {
  /** @param times negative to undo counts */
  readonly send: (rate: string, key: TallyKey, times: number) => void;
  readonly receive: (rate: string, onCount: (key: TallyKey, times: number) => void) => void;
}

/** The dependencies of every rate. */
export interface Counting {
  readonly clock: Clock;
  readonly sharing?: Sharing | undefined;
}

const WINDOW_MS = 60_000;

/** @param allowed counts in a minute */
export function createRate(name: string, allowed: number, { clock, sharing }: Counting): Rate {
  const tallies = createTallies(clock, WINDOW_MS, 'first');
  sharing?.receive(name, (key, times) => (times > 0 ? tallies.add(key, times) : tallies.subtract(key, -times)));
  return {
    isEmpty: () => tallies.size() === 0,
    secondsToWait: (key) => {
      const tally = tallies.get(key);
      if (tally === undefined || tally.count < allowed) return undefined;
      return Math.max(1, Math.ceil((tally.first + WINDOW_MS - clock()) / 1000));
    },
    count: (key) => {
      tallies.add(key);
      sharing?.send(name, key, 1);
    },
    giveBack: (key) => {
      tallies.subtract(key);
      sharing?.send(name, key, -1);
    },
  };
}
