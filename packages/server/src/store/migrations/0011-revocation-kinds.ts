// Adds the kind of a revocation, and the process and database time of the last rotation of a refresh family. Rows of revocations
// from before have no kind and are read by their `id`.
import type { Migration } from './migration.ts';

export const revocationKinds: Migration = {
  name: '0011-revocation-kinds',
  up: async (schema) => {
    await schema.alterTable('revocations').addColumn('kind', 'text').execute();
    await schema.alterTable('revocations').addColumn('name', 'text').execute();
    await schema.alterTable('refresh_families').addColumn('rotated_by', 'text').execute();
    await schema.alterTable('refresh_families').addColumn('stored_at', 'bigint').execute();
  },
  down: async (schema) => {
    for (const column of ['kind', 'name']) await schema.alterTable('revocations').dropColumn(column).execute();
    for (const column of ['rotated_by', 'stored_at'])
      await schema.alterTable('refresh_families').dropColumn(column).execute();
  },
  // The id repeats kind and name. The previous version reads `principal:…` as the id of a token, which revokes nothing.
  holds: ['revocations.kind=principal'],
};
