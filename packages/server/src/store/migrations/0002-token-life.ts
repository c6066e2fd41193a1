// Creates the tables of revocations, single-use ids, opaque tokens, refresh families and shared secrets.
import type { Migration } from './migration.ts';

const tables = ['revocations', 'used_ids', 'opaque_tokens', 'refresh_families', 'secrets'] as const;

export const tokenLife: Migration = {
  name: '0002-token-life',
  up: async (schema, sequence) => {
    await schema
      .createTable('revocations')
      .addColumn('sequence', sequence.type, sequence.build)
      .addColumn('id', 'text', (column) => column.notNull().unique())
      .addColumn('revoked_at', 'bigint', (column) => column.notNull())
      .execute();
    await schema
      .createTable('used_ids')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .execute();
    await schema
      .createTable('opaque_tokens')
      .addColumn('hash', 'text', (column) => column.primaryKey())
      .addColumn('claims', 'text', (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .execute();
    await schema
      .createTable('refresh_families')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('client', 'text', (column) => column.notNull())
      .addColumn('generation', 'integer', (column) => column.notNull())
      .addColumn('rotated_at', 'bigint', (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .addColumn('remembered', 'text', (column) => column.notNull())
      .execute();
    await schema
      .createTable('secrets')
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('value', 'text', (column) => column.notNull())
      .execute();
  },
  down: async (schema) => {
    for (const table of tables) await schema.dropTable(table).execute();
  },
  holds: tables,
};
