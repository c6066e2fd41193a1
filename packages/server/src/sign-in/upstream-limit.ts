// Limits failed requests to the upstream provider by address. Anyone with a browser can cause them.
import { networkOf } from '../primitives/network.ts';
import { type Counting, createRate } from '../primitives/rate.ts';
import { Refusal } from '../primitives/refusal.ts';
import { tallyKey } from '../primitives/tallies.ts';

/** Failures per minute. It is lower than the limit of concurrent requests to the provider, so that one address cannot use all of them. */
const FAILURES_ALLOWED = 12;

export interface UpstreamLimit {
  /** An attempt counts as failed until it succeeds. @returns a function to call if it succeeded @throws Refusal upstream_rate */
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
