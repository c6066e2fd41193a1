// Writes that are committed together with an audit row.
import { changesOne, type OneRow } from '../store/one-row.ts';
import type { Database } from '../store/schema.ts';
import type { AuditEvent } from './event.ts';
import type { AuditLog } from './log.ts';

/** A write that is committed with an audit row, or not at all. */
export interface Write {
  /** Does all of it, if its condition holds. Absent if it takes more than one statement. */
  readonly statement?: OneRow;
  /** @throws Refusal */
  readonly run: (transaction: Database) => Promise<void>;
}

/** @param otherwise throws the refusal if the condition of the statement does not hold */
export const writeOf = (statement: OneRow, otherwise: (transaction: Database) => Promise<void>): Write => ({
  statement,
  run: async (transaction) => {
    if (!(await changesOne(transaction, statement))) await otherwise(transaction);
  },
});

/** A write that is never refused: it fails with an error, or its row is there already. */
export const insertionOf = (statement: OneRow): Write => writeOf(statement, async () => undefined);

/**
 * Commits the writes with the row of the event: together with other requests, if statements can do them and their conditions hold.
 * The rest, and what must be refused, has a transaction of its own.
 * @throws Refusal store_unavailable, and those of the writes
 */
export async function commitWrites(audit: AuditLog, event: AuditEvent, writes: readonly Write[]): Promise<void> {
  const statements = writes.flatMap(({ statement }) => statement ?? []);
  if (statements.length === writes.length && (await audit.append(event, statements)) === 'committed') return;
  await audit.appendWith(event, async (transaction) => {
    for (const { run } of writes) await run(transaction);
  });
}
