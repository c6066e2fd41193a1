// How often has something failed? Counts by key that are forgotten in time, in bounded memory whoever asks.
import type { Clock } from './clock.ts';

export interface Tally {
  /** Milliseconds since 1970. */
  readonly first: number;
  readonly last: number;
  readonly count: number;
}

export interface Tallies {
  readonly get: (key: string) => Tally | undefined;
  readonly add: (key: string, times?: number) => void;
  /** Takes one back. */
  readonly subtract: (key: string) => void;
  readonly forget: (key: string) => void;
}

/** Beyond this many keys the oldest is forgotten. */
const MAX_KEYS = 50_000;

/** @param keep milliseconds for which a tally is kept, @param since its first or its last failure */
export function createTallies(clock: Clock, keep: number, since: 'first' | 'last'): Tallies {
  const tallies = new Map<string, Tally>();
  const get = (key: string): Tally | undefined => {
    const tally = tallies.get(key);
    // A clock that was set back keeps nothing for longer.
    if (tally === undefined || Math.abs(clock() - tally[since]) < keep) return tally;
    tallies.delete(key);
    return undefined;
  };
  return {
    get,
    add: (key, times = 1) => {
      const { first = clock(), count = 0 } = get(key) ?? {};
      const oldest = tallies.size >= MAX_KEYS && !tallies.has(key) ? tallies.keys().next().value : undefined;
      if (oldest !== undefined) tallies.delete(oldest);
      // Taken out and put back: the order of the map is that of the last failure.
      if (since === 'last') tallies.delete(key);
      tallies.set(key, { first, last: clock(), count: count + times });
    },
    subtract: (key) => {
      const tally = get(key);
      if (tally === undefined) return;
      if (tally.count > 1) tallies.set(key, { ...tally, count: tally.count - 1 });
      else tallies.delete(key);
    },
    forget: (key) => void tallies.delete(key),
  };
}
