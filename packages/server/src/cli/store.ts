// cambio store: brings the schema of the database up to date, and takes the last step of it back.
import { loadConfiguration } from '../config/load.ts';
import { systemClock } from '../primitives/clock.ts';
import { migrateStore, rollBackStore } from '../store/store.ts';
import { type CliCommand, EXIT } from './command.ts';
import { confirm, describeConfirmation } from './confirm.ts';
import { describeOutput, printResult } from './output.ts';

export const storeMigrate: CliCommand = {
  examples: [
    ['cambio store migrate --config cambio.yaml', 'by a role that may change the schema, before servers start'],
  ],
  describe: (command) =>
    describeOutput(
      command
        .description(
          'Make the tables of this version, or bring those of the version before up to date. The start of a server does this, too; no other command does.',
        )
        .requiredOption('--config <file>', 'the configuration file'),
    ),
  run: async (options) => {
    const { store } = await loadConfiguration(String(options.config), process.env);
    await migrateStore(store, systemClock());
    printResult(options, { migrated: true }, 'The schema of the database is the one of this version.');
    return EXIT.done;
  },
};

export const storeRollback: CliCommand = {
  examples: [
    ['cambio store rollback --config cambio.yaml', 'refuses if something would be lost'],
    ['cambio store rollback --config cambio.yaml --discard --yes', 'loses it without a question, as in a script'],
  ],
  describe: (command) =>
    describeOutput(
      describeConfirmation(
        command
          .description(
            'Take back the last change that this version made to the schema, before the version before is started.',
          )
          .requiredOption('--config <file>', 'the configuration file')
          .option('--discard', 'lose what the step back cannot keep; asks first'),
      ),
    ),
  run: async (options) => {
    const { store } = await loadConfiguration(String(options.config), process.env);
    if (options.discard === true)
      await confirm(
        options,
        'This takes the last step of the schema back, and loses for good what only that step can store.',
      );
    const step = await rollBackStore(store, options.discard === true ? 'discard' : 'keep');
    printResult(
      options,
      { rolledBack: step },
      `${step} is taken back. A start of this version, and cambio store migrate, make it again.`,
    );
    return EXIT.done;
  },
};
