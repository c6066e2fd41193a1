// cambio store: migrates the schema of the database, and rolls back its last migration.
import { systemClock } from '../primitives/clock.ts';
import { migrateStore } from '../store/migrate-store.ts';
import { rollBackStore } from '../store/store.ts';
import { loadForDatabase } from './administration.ts';
import { type CliCommand, EXIT } from './command.ts';
import { confirm, describeConfirmation } from './confirm.ts';
import { describeOutput, printResult } from './output.ts';

export const storeMigrate: CliCommand = {
  examples: [
    ['cambio store migrate --config cambio.yaml', 'with a role that may change the schema, before servers start'],
    [
      'cambio store migrate --config migrate.yaml --grant cambio_serve',
      'PostgreSQL: servers run as a role that can neither change the schema nor audit rows',
    ],
  ],
  describe: (command) =>
    describeOutput(
      command
        .description(
          'Create the tables of this version, or migrate those of an earlier version. Starting a server does this too; no other command does.',
        )
        .requiredOption('--config <file>', 'the configuration file')
        .option('--grant <role>', 'give this role of PostgreSQL what a server needs of the tables, and no more'),
    ),
  run: async (options) => {
    const { store, audit } = await loadForDatabase(options.config);
    const retention = audit.retention === undefined ? 'keeps rows' : 'deletes rows';
    const { grant } = options;
    await migrateStore(store, systemClock(), grant === undefined ? undefined : { role: String(grant), retention });
    printResult(options, { migrated: true }, 'The schema of the database is that of this version.');
    return EXIT.done;
  },
};

export const storeRollback: CliCommand = {
  examples: [
    ['cambio store rollback --config cambio.yaml', 'refuses if data would be lost'],
    [
      'cambio store rollback --config cambio.yaml --discard --yes',
      'discards the data without a question, as in a script',
    ],
  ],
  describe: (command) =>
    describeOutput(
      describeConfirmation(
        command
          .description('Roll back the last migration of this version, before you start the previous version.')
          .requiredOption('--config <file>', 'the configuration file')
          .option('--discard', 'discard data that the previous schema cannot store; asks first'),
      ),
    ),
  run: async (options) => {
    const { store } = await loadForDatabase(options.config);
    if (options.discard === true)
      await confirm(
        options,
        'This rolls back the last migration, and discards for good the data that only its schema can store.',
      );
    const step = await rollBackStore(store, options.discard === true ? 'discard' : 'keep');
    printResult(
      options,
      { rolledBack: step },
      `${step} is rolled back. Starting this version, or cambio store migrate, applies it again.`,
    );
    return EXIT.done;
  },
};
