// Which nodes run on this database, and by which configuration?
import type { Database, NodeRow } from './schema.ts';

/** Says that a node is there. */
export async function insertNode(database: Database, row: NodeRow): Promise<void> {
  const { configuration, seen_at } = row;
  await database
    .insertInto('nodes')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ configuration, seen_at }))
    .execute();
}

export async function deleteNode(database: Database, id: string): Promise<void> {
  await database.deleteFrom('nodes').where('id', '=', id).execute();
}

/** Those that were seen after this time; the others are forgotten. */
export async function listNodes(database: Database, after: number): Promise<NodeRow[]> {
  await database.deleteFrom('nodes').where('seen_at', '<', after).execute();
  return database.selectFrom('nodes').select(['id', 'configuration', 'seen_at']).execute();
}
