import { startPostgres } from '../../packages/server/test/support/postgres.ts';
import { cambioCommand, paths } from './cambio.ts';
import type { Contender, Place } from './contender.ts';

/** What is committed is on the disk, as in production. */
const DURABLE = ['-c', 'fsync=on'];

export const cambioPostgres = {
  name: 'cambio-postgres',
  title: 'this server on PostgreSQL on the same machine, whose own CPU is not counted; its audit durable',
  paths,
  workers: true,
  command: async (place: Place) => {
    const postgres = await startPostgres(place, DURABLE);
    return cambioCommand(place, await postgres.database());
  },
} as const satisfies Contender;
