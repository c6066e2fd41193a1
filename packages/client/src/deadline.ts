// One time limit for a request, with its repetitions and pauses.
import { ExchangeError } from './errors.ts';

export interface Deadline {
  /** Aborts at the limit, or with the caller. */
  readonly signal: AbortSignal;
  readonly leftMs: () => number;
  /** Waits for a promise of others. @throws the reason of the signal, if that is first */
  readonly race: <Result>(promise: Promise<Result>) => Promise<Result>;
  /** @throws the reason of the signal */
  readonly wait: (ms: number) => Promise<void>;
}

/** @param controller aborted at the limit; the caller may abort it before @throws ExchangeError timeout, or the reason of the caller */
export async function within<Result>(
  timeoutMs: number,
  controller: AbortController,
  work: (deadline: Deadline) => Promise<Result>,
): Promise<Result> {
  const { signal } = controller;
  const ends = performance.now() + timeoutMs;
  const timer = setTimeout(() => controller.abort(tooSlow(timeoutMs)), timeoutMs);
  try {
    signal.throwIfAborted();
    return await work({
      signal,
      leftMs: () => ends - performance.now(),
      race: (promise) => orAbort(promise, signal),
      wait: (ms) => pause(ms, signal),
    });
  } catch (error) {
    // A fetch may hide the reason in an error of its own.
    throw signal.aborted ? signal.reason : error;
  } finally {
    clearTimeout(timer);
  }
}

const tooSlow = (timeoutMs: number): ExchangeError =>
  new ExchangeError('timeout', 'server', `no answer within ${timeoutMs} ms`, { retryable: true });

/** @throws the reason of the signal, if that is first */
export async function orAbort<Result>(promise: Promise<Result>, signal: AbortSignal): Promise<Result> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = deferred();
  const leave = (): void => reject(signal.reason);
  signal.addEventListener('abort', leave, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}

function deferred(): { readonly promise: Promise<never>; readonly reject: (reason: unknown) => void } {
  let reject: (reason: unknown) => void = () => undefined;
  const promise = new Promise<never>((_resolve, decline) => {
    reject = decline;
  });
  return { promise, reject };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    await orAbort(
      new Promise<void>((resolve) => {
        timer = setTimeout(resolve, ms);
      }),
      signal,
    );
  } finally {
    clearTimeout(timer);
  }
}
