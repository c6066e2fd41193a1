// Opens the database of a server that starts, and waits for a database that does not answer yet.
import { setTimeout as wait } from 'node:timers/promises';
import { formatDuration } from '../primitives/duration.ts';
import type { Report } from '../primitives/log.ts';
import { describeDatabaseFailure, mayPass } from './failure.ts';

export interface WaitOptions {
  /** Milliseconds. No attempt begins later; 0 makes one attempt. */
  readonly maxWaitMs: number;
  /** Ends the wait: the server was told to stop. */
  readonly signal?: AbortSignal | undefined;
}

/** Delay between two attempts. */
const RETRY_MS = 500;
/** The log repeats the reason after this time. */
const REMIND_MS = 10_000;

/**
 * Repeats `open` while it fails for a reason that may pass by itself, such as a database that is starting. A wrong password or an
 * unknown database fails at once.
 * @throws the error of the last attempt
 */
export async function openPatiently<T>(
  open: () => Promise<T>,
  report: Report,
  { maxWaitMs, signal }: WaitOptions = { maxWaitMs: 0 },
): Promise<T> {
  const began = performance.now();
  const waited = (): string => formatDuration((performance.now() - began) / 1000);
  let reported: { readonly reason: string; readonly at: number } | undefined;
  for (;;) {
    try {
      const opened = await open();
      if (reported !== undefined) report(`the database answers after ${waited()}`, { level: 'info' });
      return opened;
    } catch (error) {
      if (maxWaitMs === 0 || !mayPass(error)) throw error;
      const reason = describeDatabaseFailure(error);
      if (performance.now() - began >= maxWaitMs) throw new Error(`after ${waited()}: ${reason}`, { cause: error });
      if (reported?.reason !== reason || performance.now() - reported.at >= REMIND_MS) {
        const limit = formatDuration(maxWaitMs / 1000);
        report(`waiting for the database (${waited()} of ${limit}): ${reason}`, { level: 'warn' });
        reported = { reason, at: performance.now() };
      }
      await wait(RETRY_MS, undefined, { signal }).catch(() => undefined);
      if (signal?.aborted) throw error;
    }
  }
}
