// Audit rows: written, never changed.
import type { AuditRow, Database } from './schema.ts';

/** SQLite and PostgreSQL bound the parameters of a statement; 64 rows of nine stay far below. */
export const ROWS_AT_ONCE = 64;

export async function insertAuditRows(database: Database, rows: readonly AuditRow[]): Promise<void> {
  await database.insertInto('audit').values(rows).execute();
}

/** @returns the event's JSON, or undefined where no row has the id. */
export async function findAuditEvent(database: Database, requestId: string): Promise<string | undefined> {
  const row = await database.selectFrom('audit').select('event').where('request_id', '=', requestId).executeTakeFirst();
  return row?.event;
}

/** Events as JSON, oldest first: the next of them after a sequence number. */
export const listAuditEvents = (
  database: Database,
  after: number,
  limit: number,
): Promise<{ sequence: number; event: string }[]> =>
  database
    .selectFrom('audit')
    .select(['sequence', 'event'])
    .where('sequence', '>', after)
    .orderBy('sequence')
    .limit(limit)
    .execute();
