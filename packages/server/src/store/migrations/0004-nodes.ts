// Creates the table of running nodes.
import type { Migration } from './migration.ts';

export const nodes: Migration = {
  name: '0004-nodes',
  up: async (schema) => {
    await schema
      .createTable('nodes')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('configuration', 'text', (column) => column.notNull())
      .addColumn('seen_at', 'bigint', (column) => column.notNull())
      .execute();
  },
  down: (schema) => schema.dropTable('nodes').execute(),
  // Running nodes report themselves again.
  holds: [],
};
