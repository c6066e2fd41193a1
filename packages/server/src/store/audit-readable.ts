// Leaves out audit rows that somebody altered to a text that is not JSON. PostgreSQL refuses the statement of a whole batch for one of them,
// and SQLite reads it as an empty one. `cambio audit verify` names them.
import { type RawBuilder, sql } from 'kysely';
import { parseOwnJson } from '../primitives/strict-json.ts';
import { isPostgres } from './database-time.ts';
import type { Database } from './schema.ts';

/**
 * Works on rows; if PostgreSQL cannot read one of them, again on the others.
 * @param rows a condition on `audit`
 */
export async function onReadable<T>(
  database: Database,
  rows: RawBuilder<unknown>,
  work: (readable: RawBuilder<unknown>) => Promise<T>,
): Promise<T> {
  if (!isPostgres(database)) return work(rows);
  // After an error, a transaction can only go on from here.
  if (database.isTransaction) await sql`savepoint readable`.execute(database);
  try {
    return await work(rows);
  } catch (error) {
    if (!isOfContent(error)) throw error;
    if (database.isTransaction) await sql`rollback to savepoint readable`.execute(database);
    const unreadable = await listUnreadable(database, rows);
    if (unreadable.length === 0) throw error;
    return work(without(rows, unreadable));
  }
}

/** SQLSTATE class 22: the database cannot read a value. */
export const isOfContent = (error: unknown): boolean =>
  String((error as { code?: unknown } | null)?.code).startsWith('22');

export const without = (rows: RawBuilder<unknown>, sequences: readonly number[]): RawBuilder<unknown> =>
  sql`${rows} and sequence not in (${sql.join(sequences.map((sequence) => sql.lit(sequence)))})`;

/** @returns the sequence numbers of the rows whose texts are not JSON */
export async function listUnreadable(database: Database, rows: RawBuilder<unknown>): Promise<readonly number[]> {
  const found = await sql<{ sequence: number; event: string; personal: string | null }>`
    select sequence, event, personal from audit where ${rows}`.execute(database);
  return found.rows
    .filter(({ event, personal }) => !isJson(event) || !isJson(personal ?? '{}'))
    .map((row) => row.sequence);
}

function isJson(text: string): boolean {
  try {
    parseOwnJson(text);
    return true;
  } catch {
    return false;
  }
}
