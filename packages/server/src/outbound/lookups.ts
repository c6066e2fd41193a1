// Looks up host names, each by one lookup at a time. A lookup (getaddrinfo) cannot be cancelled: it occupies one of the two
// threads that libuv has for lookups until the name server answers or the system gives up, long after its request has failed.
import type { LookupAddress } from 'node:dns';

/** When a lookup has taken longer than this, further requests for the name fail at once: they would wait in vain. */
const MAX_LOOKUP_MS = 3000;
/**
 * After a slow or failed lookup, the name is not looked up for this many times its duration, so it occupies a thread a quarter of
 * the time at most.
 */
const REST_FACTOR = 3;

export type OnAddresses = (error: Error | null, addresses: LookupAddress[]) => void;
export type Lookup = (name: string, answer: OnAddresses) => void;

interface UnderWay {
  readonly since: number;
  readonly waiting: OnAddresses[];
}

/** The result of a lookup that failed or took too long. It is used until the end of the rest. */
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
