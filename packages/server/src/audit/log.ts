// Is it written down? Rows are committed in groups: one fsync for all that arrived while the last one ran.
import { insertAuditRows, ROWS_AT_ONCE } from '../store/audit-rows.ts';
import type { AuditRow, Database } from '../store/schema.ts';
import { orUnavailable, type Store } from '../store/store.ts';
import type { AuditEvent } from './event.ts';

export interface AuditLog {
  /** Resolves once the row is committed. @throws Refusal store_unavailable */
  readonly append: (event: AuditEvent) => Promise<void>;
  /** Commits the row in the transaction of what else the request writes. @throws Refusal store_unavailable, or what `write` throws */
  readonly appendWith: (event: AuditEvent, write: (transaction: Database) => Promise<void>) => Promise<void>;
}

interface Waiting {
  readonly row: AuditRow;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export function createAuditLog(store: Store): AuditLog {
  const waiting: Waiting[] = [];
  let running = false;

  const flush = async (): Promise<void> => {
    while (waiting.length > 0) {
      const group = waiting.splice(0, ROWS_AT_ONCE);
      try {
        await insertAuditRows(
          store,
          group.map(({ row }) => row),
        );
        for (const { resolve } of group) resolve();
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    running = false;
  };

  const enqueue = (row: AuditRow): Promise<void> =>
    new Promise((resolve, reject) => {
      waiting.push({ row, resolve, reject });
      if (running) return;
      running = true;
      setImmediate(flush);
    });

  return {
    append: (event) => orUnavailable(enqueue(toRow(event))),
    appendWith: (event, write) =>
      orUnavailable(
        store.transaction().execute(async (transaction) => {
          await write(transaction);
          await insertAuditRows(transaction, [toRow(event)]);
        }),
      ),
  };
}

const toRow = (event: AuditEvent): AuditRow => ({
  time: event.time,
  request_id: event.requestId,
  outcome: event.outcome ?? 'failed',
  reason: event.reason ?? null,
  client: event.client ?? null,
  subject: event.subject?.sub ?? event.principal?.sub ?? null,
  actor: event.chain?.[0]?.sub ?? null,
  rule: event.rule ?? null,
  event: JSON.stringify(event),
});
