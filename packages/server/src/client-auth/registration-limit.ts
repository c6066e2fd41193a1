// Limits how often an address registers a client.
import { networkOf } from '../primitives/network.ts';
import { type Counting, createRate } from '../primitives/rate.ts';
import { Refusal } from '../primitives/refusal.ts';
import { tallyKey } from '../primitives/tallies.ts';

const REQUESTS_PER_MINUTE = 20;

export interface RegistrationLimit {
  /** @throws Refusal registration_rate */
  readonly count: (address: string) => void;
}

export function createRegistrationLimit(counting: Counting): RegistrationLimit {
  const rate = createRate('registrations', REQUESTS_PER_MINUTE, counting);
  return {
    count: (address) => {
      const key = tallyKey(networkOf(address));
      const wait = rate.secondsToWait(key);
      if (wait !== undefined) throw new Refusal('registration_rate', { headers: { 'Retry-After': String(wait) } });
      rate.count(key);
    },
  };
}
