// Writes that are committed together with an audit row.
import { changesOne, type OneRow } from '../store/one-row.ts';
import type { Database } from '../store/schema.ts';
import type { AuditEvent } from './event.ts';
import type { AuditLog } from './log.ts';

/** A write that is committed with an audit row, or not at all. */
export interface Write {
  /** Do all of it, if their conditions hold. Absent if the write cannot be done so. */
  readonly statements?: readonly OneRow[];
  /** A statement reads what one before it wrote, or holds only while nobody else writes: for SQLite alone. */
  readonly needsOneWriter?: true;
  /** Decides with queries. @throws Refusal */
  readonly run: (transaction: Database) => Promise<void>;
}

/** @param otherwise throws the refusal if the condition of the statement does not hold */
export const writeOf = (statement: OneRow, otherwise: (transaction: Database) => Promise<void>): Write => ({
  statements: [statement],
  run: async (transaction) => {
    if (!(await changesOne(transaction, statement))) await otherwise(transaction);
  },
});

/** A write that is never refused: it fails with an error, or its row is there already. */
export const insertionOf = (statement: OneRow): Write => writeOf(statement, async () => undefined);

/**
 * Commits the writes with the row of the event: together with other requests, if statements can do them and their conditions hold.
 * The rest, and what must be refused, has a transaction of its own.
 * @param alone runs that transaction
 * @throws Refusal store_unavailable, and those of the writes
 */
export async function commitWrites(
  audit: AuditLog,
  event: AuditEvent,
  writes: readonly Write[],
  alone: (work: () => Promise<void>) => Promise<void> = (work) => work(),
): Promise<void> {
  const statements = writes.flatMap((write) => write.statements ?? []);
  const areEnough = writes.every((write) => write.statements !== undefined);
  const order = writes.some((write) => write.needsOneWriter) ? 'one after the other' : 'any';
  if (areEnough && (await audit.append(event, { statements, order })) === 'committed') return;
  await alone(() =>
    audit.appendWith(event, async (transaction) => {
      for (const { run } of writes) await run(transaction);
    }),
  );
}
