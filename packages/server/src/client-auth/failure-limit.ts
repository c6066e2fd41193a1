// How often may somebody guess? Failed authentications are counted for each client and address; nothing a stranger does
// locks a client out from another address (RFC 6749 section 2.3.1 asks for protection against guessing).
import { networkOf } from '../primitives/network.ts';
import { type Counting, createRate } from '../primitives/rate.ts';
import type { Recordable } from '../primitives/redact.ts';
import { Refusal } from '../primitives/refusal.ts';
import { type TallyKey, tallyKey } from '../primitives/tallies.ts';

/** Failures a minute. */
const FAILURES_ALLOWED = 20;

export interface FailureLimit {
  /** @param claimed what the row says of the client @throws Refusal authentication_rate */
  readonly check: (clientId: string, address: string, claimed?: () => Recordable | undefined) => void;
  readonly failed: (clientId: string, address: string) => void;
}

export function createFailureLimit(counting: Counting): FailureLimit {
  const rate = createRate('failures', FAILURES_ALLOWED, counting);
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
