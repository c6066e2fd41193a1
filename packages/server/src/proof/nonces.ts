// Was the proof made just now, and for us? Nonces of RFC 9449 section 8, without state: a MAC over the time, by a key that all
// nodes share, so that each takes what another gave.
import { createHmac } from 'node:crypto';
import type { Clock } from '../primitives/clock.ts';

export interface Nonces {
  readonly current: () => string;
  /** The current one, the one before it, and the one after, for clocks of nodes differ. */
  readonly isGood: (nonce: unknown) => boolean;
}

/** Milliseconds from one nonce to the next. */
const PERIOD = 120_000;

export function createNonces(key: string, clock: Clock): Nonces {
  const nonceOf = (period: number): string => createHmac('sha256', key).update(`${period}`).digest('base64url');
  const now = (): number => Math.floor(clock() / PERIOD);
  return {
    current: () => nonceOf(now()),
    isGood: (nonce) => [now(), now() - 1, now() + 1].some((period) => nonceOf(period) === nonce),
  };
}
