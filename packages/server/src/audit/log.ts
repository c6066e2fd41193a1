// Is it written down? Rows are committed in groups: one fsync for all that arrived while the last one ran.
import { insertAuditRows, ROWS_AT_ONCE } from '../store/audit-rows.ts';
import type { AuditRow, Database } from '../store/schema.ts';
import { orUnavailable, PATIENCE, type Store } from '../store/store.ts';
import type { AuditEvent } from './event.ts';

export interface AuditLog {
  /** Resolves once the row is committed. @throws Refusal store_unavailable */
  readonly append: (event: AuditEvent) => Promise<void>;
  /** Commits the row in the transaction of what else the request writes. @throws Refusal store_unavailable, or what `write` throws */
  readonly appendWith: (event: AuditEvent, write: (transaction: Database) => Promise<void>) => Promise<void>;
}

/** Milliseconds for the row that says that something of ours failed: mostly the database, and its caller has waited already. */
const PATIENCE_AFTER_FAILURE = 200;

interface Waiting {
  readonly row: AuditRow;
  /** Milliseconds of the process's own clock: after that its caller has been told that it failed. */
  readonly until: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export function createAuditLog(store: Store): AuditLog {
  const waiting: Waiting[] = [];
  let running = false;

  const flush = async (): Promise<void> => {
    while (waiting.length > 0) {
      const group = waiting.splice(0, ROWS_AT_ONCE).filter(({ until }) => until > performance.now());
      if (group.length === 0) continue;
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

  const enqueue = (row: AuditRow, patience: number): Promise<void> => {
    const written = new Promise<void>((resolve, reject) => {
      waiting.push({ row, until: performance.now() + patience, resolve, reject });
      if (running) return;
      running = true;
      setImmediate(flush);
    });
    return orUnavailable(written, patience);
  };

  return {
    append: (event) => enqueue(toRow(event), event.outcome === 'failed' ? PATIENCE_AFTER_FAILURE : PATIENCE),
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
  client: column(event.client),
  subject: column(event.subject?.sub ?? event.principal?.sub),
  actor: column(event.chain?.[0]?.sub),
  rule: column(event.rule),
  event: JSON.stringify(event),
});

/** PostgreSQL refuses a NUL in text, and with it all the rows of the group; the event's JSON has it escaped. */
const column = (text: string | undefined): string | null => text?.replaceAll('\0', '') ?? null;
