// Creates the tables of signing keys and audit rows.
import type { Migration } from './migration.ts';

export const first: Migration = {
  name: '0001-first',
  up: async (schema, sequence) => {
    await schema
      .createTable('signing_keys')
      .addColumn('kid', 'text', (column) => column.primaryKey())
      .addColumn('alg', 'text', (column) => column.notNull())
      .addColumn('private_key', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('activates_at', 'bigint', (column) => column.notNull())
      .addUniqueConstraint('signing_keys_follow', ['alg', 'activates_at'])
      .execute();
    await schema
      .createTable('audit')
      .addColumn('sequence', sequence.type, sequence.build)
      .addColumn('time', 'bigint', (column) => column.notNull())
      .addColumn('request_id', 'text', (column) => column.notNull())
      .addColumn('outcome', 'text', (column) => column.notNull())
      .addColumn('reason', 'text')
      .addColumn('client', 'text')
      .addColumn('subject', 'text')
      .addColumn('actor', 'text')
      .addColumn('rule', 'text')
      .addColumn('event', 'text', (column) => column.notNull())
      .execute();
    await schema.createIndex('audit_request_id').on('audit').column('request_id').execute();
    await schema.createIndex('audit_time').on('audit').column('time').execute();
  },
  down: async (schema) => {
    for (const table of ['signing_keys', 'audit']) await schema.dropTable(table).execute();
  },
  holds: ['signing_keys', 'audit'],
};
