// How many requests are begun in one turn of the event loop? As many as some milliseconds take; the others wait for later turns
// in the order in which they came. Where too many wait already a request is refused at once: whoever is served is served soon,
// and timers, health and connections never wait for long.

export interface Turns {
  /** Calls `begin` now or in a later turn. @returns whether it does: not where too many wait */
  readonly take: (begin: () => void) => boolean;
}

/** Milliseconds of a turn that begin requests; the last one may end later. */
const TURN = 20;

/** @param mostWaiting requests @param now milliseconds of a clock that only goes forward */
export function createTurns(mostWaiting: number, now = () => performance.now()): Turns {
  let waiting = 0;
  /** When the first request of this turn was begun. */
  let since: number | undefined;

  const isThisTurn = (): boolean => {
    if (since === undefined) {
      since = now();
      setImmediate(() => {
        since = undefined;
      });
    }
    return now() - since < TURN;
  };

  return {
    take: (begin) => {
      // Nobody overtakes those who wait.
      if (waiting === 0 && isThisTurn()) {
        begin();
        return true;
      }
      if (waiting >= mostWaiting) return false;
      waiting++;
      // Each in a callback of its own: only when one has returned is the work of that request known to be done.
      const beginInTurn = (): void => {
        if (!isThisTurn()) return void setImmediate(beginInTurn);
        waiting--;
        begin();
      };
      setImmediate(beginInTurn);
      return true;
    },
  };
}
