// Counts failures and requests by key, in bounded memory: keys have a fixed size, and tallies expire.
import type { Clock } from './clock.ts';
import { sha256 } from './secret.ts';

declare const digest: unique symbol;

/**
 * A digest of the thing that is counted. Text of a caller is never a key itself: it may be long, and V8 makes `slice` a view of
 * its parent, so that even a short part of it retains the whole request.
 */
export type TallyKey = string & { readonly [digest]: true };

/** The only function that makes a key. */
export const tallyKey = (...parts: readonly string[]): TallyKey => sha256(JSON.stringify(parts)) as TallyKey;

export interface Tally {
  /** Milliseconds since 1970. */
  readonly first: number;
  readonly last: number;
  readonly count: number;
}

export interface Tallies {
  readonly get: (key: TallyKey) => Tally | undefined;
  readonly add: (key: TallyKey, times?: number) => void;
  /** Undoes counts. */
  readonly subtract: (key: TallyKey, times?: number) => void;
  readonly forget: (key: TallyKey) => void;
  /** The number of keys. */
  readonly size: () => number;
}

/** Above this number of keys the oldest is removed. They take about 10 MB. */
const MAX_KEYS = 50_000;
/** Maximum number of expired tallies that one call removes. A call adds at most one, so their number decreases. */
const MAX_SWEPT = 8;

/** @param keepMs time for which a tally is kept, @param since its first or its last count */
export function createTallies(clock: Clock, keepMs: number, since: 'first' | 'last'): Tallies {
  /** In the order in which they expire. */
  const tallies = new Map<TallyKey, Tally>();
  // After the clock was set back, nothing is kept for longer.
  const isKept = (tally: Tally): boolean => Math.abs(clock() - tally[since]) < keepMs;
  const sweep = (): void => {
    let swept = 0;
    for (const [key, tally] of tallies) {
      if (swept === MAX_SWEPT || isKept(tally)) return;
      tallies.delete(key);
      swept++;
    }
  };
  const get = (key: TallyKey): Tally | undefined => {
    sweep();
    const tally = tallies.get(key);
    if (tally === undefined || isKept(tally)) return tally;
    tallies.delete(key);
    return undefined;
  };
  return {
    get,
    add: (key, times = 1) => {
      const { first = clock(), count = 0 } = get(key) ?? {};
      const oldest = tallies.size >= MAX_KEYS && !tallies.has(key) ? tallies.keys().next().value : undefined;
      if (oldest !== undefined) tallies.delete(oldest);
      // Removed and inserted again, so that the map has the order of the last counts.
      if (since === 'last') tallies.delete(key);
      tallies.set(key, { first, last: clock(), count: count + times });
    },
    subtract: (key, times = 1) => {
      const tally = get(key);
      if (tally === undefined) return;
      if (tally.count > times) tallies.set(key, { ...tally, count: tally.count - times });
      else tallies.delete(key);
    },
    forget: (key) => void tallies.delete(key),
    size: () => tallies.size,
  };
}
