// cambio check: is this file good? Every fault with its line.
import { ConfigurationError, formatFault } from '../config/fault.ts';
import { loadConfiguration } from '../config/load.ts';
import { type CliCommand, EXIT } from './command.ts';

export const check: CliCommand = {
  name: 'check',
  describe: (command) =>
    command
      .description('say every fault of a configuration file')
      .requiredOption('--config <file>', 'the configuration file'),
  run: async ({ config }) => {
    const file = String(config);
    try {
      const { warnings, clients, resources, policy } = loadConfiguration(file, process.env);
      for (const warning of warnings) console.error(formatFault(file, warning));
      console.log(
        `${file}: good (${clients.size} clients, ${resources.length} resources, ${policy.rules.length} rules)`,
      );
      return EXIT.done;
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      for (const fault of error.faults) console.error(formatFault(file, fault));
      const faults = error.faults.filter(({ severity }) => severity === 'fault').length;
      console.error(`${file}: ${faults} ${faults === 1 ? 'fault' : 'faults'}`);
      return EXIT.failed;
    }
  },
};
