// Runs work one at a time. Work that fails does not stop the work behind it.

/** @returns runs each piece of work after all that were given before it; a rejection reaches its own caller alone */
export function createSerial(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  };
}

/** @returns runs `work`; calls that arrive while it runs share one more run, which begins when this one has ended */
export function createRepeatable(work: () => Promise<void>): () => Promise<void> {
  const inTurn = createSerial();
  let next: Promise<void> | undefined;
  return () => {
    next ??= inTurn(() => {
      next = undefined;
      return work();
    });
    return next;
  };
}
