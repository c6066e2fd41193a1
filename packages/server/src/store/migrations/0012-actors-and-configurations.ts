// Creates the tables of suspended parties and of limits, of the configurations that were in force, and of the key
// sets that publish each signing key. A running node also reports the digest of its kept configuration.
import type { Migration } from './migration.ts';

const TABLES = [
  ...['suspensions', 'leash_counts', 'leash_uses', 'leash_tokens'],
  ...['configuration_texts', 'configuration_nodes', 'key_sets'],
];

export const actorsAndConfigurations: Migration = {
  name: '0012-actors-and-configurations',
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
    await schema
      .createTable('configuration_texts')
      .addColumn('digest', 'text', (column) => column.primaryKey())
      .addColumn('text', 'text', (column) => column.notNull())
      .addColumn('seen_at', 'bigint', (column) => column.notNull())
      .execute();
    await schema
      .createTable('configuration_nodes')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('digest', 'text')
      .addColumn('rejected', 'text')
      .addColumn('seen_at', 'bigint', (column) => column.notNull())
      .execute();
    await schema
      .createTable('key_sets')
      .addColumn('kid', 'text', (column) => column.notNull())
      .addColumn('key_set', 'text', (column) => column.notNull())
      .addColumn('needed_until', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('key_sets_key', ['kid', 'key_set'])
      .execute();
    await schema.alterTable('nodes').addColumn('kept', 'text').execute();
  },
  down: async (schema) => {
    for (const table of TABLES) await schema.dropTable(table).execute();
    await schema.alterTable('nodes').dropColumn('kept').execute();
  },
  // The latest configuration of a node saves an audit row only. The previous version publishes all keys in one set, for longer.
  holds: TABLES.filter((table) => table !== 'configuration_nodes' && table !== 'key_sets'),
};
