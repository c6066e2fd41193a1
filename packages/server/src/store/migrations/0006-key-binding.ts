// Adds the key that a refresh family is bound to.
import type { Migration } from './migration.ts';

export const keyBinding: Migration = {
  name: '0006-key-binding',
  up: async (schema) => {
    await schema.alterTable('refresh_families').addColumn('confirmation', 'text').execute();
  },
  down: (schema) => schema.alterTable('refresh_families').dropColumn('confirmation').execute(),
  // Without the column, bound refresh tokens would become unbound.
  holds: ['refresh_families.confirmation'],
};
