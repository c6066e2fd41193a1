// cambio serve: answers requests until it is told to stop, by the file as it stands.
import { type RunningServer, startServer } from '../app.ts';
import { ConfigurationError, formatFault } from '../config/fault.ts';
import { loadConfiguration } from '../config/load.ts';
import { watchFile } from '../config/watch.ts';
import { untilToldToStop } from '../stop.ts';
import { type CliCommand, EXIT } from './command.ts';

export const serve: CliCommand = {
  name: 'serve',
  describe: (command) =>
    command.description('answer requests').requiredOption('--config <file>', 'the configuration file'),
  run: async ({ config }) => {
    const file = String(config);
    const configuration = await loadConfiguration(file, process.env);
    for (const warning of configuration.warnings) console.error(formatFault(file, warning));
    const server = await startServer(configuration);
    const toldToStop = untilToldToStop();
    const watching = watchFile(file, () => reload(file, server));
    console.log(`cambio serves ${configuration.issuer} on ${configuration.server.host} port ${server.port}`);
    await toldToStop;
    watching.stop();
    await server.close();
    return EXIT.done;
  },
};

/** A faulty new file changes nothing. */
async function reload(file: string, server: RunningServer): Promise<void> {
  try {
    const configuration = await loadConfiguration(file, process.env);
    const unchanged = await server.reload(configuration);
    for (const warning of configuration.warnings) console.error(formatFault(file, warning));
    for (const key of unchanged) console.error(`${file}: ${key} changed, which takes a restart`);
    console.log(`cambio read ${file} again`);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    console.error(error.message);
    console.error(`${file}: ${error instanceof ConfigurationError ? 'faulty' : 'not usable'}, so nothing changes`);
  }
}
