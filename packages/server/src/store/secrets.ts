// Secrets that all nodes share, encrypted with the sealing key.
import type { Database } from './schema.ts';

export async function findSecret(database: Database, name: string): Promise<string | undefined> {
  const row = await database.selectFrom('secrets').select('value').where('name', '=', name).executeTakeFirst();
  return row?.value;
}

/** Does nothing if another node was first. */
export async function insertSecret(database: Database, name: string, value: string): Promise<void> {
  await database
    .insertInto('secrets')
    .values({ name, value })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
}

export async function replaceSecret(database: Database, name: string, value: string): Promise<void> {
  await database.updateTable('secrets').set({ value }).where('name', '=', name).execute();
}
