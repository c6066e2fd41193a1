// How much may somebody do? Counted for each key in a minute that begins with the first time; in memory, so that there is no
// counter that could fail.
import type { Clock } from './clock.ts';
import { createTallies } from './tallies.ts';

export interface Rate {
  /** @returns whole seconds until the key may go on; undefined where it may now */
  readonly exceeded: (key: string) => number | undefined;
  readonly count: (key: string) => void;
}

/** The other processes of a node, which count the same. */
export interface Sharing {
  readonly tell: (rate: string, key: string) => void;
  readonly hear: (rate: string, heard: (key: string, times: number) => void) => void;
}

/** What processes count with. */
export interface Counting {
  readonly clock: Clock;
  readonly sharing?: Sharing | undefined;
}

/** Milliseconds. */
const WINDOW = 60_000;
const MAX_KEY_LENGTH = 320;

/** @param allowed times a minute; without it there is no limit, and nothing is counted */
export function createRate(name: string, allowed: number | undefined, { clock, sharing }: Counting): Rate {
  if (allowed === undefined) return { exceeded: () => undefined, count: () => undefined };
  const tallies = createTallies(clock, WINDOW, 'first');
  sharing?.hear(name, tallies.add);
  return {
    exceeded: (key) => {
      const tally = tallies.get(key.slice(0, MAX_KEY_LENGTH));
      if (tally === undefined || tally.count < allowed) return undefined;
      return Math.max(1, Math.ceil((tally.first + WINDOW - clock()) / 1000));
    },
    count: (key) => {
      const short = key.slice(0, MAX_KEY_LENGTH);
      tallies.add(short);
      sharing?.tell(name, short);
    },
  };
}
