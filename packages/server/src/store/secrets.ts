// Secrets that the nodes share: made by the first that needs them.
import { newSecret } from '../primitives/random.ts';
import type { Database } from './schema.ts';

/** @param access a reader makes none, and where none is there gets one that opens nothing */
export async function sharedSecret(database: Database, name: string, access: 'read' | 'write'): Promise<string> {
  if (access === 'read') {
    const row = await database.selectFrom('secrets').select('value').where('name', '=', name).executeTakeFirst();
    return row?.value ?? newSecret();
  }
  await database
    .insertInto('secrets')
    .values({ name, value: newSecret() })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
  const { value } = await database
    .selectFrom('secrets')
    .select('value')
    .where('name', '=', name)
    .executeTakeFirstOrThrow();
  return value;
}
