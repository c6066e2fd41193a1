// Creates the tables of suspended parties, and of the tokens that count against the limits of clients and actors.
import type { Migration } from './migration.ts';

export const actors: Migration = {
  name: '0012-actors',
  up: async (schema) => {
    await schema
      .createTable('suspensions')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('issuer', 'text')
      .addColumn('subject', 'text', (column) => column.notNull())
      .addColumn('names', 'text', (column) => column.notNull())
      .addColumn('reason', 'text')
      .addColumn('suspended_at', 'bigint', (column) => column.notNull())
      .execute();
    await schema
      .createTable('leash_counts')
      .addColumn('leash', 'text', (column) => column.primaryKey())
      .addColumn('number', 'bigint', (column) => column.notNull())
      .addColumn('time', 'bigint', (column) => column.notNull())
      .execute();
    await schema
      .createTable('leash_uses')
      .addColumn('leash', 'text', (column) => column.notNull())
      .addColumn('number', 'bigint', (column) => column.notNull())
      .addColumn('time', 'bigint', (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('leash_uses_key', ['leash', 'number'])
      .execute();
    await schema
      .createTable('leash_tokens')
      .addColumn('leash', 'text', (column) => column.notNull())
      .addColumn('token', 'text', (column) => column.notNull())
      .addColumn('facts', 'text', (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('leash_tokens_key', ['leash', 'token'])
      .execute();
    await schema.createIndex('leash_tokens_living').on('leash_tokens').columns(['leash', 'expires_at']).execute();
    for (const table of ['leash_uses', 'leash_tokens'])
      await schema.createIndex(`${table}_expiry`).on(table).column('expires_at').execute();
  },
  down: async (schema) => {
    for (const table of ['suspensions', 'leash_counts', 'leash_uses', 'leash_tokens'])
      await schema.dropTable(table).execute();
  },
  holds: ['suspensions', 'leash_counts', 'leash_uses', 'leash_tokens'],
};
