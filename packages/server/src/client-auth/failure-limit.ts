// How often may somebody guess? Failed authentications are counted for each client and address; nothing a stranger does
// locks a client out from another address (RFC 6749 section 2.3.1 asks for protection against guessing).
import type { Clock } from '../primitives/clock.ts';
import { Refusal } from '../primitives/refusal.ts';
import { createTallies } from '../primitives/tallies.ts';

/** Failures a window. */
export const FAILURES_ALLOWED = 20;
const WINDOW = 60_000;

export interface FailureLimit {
  /** @throws Refusal authentication_rate */
  readonly check: (clientId: string, address: string) => void;
  readonly failed: (clientId: string, address: string) => void;
}

export function createFailureLimit(clock: Clock): FailureLimit {
  const windows = createTallies(clock, WINDOW, 'first');
  const pair = (clientId: string, address: string): string => `${address} ${clientId.slice(0, 256)}`;
  return {
    check: (clientId, address) => {
      const window = windows.get(pair(clientId, address));
      if (window === undefined || window.count < FAILURES_ALLOWED) return;
      const retryAfter = Math.max(1, Math.ceil((window.first + WINDOW - clock()) / 1000));
      throw new Refusal('authentication_rate', {
        clientClaimed: clientId,
        headers: { 'Retry-After': String(retryAfter) },
      });
    },
    failed: (clientId, address) => windows.add(pair(clientId, address)),
  };
}
