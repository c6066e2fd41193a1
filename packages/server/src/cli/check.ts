// cambio check: is this file good? Every fault with its line, the tests that its rules carry, and on request what it would
// have decided of exchanges that were recorded.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { AuditEvent } from '../audit/event.ts';
import type { Configuration } from '../config/configuration.ts';
import { ConfigurationError, formatFault } from '../config/fault.ts';
import { loadConfiguration } from '../config/load.ts';
import { replay } from '../exchange/replay.ts';
import { indexResources } from '../policy/targets.ts';
import { type CliCommand, EXIT } from './command.ts';

export const check: CliCommand = {
  name: 'check',
  describe: (command) =>
    command
      .description('say every fault of a configuration file, and run the tests of its rules')
      .requiredOption('--config <file>', 'the configuration file')
      .option('--against <file>', 'an audit export: list every recorded decision that this file would change'),
  run: async ({ config, against }) => {
    const file = String(config);
    try {
      const configuration = loadConfiguration(file, process.env);
      const { warnings, clients, resources, policy, testRules } = configuration;
      for (const warning of warnings) console.error(formatFault(file, warning));
      const tests = testRules();
      const counts = `${clients.size} clients, ${resources.length} resources, ${policy.rules.length} rules, ${tests} tests passed`;
      console.log(`${file}: good (${counts})`);
      return typeof against === 'string' ? await compare(configuration, against) : EXIT.done;
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      for (const fault of error.faults) console.error(formatFault(file, fault));
      const faults = error.faults.filter(({ severity }) => severity === 'fault').length;
      console.error(`${file}: ${faults} ${faults === 1 ? 'fault' : 'faults'}`);
      return EXIT.failed;
    }
  },
};

/** @returns failed where any decision would change, so that a pipeline can ask */
async function compare(configuration: Configuration, file: string): Promise<number> {
  const context = { ...configuration, targeting: indexResources(configuration.resources) };
  const counts = { same: 0, changed: 0, other: 0 };
  for await (const line of createInterface({ input: createReadStream(file) })) {
    if (line.trim() === '') continue;
    const change = replay(readEvent(line, file), context);
    if (change === undefined) counts.other++;
    else if (change === 'same') counts.same++;
    else {
      counts.changed++;
      const { time, requestId, client, subject, before, after } = change;
      console.log(
        `${new Date(time).toISOString()} ${requestId} ${client} for ${subject}\n  was ${before}\n  now ${after}`,
      );
    }
  }
  console.log(
    `${counts.changed} of ${counts.changed + counts.same} recorded decisions would change (${counts.other} rows were decided by no rule)`,
  );
  return counts.changed === 0 ? EXIT.done : EXIT.failed;
}

function readEvent(line: string, file: string): AuditEvent {
  try {
    return JSON.parse(line);
  } catch {
    throw new Error(`${file} holds a line that is no JSON`);
  }
}
