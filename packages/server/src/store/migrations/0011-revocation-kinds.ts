import type { Migration } from './migration.ts';

/**
 * What was revoked says of which kind it is; rows of the version before have none, and are read by their `id`. A refresh family
 * says which process rotated it last, and when by the clock of the database.
 */
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
  // The id of a row says what its kind and name say. The version before takes `principal:` for the id of a token, and revokes nobody.
  holds: ['revocations.kind=principal'],
};
