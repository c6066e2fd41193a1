// Was this proof used before? A store of ids, bounded in time and in number.

/** Shared among the nodes of an API where it has several: one insert that succeeds once. */
export interface ReplayStore {
  /**
   * @param id names the proof @param until milliseconds since 1970: when it may be forgotten
   * @returns whether it is new. Where that cannot be told it throws, and the answer is 503
   */
  readonly remember: (id: string, until: number) => boolean | Promise<boolean>;
}

/** For an API of one process. When it is full it refuses: to forget an id would be to accept it twice. */
export function createMemoryReplayStore(clock: () => number = Date.now, limit = 100_000): ReplayStore {
  const used = new Map<string, number>();
  return {
    remember: (id, until) => {
      // Ids live equally long, so that the oldest come first.
      for (const [oldest, end] of used) {
        if (end > clock()) break;
        used.delete(oldest);
      }
      if (used.has(id)) return false;
      if (used.size >= limit) throw new Error(`${limit} proofs are remembered, and no more can be`);
      used.set(id, until);
      return true;
    },
  };
}
