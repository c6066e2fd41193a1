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

/** @returns a function that runs the work of each key one at a time */
export function createTurns(): <T>(keys: readonly string[], work: () => Promise<T>) => Promise<T> {
  const turns = new Map<string, { readonly inTurn: ReturnType<typeof createSerial>; waiting: number }>();
  const enter = async <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const turn = turns.get(key) ?? { inTurn: createSerial(), waiting: 0 };
    turns.set(key, turn);
    turn.waiting++;
    try {
      return await turn.inTurn(work);
    } finally {
      if (--turn.waiting === 0) turns.delete(key);
    }
  };
  // In the order of keys, so that two callers never wait for each other.
  return (keys, work) => keys.toSorted().reduceRight((inner, key) => () => enter(key, inner), work)();
}
