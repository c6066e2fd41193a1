// The clients that were registered at run time. A row stays when its client is deleted: other nodes must hear of it.
import type { Database, RegisteredClientRow } from './schema.ts';

/** Of all changes, the next: until this transaction ends no other can take one, so that revisions are seen in order. */
export async function nextRevision(database: Database): Promise<number> {
  const { number } = await database
    .insertInto('revisions')
    .values({ name: 'clients', number: 1 })
    .onConflict((conflict) =>
      conflict.column('name').doUpdateSet((update) => ({ number: update('revisions.number', '+', 1) })),
    )
    .returning('number')
    .executeTakeFirstOrThrow();
  return Number(number);
}

/** Whatever changed after a revision, in order. */
export const listChangedClients = (database: Database, after: number): Promise<RegisteredClientRow[]> =>
  database.selectFrom('registered_clients').selectAll().where('revision', '>', after).orderBy('revision').execute();

/** @returns false where there is such a client already; the place of a deleted one is free */
export async function insertClient(database: Database, row: RegisteredClientRow): Promise<boolean> {
  const inserted = await database
    .insertInto('registered_clients')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row).where('registered_clients.entry', 'is', null))
    .returning('id')
    .executeTakeFirst();
  return inserted !== undefined;
}

/** @param was the revision that the change was made from @returns false where the client has changed since */
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
