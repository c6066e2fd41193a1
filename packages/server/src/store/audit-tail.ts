// Reads the rows of the audit in the order of writing, after a row that the caller knows.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { sql } from 'kysely';
import { type AuditTerms, columnsEqual, type RowSize, rowBytes, timesOf, withinBytes } from './audit-conditions.ts';
import { findBatchEnd } from './audit-positions.ts';
import { MAX_SCANNED_BYTES, readBatch } from './audit-search.ts';
import type { AuditRow, Database } from './schema.ts';

/** Rows that one call reads at most. */
const MAX_ROWS = 20_000;
const BATCH_ROWS = 2000;

export interface TailPage {
  /** In the order of writing. */
  readonly rows: readonly AuditRow[];
  /** The sequence number of the last row that was read; the next call begins after it. */
  readonly end: number;
}

/**
 * @param terms a row must match one of them; only their columns differ
 * @param range.through the last row that may be read, from `findSettled`
 */
export async function readTail(
  database: Database,
  terms: readonly AuditTerms[],
  { after, through, limit }: { readonly after: number; readonly through: number; readonly limit: number },
): Promise<TailPage> {
  const last = await findBatchEnd(database, { after, through, limit: MAX_ROWS });
  const conditions = sql.join(
    terms.map((one) => sql`(${columnsEqual(one)})`),
    sql` or `,
  );
  const [first = {}] = terms;
  const rows: AuditRow[] = [];
  let end = after;
  let bytes = 0;
  while (end < last && rows.length < limit && bytes < MAX_SCANNED_BYTES) {
    const room = limit - rows.length;
    const batchEnd = await findBatchEnd(database, { after: end, through: last, limit: BATCH_ROWS });
    const { rows: sizes } = await sql<RowSize>`select time, sequence, ${rowBytes} as bytes from audit
      where sequence > ${end} and sequence <= ${batchEnd} and (${conditions}) and ${timesOf({ terms: first }, 'audit')}
      order by sequence limit ${room}`.execute(database);
    const some = withinBytes(sizes, MAX_SCANNED_BYTES - bytes);
    if (some.length > 0) rows.push(...(await readBatch(database, first, some)).toSorted(inOrder));
    bytes += some.reduce((sum, size) => sum + Number(size.bytes), 0);
    const isCut = some.length < sizes.length || sizes.length === room;
    end = (isCut ? some.at(-1)?.sequence : undefined) ?? batchEnd;
    await nextTurn();
  }
  return { rows, end };
}

const inOrder = (a: AuditRow, b: AuditRow): number => a.sequence - b.sequence;
