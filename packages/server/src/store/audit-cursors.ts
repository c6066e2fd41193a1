// The position of each sink in each audit chain, and the lease of the process that streams it.
import type { Database } from './schema.ts';

export interface AuditCursor {
  readonly sink: string;
  readonly chain: string;
  readonly position: number;
  readonly held_until: number;
}

export const listCursors = (database: Database, sink: string): Promise<AuditCursor[]> =>
  database.selectFrom('audit_cursors').selectAll().where('sink', '=', sink).execute();

/** Records the position of the sink and extends the lease. */
export async function saveCursor(database: Database, cursor: AuditCursor): Promise<void> {
  const { position, held_until } = cursor;
  await database
    .insertInto('audit_cursors')
    .values(cursor)
    .onConflict((conflict) => conflict.columns(['sink', 'chain']).doUpdateSet({ position, held_until }))
    .execute();
}

/** Takes over a chain whose lease has expired. One statement, so that exactly one of several processes succeeds. @returns whether this one did */
export async function takeCursor(
  database: Database,
  { sink, chain, held_until }: Omit<AuditCursor, 'position'>,
  now: number,
): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await database
    .insertInto('audit_cursors')
    .values({ sink, chain, position: 0, held_until })
    .onConflict((conflict) =>
      conflict.columns(['sink', 'chain']).doUpdateSet({ held_until }).where('audit_cursors.held_until', '<', now),
    )
    .executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows === 1n;
}

/** Records that a sink has started, as the cursor of a chain with an empty name. @returns whether it is the first time */
export async function markBegun(database: Database, sink: string): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await database
    .insertInto('audit_cursors')
    .values({ sink, chain: '', position: 0, held_until: 0 })
    .onConflict((conflict) => conflict.columns(['sink', 'chain']).doNothing())
    .executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows === 1n;
}

/** Finds the last position of a chain that all these sinks have received: the maximum if the list of sinks is empty. */
export async function findTakenPosition(database: Database, chain: string, sinks: readonly string[]): Promise<number> {
  if (sinks.length === 0) return Number.MAX_SAFE_INTEGER;
  const rows = await database
    .selectFrom('audit_cursors')
    .select('position')
    .where('chain', '=', chain)
    .where('sink', 'in', sinks)
    .execute();
  return rows.length < sinks.length ? 0 : Math.min(...rows.map(({ position }) => position));
}

/** For a chain that was deleted. */
export async function deleteCursors(database: Database, chain: string): Promise<void> {
  await database.deleteFrom('audit_cursors').where('chain', '=', chain).execute();
}
