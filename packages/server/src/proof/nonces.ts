// Creates and verifies DPoP nonces (RFC 9449 section 8). A nonce is a MAC over the time by a key that all nodes share, so
// that nothing is stored and each node accepts the nonces of the others.
import { createHmac } from 'node:crypto';
import type { Clock } from '../primitives/clock.ts';

export interface Nonces {
  readonly current: () => string;
  /** Accepts the current nonce, the previous and the next one, because the clocks of nodes differ. */
  readonly isValid: (nonce: unknown) => boolean;
}

/** Time from one nonce to the next. */
const NONCE_PERIOD_MS = 120_000;

export function createNonces(key: string, clock: Clock): Nonces {
  const nonceOf = (period: number): string => createHmac('sha256', key).update(`${period}`).digest('base64url');
  const now = (): number => Math.floor(clock() / NONCE_PERIOD_MS);
  let latest = { period: Number.NaN, nonce: '' };
  return {
    current: () => {
      const period = now();
      if (latest.period !== period) latest = { period, nonce: nonceOf(period) };
      return latest.nonce;
    },
    isValid: (nonce) => [now(), now() - 1, now() + 1].some((period) => nonceOf(period) === nonce),
  };
}
