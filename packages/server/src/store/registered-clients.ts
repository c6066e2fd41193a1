// Clients that were registered at run time. The row of a deleted client stays, so that other nodes learn of the deletion.
import type { Database, RegisteredClientRow } from './schema.ts';

/** Takes the next revision. Other transactions wait until this one ends, so that revisions become visible in order. */
export async function nextRevision(database: Database, name: 'clients' | 'actors' = 'clients'): Promise<number> {
  const { number } = await database
    .insertInto('revisions')
    .values({ name, number: 1 })
    .onConflict((conflict) =>
      conflict.column('name').doUpdateSet((update) => ({ number: update('revisions.number', '+', 1) })),
    )
    .returning('number')
    .executeTakeFirstOrThrow();
  return Number(number);
}

export async function findRevision(database: Database, name: 'clients' | 'actors'): Promise<number> {
  const row = await database.selectFrom('revisions').select('number').where('name', '=', name).executeTakeFirst();
  return Number(row?.number ?? 0);
}

/** The clients that changed after a revision, in order. */
export const listChangedClients = (database: Database, after: number): Promise<RegisteredClientRow[]> =>
  database.selectFrom('registered_clients').selectAll().where('revision', '>', after).orderBy('revision').execute();

/** Inserts a client, or replaces a deleted one. @returns false if the client exists */
export async function insertClient(database: Database, row: RegisteredClientRow): Promise<boolean> {
  const inserted = await database
    .insertInto('registered_clients')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row).where('registered_clients.entry', 'is', null))
    .returning('id')
    .executeTakeFirst();
  return inserted !== undefined;
}

/** @param was the revision that the change is based on @returns false if the client has changed since */
export async function updateClient(
  database: Database,
  was: number,
  { id, entry, revision, updated_at }: Omit<RegisteredClientRow, 'created_at'>,
): Promise<boolean> {
  const updated = await database
    .updateTable('registered_clients')
    .set({ entry, revision, updated_at })
    .where('id', '=', id)
    .where('revision', '=', was)
    .where('entry', 'is not', null)
    .returning('id')
    .executeTakeFirst();
  return updated !== undefined;
}
