// Makes and checks DPoP nonces (RFC 9449 section 9), which prove that a proof is recent.
import { createHmac } from 'node:crypto';

export interface Nonces {
  readonly current: () => string;
  readonly accepts: (nonce: unknown) => boolean;
}

/** A nonce is accepted for one to two periods. */
const PERIOD_MS = 60_000;

/** Stateless: nodes with the same secret accept the same nonces. */
export function createNonces(secret: string, clock: () => number): Nonces {
  const at = (period: number): string =>
    createHmac('sha256', secret).update(`DPoP-Nonce ${period}`).digest('base64url');
  const now = (): number => Math.floor(clock() / PERIOD_MS);
  return { current: () => at(now()), accepts: (nonce) => nonce === at(now()) || nonce === at(now() - 1) };
}
