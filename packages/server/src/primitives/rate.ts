// How much may somebody do? Counted for each key in a minute that begins with the first time; in memory, so that there is no
// counter that could fail.
import type { Clock } from './clock.ts';
import { createTallies, type TallyKey } from './tallies.ts';

export interface Rate {
  /** Is nothing counted? Then no key is beyond the limit, and its digest need not be made. */
  readonly isEmpty: () => boolean;
  /** @returns whole seconds until the key may go on; undefined where it may now */
  readonly secondsToWait: (key: TallyKey) => number | undefined;
  readonly count: (key: TallyKey) => void;
  /** Takes one count back. */
  readonly giveBack: (key: TallyKey) => void;
}

/** The other processes of a node, which count the same. */
export interface Sharing {
  /** @param times below 0 where counts are taken back */
  readonly send: (rate: string, key: TallyKey, times: number) => void;
  readonly receive: (rate: string, onCount: (key: TallyKey, times: number) => void) => void;
}

/** What processes count with. */
export interface Counting {
  readonly clock: Clock;
  readonly sharing?: Sharing | undefined;
}

/** Milliseconds. */
const WINDOW_MS = 60_000;

/** @param allowed times a minute */
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
