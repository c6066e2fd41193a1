// cambio targets: what may this client ask for with this token? Each audience with the scope that would be granted, and the
// rule that grants it.
import { openReader } from '../app.ts';
import { loadConfiguration } from '../config/load.ts';
import { findTargets, type PossibleTarget } from '../explain/targets.ts';
import { seconds } from '../primitives/clock.ts';
import { sayDuration } from '../primitives/duration.ts';
import { Refusal, reasons } from '../primitives/refusal.ts';
import { type CliCommand, EXIT } from './command.ts';
import { describeTokens, exchangeParametersOf, misuseOf } from './exchange-options.ts';
import { describeOutput, printList } from './output.ts';
import type { Columns } from './table.ts';
import { UsageError } from './usage.ts';

export const targets: CliCommand = {
  examples: [
    [
      'cambio targets --config cambio.yaml --client gateway --subject-token @token.txt',
      'the audiences that it may ask for',
    ],
  ],
  describe: (command) =>
    describeOutput(
      describeTokens(
        command
          .description('Say what a client may ask for with a subject token. Changes nothing.')
          .requiredOption('--config <file>', 'the configuration file'),
      ),
    ),
  run: async (options) => {
    const misuse = misuseOf(options);
    if (misuse !== undefined) throw new UsageError(misuse);
    const { services, close } = await openReader(await loadConfiguration(String(options.config), process.env));
    try {
      const parameters = exchangeParametersOf(options, services.issuer);
      const context = { ...services, now: seconds(services.clock) };
      const found = await findTargets(parameters, String(options.client), context);
      printList(options, columns, found, '0 targets: cambio explain says why');
      return EXIT.done;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { meaning } = reasons[error.reason];
      throw new Error(error.detail === undefined ? meaning : `${meaning}: ${error.detail}`);
    } finally {
      await close();
    }
  },
};

const columns: Columns<PossibleTarget> = {
  audience: ({ audience }) => audience,
  scope: ({ scope }) => scope,
  lifetime: ({ lifetime }) => sayDuration(lifetime),
  rule: ({ rule }) => rule,
};
