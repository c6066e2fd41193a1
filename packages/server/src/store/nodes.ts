// The nodes that run on this database, and what stands for the configuration of each.
import type { Database, NodeRow } from './schema.ts';

const COLUMNS = ['id', 'configuration', 'kept', 'about', 'seen_at'] as const;

/** Records that a node is running. */
export async function insertNode(database: Database, row: NodeRow): Promise<void> {
  const { configuration, kept, about, seen_at } = row;
  await database
    .insertInto('nodes')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ configuration, kept, about, seen_at }))
    .execute();
}

export async function deleteNode(database: Database, id: string): Promise<void> {
  await database.deleteFrom('nodes').where('id', '=', id).execute();
}

/** Lists the nodes that were seen after this time, and deletes the others. */
export async function listNodes(database: Database, after: number): Promise<NodeRow[]> {
  await database.deleteFrom('nodes').where('seen_at', '<', after).execute();
  return database.selectFrom('nodes').select(COLUMNS).execute();
}

/** The digests of the kept configurations of the nodes that were seen after this time. */
export async function listKept(database: Database, after: number): Promise<string[]> {
  const rows = await database.selectFrom('nodes').select('kept').distinct().where('seen_at', '>=', after).execute();
  return rows.flatMap(({ kept }) => kept ?? []);
}

/** What a node reports of itself, as JSON. */
export interface NodeDescription {
  readonly version: string;
  readonly host: string;
  readonly pid: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** When the configuration in force was read. */
  readonly readAt: number;
  /** Of the last reload, and of files that were renewed since. */
  readonly faults: readonly { readonly kind: string; readonly since: number; readonly details: readonly string[] }[];
}

/** The nodes that were seen after this time. */
export const listSeen = (database: Database, after: number): Promise<NodeRow[]> =>
  database.selectFrom('nodes').select(COLUMNS).where('seen_at', '>=', after).orderBy('id').execute();
