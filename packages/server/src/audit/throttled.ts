// Counts requests beyond a limit instead of recording each: one row a second for each client and address, so that a flood does not
// fill the database.
import { networkOf } from '../primitives/network.ts';
import type { AuditEvent } from './event.ts';
import type { AuditLog } from './log.ts';

/** The time that one row covers. */
const ROW_PERIOD_MS = 1000;
/** Maximum number of rows per address. Beyond it, all other addresses share one row for each reason and client. */
const MAX_ROWS = 1000;

export interface ThrottledRows {
  readonly count: (event: AuditEvent) => void;
  /** Writes all pending rows. */
  readonly flush: () => Promise<void>;
}

/** A row that cannot be written is dropped: it holds only a count. */
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
      // A caller with one address of a network has many: count the network.
      const { address: from } = event;
      const address = counted.size < MAX_ROWS && from !== undefined ? networkOf(from) : 'any other';
      const key = `${event.reason} ${address} ${event.client ?? event.clientClaimed ?? ''}`;
      const row = counted.get(key);
      if (row !== undefined) row.count++;
      else counted.set(key, { event, count: 1, timer: setTimeout(() => write(key), ROW_PERIOD_MS).unref() });
    },
    flush: async () => {
      await Promise.all([...counted.keys()].map(write));
    },
  };
}
