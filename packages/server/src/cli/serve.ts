// cambio serve: answers requests until it is told to stop.
import { startServer } from '../app.ts';
import { formatFault } from '../config/fault.ts';
import { loadConfiguration } from '../config/load.ts';
import { untilToldToStop } from '../stop.ts';
import { type CliCommand, EXIT } from './command.ts';

export const serve: CliCommand = {
  name: 'serve',
  describe: (command) =>
    command.description('answer requests').requiredOption('--config <file>', 'the configuration file'),
  run: async ({ config }) => {
    const file = String(config);
    const configuration = loadConfiguration(file, process.env);
    for (const warning of configuration.warnings) console.error(formatFault(file, warning));
    const server = await startServer(configuration);
    console.log(`cambio serves ${configuration.issuer} on ${configuration.server.host} port ${server.port}`);
    await untilToldToStop();
    await server.close();
    return EXIT.done;
  },
};
