// What have other processes written? Looks at the database, again and again.

/** Milliseconds between looks: what one node writes the others know in half a second. */
const INTERVAL = 500;

/** A look that fails is made again: while the database is away nothing is issued either. */
export function keepLooking(looks: readonly (() => Promise<void>)[]): { readonly stop: () => void } {
  let looking = false;
  const timer = setInterval(async () => {
    if (looking) return;
    looking = true;
    await Promise.allSettled(looks.map((look) => look()));
    looking = false;
  }, INTERVAL);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
