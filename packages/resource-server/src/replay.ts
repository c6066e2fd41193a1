// Remembers the ids of used DPoP proofs, bounded in time and number.

/** An API with several nodes needs a shared one: one atomic insert for each proof. */
export interface ReplayStore {
  /**
   * @param id of the proof @param until milliseconds since 1970, after which the id may be forgotten
   * @returns whether the id is new @throws if that cannot be decided; the answer is then 503
   */
  readonly remember: (id: string, until: number) => boolean | Promise<boolean>;
}

/** For an API of one process. A full store refuses new proofs: forgetting an id would allow a replay. */
export function createMemoryReplayStore(clock: () => number = Date.now, limit = 100_000): ReplayStore {
  const used = new Map<string, number>();
  return {
    remember: (id, until) => {
      // All ids are kept equally long, so the oldest come first.
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
