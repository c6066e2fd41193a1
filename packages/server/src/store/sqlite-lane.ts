// Who uses a connection of SQLite? Single statements go to it at once; a transaction has it alone.

import type { Request } from './sqlite-connection.mjs';
import type { Asked, Link, SqliteAnswer } from './sqlite-link.ts';

export interface Lane {
  /** Outside of transactions: waits until those that came before have ended. */
  readonly ask: (request: Request) => Promise<SqliteAnswer>;
  /** Until `release`, only the caller may use the link. Its requests fail if the thread ends meanwhile. */
  readonly hold: () => Promise<Held>;
}

export interface Held extends Asked {
  readonly release: () => void;
}

export function createLane(link: Link): Lane {
  /** Resolves when the last holder releases; undefined if nobody holds the link or waits for it. */
  let last: Promise<void> | undefined;
  return {
    ask: async (request) => {
      if (last !== undefined) await last;
      return link.ask(request);
    },
    hold: async () => {
      const before = last;
      const { promise, resolve } = Promise.withResolvers<void>();
      last = promise;
      await before;
      return {
        ask: link.pin().ask,
        release: () => {
          if (last === promise) last = undefined;
          resolve();
        },
      };
    },
  };
}
