// One time limit for a request, with its repetitions and pauses.
import { ExchangeError } from './errors.ts';

export interface Deadline {
  /** Aborts at the limit, or with the caller. */
  readonly signal: AbortSignal;
  readonly leftMs: () => number;
}

/**
 * Ends at the limit, even if the work does not heed the signal.
 * @param controller aborted at the limit; the caller may abort it before
 * @throws ExchangeError timeout, or the reason of the caller
 */
export async function within<Result>(
  timeoutMs: number,
  controller: AbortController,
  work: (deadline: Deadline) => Promise<Result>,
): Promise<Result> {
  const { signal } = controller;
  const ends = performance.now() + timeoutMs;
  const timer = setTimeout(() => controller.abort(tooSlow(timeoutMs)), timeoutMs);
  try {
    return await orAbort(() => work({ signal, leftMs: () => ends - performance.now() }), signal);
  } catch (error) {
    // A fetch may hide the reason in an error of its own.
    throw signal.aborted ? signal.reason : error;
  } finally {
    clearTimeout(timer);
  }
}

const tooSlow = (timeoutMs: number): ExchangeError =>
  new ExchangeError('timeout', 'server', `no answer within ${timeoutMs} ms`, { retryable: true });

/** @throws the reason of the signal, if it aborts first. Then nobody needs the outcome of the work, nor its error. */
export function orAbort<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const leave = (): void => reject(signal.reason);
    signal.addEventListener('abort', leave, { once: true });
    const after =
      <Value>(settle: (value: Value) => void) =>
      (value: Value): void => {
        signal.removeEventListener('abort', leave);
        settle(value);
      };
    work().then(after(resolve), after(reject));
  });
}

/** @throws the reason of the signal, if it aborts first */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const passed = (): Promise<void> =>
    new Promise((resolve) => {
      timer = setTimeout(resolve, ms);
    });
  await orAbort(passed, signal).finally(() => clearTimeout(timer));
}
