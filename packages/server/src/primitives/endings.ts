// Ends everything that was opened, the last opened first, within one deadline.
import { once } from 'node:events';

export interface Endings {
  readonly add: (end: () => unknown) => void;
  /**
   * Ends everything, even if one of them fails. After the deadline, the rest is ended without waiting for it.
   * @throws the first failure, or an Error that the deadline passed
   */
  readonly end: () => Promise<void>;
}

export function createEndings(deadlineMs: number): Endings {
  const endings: (() => unknown)[] = [];
  return {
    add: (end) => void endings.push(end),
    end: async () => {
      const failures: unknown[] = [];
      const late = new AbortController();
      const deadline = once(late.signal, 'abort');
      const timer = setTimeout(() => late.abort(), deadlineMs);
      for (let end = endings.pop(); end !== undefined; end = endings.pop()) {
        // After the deadline nothing handles a failure.
        const ended = (async () => end())();
        ended.catch(() => undefined);
        try {
          await (late.signal.aborted ? undefined : Promise.race([ended, deadline]));
        } catch (error) {
          failures.push(error);
        }
      }
      clearTimeout(timer);
      if (late.signal.aborted) failures.push(new Error(`not everything has ended within ${deadlineMs} ms`));
      if (failures.length > 0) throw failures[0];
    },
  };
}
