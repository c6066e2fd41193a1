// cambio targets: what may this client ask for with this token? Each audience with the scope that would be granted, and the
// rule that grants it.
import { openReader } from '../app.ts';
import { loadConfiguration } from '../config/load.ts';
import { findTargets, type PossibleTarget } from '../explain/targets.ts';
import { sayScope } from '../explain/wording.ts';
import { seconds } from '../primitives/clock.ts';
import { sayDuration } from '../primitives/duration.ts';
import { Refusal, reasons } from '../primitives/refusal.ts';
import { type CliCommand, EXIT } from './command.ts';
import { describeTokens, exchangeParametersOf, misuseOf } from './exchange-options.ts';
import { print, printError } from './print.ts';

export const targets: CliCommand = {
  examples: [
    [
      'cambio targets --config cambio.yaml --client gateway --subject-token @token.txt',
      'the audiences that it may ask for',
    ],
  ],
  describe: (command) =>
    describeTokens(
      command
        .description('say what a client may ask for with a subject token; changes nothing')
        .requiredOption('--config <file>', 'the configuration file'),
    ).option('--json', 'as JSON'),
  run: async (options) => {
    const misuse = misuseOf(options);
    if (misuse !== undefined) {
      printError(`cambio: ${misuse}`);
      return EXIT.usage;
    }
    const { services, close } = await openReader(await loadConfiguration(String(options.config), process.env));
    try {
      const parameters = exchangeParametersOf(options, services.issuer);
      const context = { ...services, now: seconds(services.clock) };
      const found = await findTargets(parameters, String(options.client), context);
      print(options.json ? JSON.stringify(found, null, 2) : tell(found));
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

function tell(found: readonly PossibleTarget[]): string {
  if (found.length === 0) return 'No target: the command explain says why.';
  return found
    .map(({ audience, scope, lifetime, rule }) => {
      const names = scope === '' ? [] : [scope];
      return `${audience}\n  ${sayScope(names)}, for ${sayDuration(lifetime)}, by the rule “${rule}”`;
    })
    .join('\n');
}
