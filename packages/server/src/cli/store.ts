// cambio store: how does the database become what the version before knows?
import { loadConfiguration } from '../config/load.ts';
import { rollBackStore } from '../store/store.ts';
import { type CliCommand, EXIT } from './command.ts';
import { print } from './print.ts';

export const storeRollback: CliCommand = {
  describe: (command) =>
    command
      .description('take back the last change that this version made to the schema, before an older one is started')
      .requiredOption('--config <file>', 'the configuration file')
      .option('--discard', 'also where that loses rows'),
  run: async ({ config, discard }) => {
    const { store } = await loadConfiguration(String(config), process.env);
    const step = await rollBackStore(store, discard === true ? 'discard' : 'keep');
    print(`${step} is taken back; the next start of this version would make it again`);
    return EXIT.done;
  },
};
