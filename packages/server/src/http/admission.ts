// Limits how many requests begin in one turn of the event loop, to as many as begin within some milliseconds. The others wait for
// later turns, in their order. If too many wait, a further request is refused at once. So a request that is admitted is answered
// soon, and timers, health checks and connections never wait for long.
import { Refusal } from '../primitives/refusal.ts';

export interface Admission {
  /** @returns undefined if the request may begin now, else a promise that resolves when it may @throws Refusal overload */
  readonly enter: () => Promise<void> | undefined;
}

/** The time within which the requests of a turn may begin. The last one may end later. */
const TURN_MS = 20;

/** Shared by all requests: making an error costs more than the answer. */
const OVERLOAD = new Refusal('overload');

/** @param most the maximum number of waiting requests @param now milliseconds of a clock that only goes forward */
export function createAdmission(most: number, now = () => performance.now()): Admission {
  let waiting = 0;
  /** The time at which the first request of this turn began. */
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
      // Each request has a callback of its own: the synchronous work of a request is done when its callback returns.
      const tryAgain = (): void => {
        if (!isThisTurn()) return void setImmediate(tryAgain);
        waiting--;
        resolve();
      };
      setImmediate(tryAgain);
    });

  return {
    enter: () => {
      // A request never overtakes those that wait.
      if (waiting === 0 && isThisTurn()) return undefined;
      if (waiting >= most) throw OVERLOAD;
      waiting++;
      return nextTurn();
    },
  };
}
