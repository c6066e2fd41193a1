import type { Migration } from './migration.ts';

export const keyBinding: Migration = {
  name: '0006-key-binding',
  up: async (schema) => {
    await schema.alterTable('refresh_families').addColumn('confirmation', 'text').execute();
  },
  down: (schema) => schema.alterTable('refresh_families').dropColumn('confirmation').execute(),
  // Without it, refresh tokens that need a key would need none.
  holds: ['refresh_families.confirmation'],
};
