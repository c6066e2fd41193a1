// Creates the tables of registered clients and of revisions.
import type { Migration } from './migration.ts';

export const registeredClients: Migration = {
  name: '0009-registered-clients',
  up: async (schema) => {
    await schema
      .createTable('registered_clients')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('entry', 'text')
      .addColumn('revision', 'bigint', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .execute();
    await schema.createIndex('registered_clients_revision').on('registered_clients').column('revision').execute();
    await schema
      .createTable('revisions')
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('number', 'bigint', (column) => column.notNull())
      .execute();
  },
  down: async (schema) => {
    await schema.dropTable('registered_clients').execute();
    await schema.dropTable('revisions').execute();
  },
  holds: ['registered_clients'],
};
