// Runs work one at a time. A failure does not stop later work.

/** @returns a function that runs each piece of work after all earlier ones; a rejection reaches only its own caller */
export function createSerial(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  };
}

/** @returns a function that runs `work`; calls during a run share one more run, which begins when the current one ends */
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
