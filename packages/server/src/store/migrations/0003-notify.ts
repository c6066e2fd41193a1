// Adds triggers that notify all nodes of changes, in PostgreSQL.
import type { Migration } from './migration.ts';

/** Every change of these tables is notified, also one by another program. */
const tables = ['revocations', 'signing_keys'] as const;

export const notify: Migration = {
  name: '0003-notify',
  only: 'postgres',
  up: async (_schema, _sequence, execute) => {
    await execute(
      `create function cambio_notify() returns trigger language plpgsql as $$ begin perform pg_notify('cambio', ''); return null; end $$`,
    );
    for (const table of tables) {
      await execute(
        `create trigger cambio_notify after insert or update or delete on ${table} execute function cambio_notify()`,
      );
    }
  },
  down: async (_schema, execute) => {
    for (const table of tables) await execute(`drop trigger cambio_notify on ${table}`);
    await execute('drop function cambio_notify()');
  },
  holds: [],
};
