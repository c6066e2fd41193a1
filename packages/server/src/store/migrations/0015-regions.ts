// Creates the table of regions, and records from which region a revocation came.
import type { Migration } from './migration.ts';

export const regionTables: Migration = {
  name: '0015-regions',
  up: async (schema) => {
    await schema
      .createTable('regions')
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('place', 'text', (column) => column.notNull())
      .addColumn('position', 'bigint', (column) => column.notNull())
      .addColumn('mark', 'text', (column) => column.notNull())
      .addColumn('keys', 'text', (column) => column.notNull())
      .execute();
    await schema.alterTable('revocations').addColumn('region', 'text').execute();
    await schema.alterTable('revocations').addColumn('region_time', 'bigint').execute();
  },
  down: async (schema) => {
    await schema.dropTable('regions').execute();
    for (const column of ['region', 'region_time']) await schema.alterTable('revocations').dropColumn(column).execute();
  },
  // What other regions revoked stays revoked: the rows have the form of our own.
  holds: ['regions'],
};
