// cambio audit: what happened? The audit rows as JSON lines.
import { openReader } from '../app.ts';
import { loadConfiguration } from '../config/load.ts';
import { type CliCommand, EXIT } from './command.ts';

/** Rows read at once. */
const PAGE = 1000;

export const auditExport: CliCommand = {
  describe: (command) =>
    command
      .description('print every audit row as a line of JSON')
      .requiredOption('--config <file>', 'the configuration file'),
  run: async ({ config }) => {
    const { listEvents, close } = await openReader(await loadConfiguration(String(config), process.env));
    try {
      for (let after = 0; ; ) {
        const rows = await listEvents(after, PAGE);
        const last = rows.at(-1);
        if (last === undefined) return EXIT.done;
        process.stdout.write(rows.map(({ event }) => `${event}\n`).join(''));
        after = last.sequence;
      }
    } finally {
      await close();
    }
  },
};
