// Migrates the schema for `cambio store migrate`, and gives a role the rights of a server.
import { dropColumnIndexes, readIndexState } from './audit-index.ts';
import { SchemaError } from './failure.ts';
import { grantRole } from './grants.ts';
import { openStore, type StoreLocation } from './store.ts';

/** A role that gets the rights of a server. */
export interface RoleGrant {
  readonly role: string;
  readonly retention: 'deletes rows' | 'keeps rows';
}

/**
 * Creates the schema of this version, or migrates an earlier one, and finishes what servers cannot do whose role does not own the tables.
 * @throws as `openStore` @throws SchemaError if the role cannot have only these rights
 */
export async function migrateStore(location: StoreLocation, now: number, grant?: RoleGrant): Promise<void> {
  if (grant !== undefined && location.kind === 'sqlite') throw new SchemaError('SQLite has no roles. Remove --grant');
  const store = await openStore(location, 'write', now, 'migrate');
  try {
    if ((await readIndexState(store)).phase === 'built') await dropColumnIndexes(store);
    if (grant !== undefined)
      await store.transaction().execute((transaction) => grantRole(transaction, grant.role, grant.retention));
  } finally {
    await store.destroy();
  }
}
