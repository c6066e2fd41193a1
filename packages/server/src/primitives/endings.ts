// Ends what was opened, the last opened first, within one deadline for all of it.
import { once } from 'node:events';

export interface Endings {
  readonly add: (end: () => unknown) => void;
  /**
   * Ends everything, also where one of them fails. Past the deadline each is begun and not waited for.
   * @throws the first failure, or that the deadline passed
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
        // A failure after the deadline is nobody's to hear.
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
