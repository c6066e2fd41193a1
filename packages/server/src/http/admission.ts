// How many requests are begun in one turn of the event loop? As many as some milliseconds take; the others wait for later turns
// in the order in which they came. Where too many wait already a request is refused at once: whoever is served is served soon,
// and timers, health and connections never wait for long.
import { Refusal } from '../primitives/refusal.ts';

export interface Admission {
  /** @returns undefined where the request may begin now, else when it may @throws Refusal overload */
  readonly enter: () => Promise<void> | undefined;
}

/** How long the requests of a turn may begin; the last one may end later. */
const TURN_MS = 20;

/** One for all: making an error costs more than the answer. */
const OVERLOAD = new Refusal('overload');

/** @param most requests that wait @param now milliseconds of a clock that only goes forward */
export function createAdmission(most: number, now = () => performance.now()): Admission {
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
    return now() - since < TURN_MS;
  };

  const nextTurn = (): Promise<void> =>
    new Promise((resolve) => {
      // Each in a callback of its own: only when one has returned is the work of that request known to be done.
      const tryAgain = (): void => {
        if (!isThisTurn()) return void setImmediate(tryAgain);
        waiting--;
        resolve();
      };
      setImmediate(tryAgain);
    });

  return {
    enter: () => {
      // Nobody overtakes those who wait.
      if (waiting === 0 && isThisTurn()) return undefined;
      if (waiting >= most) throw OVERLOAD;
      waiting++;
      return nextTurn();
    },
  };
}
