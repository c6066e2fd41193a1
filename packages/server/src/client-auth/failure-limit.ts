// Limits failed authentications, against guessing (RFC 6749 section 2.3.1). They are counted for each client and address, so that
// nobody can lock a client out from another address.
import { networkOf } from '../primitives/network.ts';
import { type Counting, createRate } from '../primitives/rate.ts';
import type { Recordable } from '../primitives/redact.ts';
import { Refusal } from '../primitives/refusal.ts';
import { type TallyKey, tallyKey } from '../primitives/tallies.ts';

const MAX_FAILURES_PER_MINUTE = 20;

export interface FailureLimit {
  /** @param claimed the client for the audit row @throws Refusal authentication_rate */
  readonly check: (clientId: string, address: string, claimed?: () => Recordable | undefined) => void;
  readonly failed: (clientId: string, address: string) => void;
}

export function createFailureLimit(counting: Counting): FailureLimit {
  const rate = createRate('failures', MAX_FAILURES_PER_MINUTE, counting);
  const pair = (clientId: string, address: string): TallyKey => tallyKey(networkOf(address), clientId);
  return {
    check: (clientId, address, claimed) => {
      if (rate.isEmpty()) return;
      const wait = rate.secondsToWait(pair(clientId, address));
      if (wait === undefined) return;
      throw new Refusal('authentication_rate', {
        clientClaimed: claimed?.(),
        headers: { 'Retry-After': String(wait) },
      });
    },
    failed: (clientId, address) => rate.count(pair(clientId, address)),
  };
}
