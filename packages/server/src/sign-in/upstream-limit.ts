// Limits how often an address makes us ask the upstream provider in vain. Whoever is there needs nothing but a browser.
import { networkOf } from '../primitives/network.ts';
import { type Counting, createRate } from '../primitives/rate.ts';
import { Refusal } from '../primitives/refusal.ts';
import { tallyKey } from '../primitives/tallies.ts';

/** Failures a minute. Fewer than the requests that may be under way to the provider, so that one address cannot take all of them. */
const FAILURES_ALLOWED = 12;

export interface UpstreamLimit {
  /** A try counts as failed until it is known to be good. @returns what to call when it was @throws Refusal upstream_rate */
  readonly begin: (address: string) => () => void;
}

export function createUpstreamLimit(counting: Counting): UpstreamLimit {
  const rate = createRate('upstream', FAILURES_ALLOWED, counting);
  return {
    begin: (address) => {
      const key = tallyKey(networkOf(address));
      const wait = rate.secondsToWait(key);
      if (wait !== undefined) throw new Refusal('upstream_rate', { headers: { 'Retry-After': String(wait) } });
      rate.count(key);
      return () => rate.giveBack(key);
    },
  };
}
