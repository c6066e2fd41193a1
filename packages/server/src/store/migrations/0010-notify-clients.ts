// Notifies all nodes of changes of registered clients, in PostgreSQL.
import type { Migration } from './migration.ts';

export const notifyClients: Migration = {
  name: '0010-notify-clients',
  only: 'postgres',
  up: (_schema, _sequence, execute) =>
    execute(
      'create trigger cambio_notify after insert or update or delete on registered_clients execute function cambio_notify()',
    ),
  down: (_schema, execute) => execute('drop trigger cambio_notify on registered_clients'),
  holds: [],
};
