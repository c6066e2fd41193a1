// Counts failures and requests by key, in bounded memory: keys have a fixed size, and tallies expire by themselves.
import type { Clock } from './clock.ts';
import { sha256 } from './secret.ts';

declare const digest: unique symbol;

/**
 * A digest of what is counted. Text of a caller is never a key itself: it may be long, and even a short part of it keeps the
 * whole request alive, because V8 makes `slice` a view of its parent.
 */
export type TallyKey = string & { readonly [digest]: true };

/** The one place where a key is made. */
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
  /** Takes as many back. */
  readonly subtract: (key: TallyKey, times?: number) => void;
  readonly forget: (key: TallyKey) => void;
  /** How many are held. */
  readonly size: () => number;
}

/** Beyond this many keys the oldest is forgotten: about 10 MB. */
const MAX_KEYS = 50_000;
/** Expired tallies that one call removes. A call adds one at most, so that the expired ones become fewer. */
const SWEPT_AT_ONCE = 8;

/** @param keepMs how long a tally is kept, @param since its first or its last failure */
export function createTallies(clock: Clock, keepMs: number, since: 'first' | 'last'): Tallies {
  /** In the order in which they expire. */
  const tallies = new Map<TallyKey, Tally>();
  // A clock that was set back keeps nothing for longer.
  const isKept = (tally: Tally): boolean => Math.abs(clock() - tally[since]) < keepMs;
  const sweep = (): void => {
    let swept = 0;
    for (const [key, tally] of tallies) {
      if (swept === SWEPT_AT_ONCE || isKept(tally)) return;
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
      // Taken out and put back: the order of the map is that of the last failure.
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
