// Repeats a request that failed, where that is safe and there is time.
import { type Deadline, pause } from './deadline.ts';
import { ExchangeError, type Refused, retryAfterOf } from './errors.ts';

/** No answer, or not a whole one. */
export interface Lost {
  readonly lost: ExchangeError;
}

export interface Repetition {
  /** Whether it may be repeated if the connection breaks: the server may have done it already. */
  readonly repeatable: boolean;
  readonly onRetry?: (() => void) | undefined;
}

const MAX_RETRIES = 2;
const FIRST_PAUSE_MS = 100;

/** @returns the last outcome */
export async function repeatedly<Received extends Refused>(
  { repeatable, onRetry }: Repetition,
  deadline: Deadline,
  once: () => Promise<Received | Lost>,
): Promise<Received | Lost> {
  for (let retries = 0; ; retries++) {
    const outcome = await once();
    const pauseMs = retries < MAX_RETRIES ? pauseBefore(outcome, repeatable, retries) : undefined;
    if (pauseMs === undefined || pauseMs >= deadline.leftMs()) return outcome;
    onRetry?.();
    await pause(pauseMs, deadline.signal);
  }
}

/** Milliseconds until the next try; undefined if there is none. A refused request did nothing, so it can be repeated. */
function pauseBefore(outcome: Lost | Refused, repeatable: boolean, retries: number): number | undefined {
  const pauseMs = FIRST_PAUSE_MS * 2 ** retries * (0.5 + Math.random());
  if ('lost' in outcome) return repeatable ? pauseMs : undefined;
  const seconds = retryAfterOf(outcome.headers);
  const askedMs = seconds === undefined ? undefined : seconds * 1000 + Math.random() * FIRST_PAUSE_MS;
  if (outcome.status === 503) return askedMs ?? pauseMs;
  // Too many requests: only the server knows when there are fewer.
  return outcome.status === 429 ? askedMs : undefined;
}

/** Of Node, OpenSSL and undici. */
const TLS = /CERT|SSL|TLS|VERIFY/;
const CHECK_TLS =
  'Check the certificate of the server and its authority (in Node: NODE_EXTRA_CA_CERTS), and those of this client.';

/** The error of a `fetch` may contain the request, so only its code goes on. */
export function lostConnection(origin: string, error: unknown): Lost {
  const { code, cause } = Object(error) as { code?: unknown; cause?: { code?: unknown } };
  const known = [code, cause?.code].find((one) => typeof one === 'string' && /^[A-Z0-9_]+$/.test(one));
  const text = `${origin} cannot be reached, or broke off${known === undefined ? '' : `: ${known}`}`;
  const action = typeof known === 'string' && TLS.test(known) ? CHECK_TLS : undefined;
  return { lost: new ExchangeError('network', 'server', text, { retryable: true, action }) };
}
