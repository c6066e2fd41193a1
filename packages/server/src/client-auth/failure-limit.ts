// How often may somebody guess? Failed authentications are counted for each client and address; nothing a stranger does
// locks a client out from another address (RFC 6749 section 2.3.1 asks for protection against guessing).
import type { Clock } from '../primitives/clock.ts';
import { Refusal } from '../primitives/refusal.ts';

/** Failures a window. */
export const FAILURES_ALLOWED = 20;
const WINDOW = 60_000;
/** Beyond this many pairs the oldest is forgotten: memory is bounded, whoever asks. */
const MAX_PAIRS = 50_000;

interface Window {
  readonly ends: number;
  failures: number;
}

export interface FailureLimit {
  /** @throws Refusal authentication_rate */
  readonly check: (clientId: string, address: string) => void;
  readonly failed: (clientId: string, address: string) => void;
}

export function createFailureLimit(clock: Clock): FailureLimit {
  const windows = new Map<string, Window>();
  const pair = (clientId: string, address: string): string => `${address} ${clientId.slice(0, 256)}`;

  const current = (key: string): Window | undefined => {
    const window = windows.get(key);
    if (window !== undefined && window.ends <= clock()) {
      windows.delete(key);
      return undefined;
    }
    return window;
  };

  return {
    check: (clientId, address) => {
      const window = current(pair(clientId, address));
      if (window === undefined || window.failures < FAILURES_ALLOWED) return;
      const retryAfter = Math.max(1, Math.ceil((window.ends - clock()) / 1000));
      throw new Refusal('authentication_rate', {
        clientClaimed: clientId,
        headers: { 'Retry-After': String(retryAfter) },
      });
    },
    failed: (clientId, address) => {
      const key = pair(clientId, address);
      const window = current(key);
      if (window !== undefined) {
        window.failures++;
        return;
      }
      const oldest = windows.size >= MAX_PAIRS ? windows.keys().next().value : undefined;
      if (oldest !== undefined) windows.delete(oldest);
      windows.set(key, { ends: clock() + WINDOW, failures: 1 });
    },
  };
}
