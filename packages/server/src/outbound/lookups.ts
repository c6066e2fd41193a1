// Looks names up, each once at a time. A lookup (getaddrinfo) cannot be ended: it holds one of the two threads that libuv has
// for lookups until the name server answers or the system gives up, long after the request that wanted it has failed.
import type { LookupAddress } from 'node:dns';

/** A lookup that takes longer than this is refused to those who come later: they would wait in vain. */
const MAX_LOOKUP_MS = 3000;
/** A name rests this many times as long as its lookup took, so that it holds a thread for a quarter of the time at most. */
const REST_FACTOR = 3;

export type OnAddresses = (error: Error | null, addresses: LookupAddress[]) => void;
export type Lookup = (name: string, answer: OnAddresses) => void;

interface UnderWay {
  readonly since: number;
  readonly waiting: OnAddresses[];
}

/** What a lookup that failed, or that ended too late, came to. It is the answer until then. */
interface Rest {
  readonly until: number;
  readonly error: Error | null;
  readonly addresses: LookupAddress[];
}

/** @param now milliseconds of a clock that is never set back */
export function shareLookups(lookup: Lookup, now: () => number = () => performance.now()): Lookup {
  const underWay = new Map<string, UnderWay>();
  const resting = new Map<string, Rest>();

  const begin = (name: string, first: OnAddresses): void => {
    const since = now();
    const waiting = [first];
    underWay.set(name, { since, waiting });
    lookup(name, (error, addresses) => {
      underWay.delete(name);
      const tookMs = now() - since;
      if (error !== null || tookMs > MAX_LOOKUP_MS)
        resting.set(name, { until: now() + REST_FACTOR * tookMs, error, addresses });
      for (const answer of waiting) answer(error, addresses);
    });
  };

  return (name, answer) => {
    const rest = resting.get(name);
    if (rest !== undefined && now() < rest.until) return answer(rest.error, rest.addresses);
    resting.delete(name);
    const current = underWay.get(name);
    if (current === undefined) return begin(name, answer);
    if (now() - current.since < MAX_LOOKUP_MS) current.waiting.push(answer);
    else answer(new Error(`the lookup of ${name} has not ended`), []);
  };
}
