// cambio targets: what may this client ask for with this token? Each audience with the scope that would be granted, and the
// rule that grants it.
import { openReader } from '../app.ts';
import { beginEvent } from '../audit/event.ts';
import { loadConfiguration } from '../config/load.ts';
import { findTargets } from '../exchange/targets.ts';
import { seconds } from '../primitives/clock.ts';
import { type CliCommand, EXIT } from './command.ts';
import { describeExchange, exchangeParametersOf } from './exchange-options.ts';

export const targets: CliCommand = {
  name: 'targets',
  describe: (command) =>
    describeExchange(
      command
        .description('say what a client may ask for with a subject token')
        .requiredOption('--config <file>', 'the configuration file'),
    ).option('--json', 'as JSON'),
  run: async (options) => {
    const { services, close } = await openReader(loadConfiguration(String(options.config), process.env));
    try {
      const client = services.clients.get(String(options.client ?? ''));
      if (client === undefined) throw new Error(`there is no client ${String(options.client ?? '(say --client)')}`);
      const event = beginEvent({ time: services.clock(), requestId: '', address: '', action: 'none' });
      const context = { ...services, client, now: seconds(services.clock) };
      const found = await findTargets(exchangeParametersOf(options, services.issuer), client, event, context);
      if (options.json) console.log(JSON.stringify(found, null, 2));
      else if (found.length === 0) console.log('nothing: cambio explain says why');
      else
        for (const { audience, scope, expiresIn, rule } of found)
          console.log(`${audience}  scope: ${scope || '-'}  ${expiresIn} s  by “${rule}”`);
      return EXIT.done;
    } finally {
      await close();
    }
  },
};
