// How does a flood look in the audit? Requests beyond the limit are counted, one row a second for each client and address:
// whoever floods the server does not fill its database.
import { networkOf } from '../primitives/network.ts';
import type { AuditEvent } from './event.ts';
import type { AuditLog } from './log.ts';

/** Milliseconds that one row stands for. */
const PERIOD = 1000;
/** Rows that are counted for at once; beyond them all others share one for each reason and client. */
const MAX_ROWS = 1000;

export interface ThrottledRows {
  readonly count: (event: AuditEvent) => void;
  /** Writes what has been counted so far. */
  readonly flush: () => Promise<void>;
}

/** Counted rows are written when the database allows: losing one loses a count, not an issued token. */
export function countThrottled(audit: AuditLog): ThrottledRows {
  const counted = new Map<string, { readonly event: AuditEvent; count: number; readonly timer: NodeJS.Timeout }>();
  const write = async (key: string): Promise<void> => {
    const row = counted.get(key);
    if (row === undefined) return;
    counted.delete(key);
    clearTimeout(row.timer);
    await audit.append({ ...row.event, count: row.count }).catch(() => undefined);
  };
  return {
    count: (event) => {
      // Whoever has one address of a network has many.
      const address = counted.size < MAX_ROWS ? networkOf(event.address) : 'any other';
      const key = `${event.reason} ${address} ${event.client ?? event.clientClaimed ?? ''}`;
      const row = counted.get(key);
      if (row !== undefined) row.count++;
      else counted.set(key, { event, count: 1, timer: setTimeout(() => write(key), PERIOD).unref() });
    },
    flush: async () => {
      await Promise.all([...counted.keys()].map(write));
    },
  };
}
