// A statement that changes one row if its condition holds, and otherwise none: so that exactly one of several concurrent ones succeeds.
import type { CompiledQuery } from 'kysely';
import type { Database } from './schema.ts';

export type OneRow = (database: Database) => { readonly compile: () => CompiledQuery };

/** Runs the statement. @returns whether its condition held */
export async function changesOne(database: Database, statement: OneRow): Promise<boolean> {
  const { numAffectedRows } = await database.executeQuery(statement(database).compile());
  return numAffectedRows === 1n;
}
