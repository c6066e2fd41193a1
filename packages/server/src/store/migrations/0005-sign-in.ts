// Creates the table for the state of sign-in.
import type { Migration } from './migration.ts';

export const signIn: Migration = {
  name: '0005-sign-in',
  up: async (schema) => {
    await schema
      .createTable('sign_in_artifacts')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('handle', 'text')
      .addColumn('payload', 'text', (column) => column.notNull())
      .addColumn('consumed_at', 'bigint')
      .addColumn('polled_at', 'bigint', (column) => column.notNull())
      .addColumn('poll_interval', 'integer', (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .execute();
    await schema.createIndex('sign_in_artifacts_handle').on('sign_in_artifacts').column('handle').execute();
    await schema.createIndex('sign_in_artifacts_expire').on('sign_in_artifacts').column('expires_at').execute();
  },
  down: (schema) => schema.dropTable('sign_in_artifacts').execute(),
  holds: ['sign_in_artifacts'],
};
