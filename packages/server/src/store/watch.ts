// What have other processes written? Looks at the database again and again, and at once where it tells of a change.
import { readMark } from './mark.ts';
import type { Store } from './store.ts';

/** Milliseconds between looks: what one node writes the others know soon, and a look that failed is soon made again. */
const INTERVAL = 250;

export interface Looking {
  /** Looks now: something was written. */
  readonly wake: () => void;
  readonly stop: () => void;
}

/** @param changed false where nothing was written since the last look that succeeded; rejects where that cannot be told */
export type Look = (changed: Promise<boolean>) => Promise<void>;

/** For a look that is made whatever was written. */
export const CHANGED = Promise.resolve(true);

/**
 * A look that fails is made again.
 * @param report a line when looks begin to fail, and one when they work again
 */
export function keepLooking(store: Store, looks: readonly Look[], report: (line: string) => void): Looking {
  let looking = false;
  let woken = false;
  let failure: string | undefined;
  let seen: string | undefined;
  const look = async (): Promise<void> => {
    looking = true;
    do {
      woken = false;
      const before = failure;
      const mark = readMark(store);
      const changed = mark.then((now) => now !== seen);
      failure = failureOf(await Promise.allSettled([mark, ...looks.map((one) => one(changed))]));
      seen = failure === undefined ? await mark : undefined;
      if (failure !== undefined && before === undefined) report(`what other nodes wrote cannot be read: ${failure}`);
      if (failure === undefined && before !== undefined) report('what other nodes wrote can be read again');
    } while (woken);
    looking = false;
  };
  const timer = setInterval(() => looking || look(), INTERVAL).unref();
  return {
    wake: () => {
      if (looking) woken = true;
      else look();
    },
    stop: () => clearInterval(timer),
  };
}

function failureOf(results: readonly PromiseSettledResult<unknown>[]): string | undefined {
  const failed = results.find((result) => result.status === 'rejected');
  return failed && String((failed.reason as Error).message ?? failed.reason);
}
