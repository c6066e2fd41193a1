// Was this proof made just now? RFC 9449 section 9: a value that only we could have given, and only lately.
import { createHmac } from 'node:crypto';

export interface Nonces {
  readonly current: () => string;
  readonly accepts: (nonce: unknown) => boolean;
}

/** Milliseconds; a nonce serves for one to two of these. */
const PERIOD = 60_000;

/** Nothing is stored: whoever knows the secret makes the same nonces at the same time. */
export function createNonces(secret: string, clock: () => number): Nonces {
  const at = (period: number): string =>
    createHmac('sha256', secret).update(`DPoP-Nonce ${period}`).digest('base64url');
  const now = (): number => Math.floor(clock() / PERIOD);
  return { current: () => at(now()), accepts: (nonce) => nonce === at(now()) || nonce === at(now() - 1) };
}
