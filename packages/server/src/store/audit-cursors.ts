// How far has each sink taken each chain, and which process is at it?
import type { Database } from './schema.ts';

export interface AuditCursor {
  readonly sink: string;
  readonly chain: string;
  readonly position: number;
  readonly held_until: number;
}

export const listCursors = (database: Database, sink: string): Promise<AuditCursor[]> =>
  database.selectFrom('audit_cursors').selectAll().where('sink', '=', sink).execute();

/** Says how far the sink is, and that somebody is at it. */
export async function saveCursor(database: Database, cursor: AuditCursor): Promise<void> {
  const { position, held_until } = cursor;
  await database
    .insertInto('audit_cursors')
    .values(cursor)
    .onConflict((conflict) => conflict.columns(['sink', 'chain']).doUpdateSet({ position, held_until }))
    .execute();
}

/** One statement, so that of many that try exactly one takes the chain over. @returns whether this one did */
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

/** Says that a sink has begun, under a name that no chain has. @returns whether it is the first time */
export async function markBegun(database: Database, sink: string): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await database
    .insertInto('audit_cursors')
    .values({ sink, chain: '', position: 0, held_until: 0 })
    .onConflict((conflict) => conflict.columns(['sink', 'chain']).doNothing())
    .executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows === 1n;
}

/** How far all of these sinks have taken a chain: everything, where there is no sink. */
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

/** Of chains that were deleted. */
export async function deleteCursors(database: Database, chain: string): Promise<void> {
  await database.deleteFrom('audit_cursors').where('chain', '=', chain).execute();
}
