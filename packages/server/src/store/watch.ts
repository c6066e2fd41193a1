// What have other processes written? Looks at the database again and again, and at once where it tells of a change.

/** Milliseconds between looks: what one node writes the others know soon, and a look that failed is soon made again. */
const INTERVAL = 250;

export interface Looking {
  /** Looks now: something was written. */
  readonly wake: () => void;
  readonly stop: () => void;
}

/**
 * A look that fails is made again.
 * @param report a line when looks begin to fail, and one when they work again
 */
export function keepLooking(looks: readonly (() => Promise<void>)[], report: (line: string) => void): Looking {
  let looking = false;
  let woken = false;
  let failure: string | undefined;
  const look = async (): Promise<void> => {
    looking = true;
    do {
      woken = false;
      const before = failure;
      failure = failureOf(await Promise.allSettled(looks.map((one) => one())));
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

function failureOf(results: readonly PromiseSettledResult<void>[]): string | undefined {
  const failed = results.find((result) => result.status === 'rejected');
  return failed && String((failed.reason as Error).message ?? failed.reason);
}
