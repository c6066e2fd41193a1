// cambio check: is this file good? Every fault with its line, the tests that its rules carry, and on request what it would
// have decided of exchanges that were recorded.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { AuditEvent } from '../audit/event.ts';
import { eventOfLine, parseLine } from '../audit/export.ts';
import type { Configuration } from '../config/configuration.ts';
import { ConfigurationError, formatFault } from '../config/fault.ts';
import { loadConfiguration } from '../config/load.ts';
import { type ChangedDecision, replay } from '../explain/replay.ts';
import { indexResources } from '../narrowing/targets.ts';
import { parseJsonObject } from '../primitives/strict-json.ts';
import { type CliCommand, EXIT } from './command.ts';
import { print, printError } from './print.ts';

export const check: CliCommand = {
  describe: (command) =>
    command
      .description('say every fault of a configuration file, and run the tests of its rules')
      .requiredOption('--config <file>', 'the configuration file')
      .option(
        '--against <file>',
        'what `cambio audit export` or `search` printed, or -: list every recorded decision that this file would change',
      ),
  run: async ({ config, against }) => {
    const file = String(config);
    try {
      const configuration = await loadConfiguration(file, process.env);
      const { warnings, clients, resources, policy, examine } = configuration;
      for (const warning of warnings) printError(formatFault(file, warning));
      const tests = examine();
      const counts = [
        count(clients.size, 'client'),
        count(resources.length, 'resource'),
        count(policy.rules.length, 'rule'),
        ...(tests === 0 ? [] : [`${count(tests, 'test')} passed`]),
      ];
      print(`${file}: good (${counts.join(', ')})`);
      return typeof against === 'string' ? await compare(configuration, against) : EXIT.done;
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      for (const fault of error.faults) printError(formatFault(file, fault));
      const faults = error.faults.filter(({ severity }) => severity === 'fault').length;
      printError(`${file}: ${count(faults, 'fault')}`);
      return EXIT.failed;
    }
  },
};

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;

/** @returns failed where any decision would change, so that a pipeline can ask */
async function compare(configuration: Configuration, file: string): Promise<number> {
  const context = { ...configuration, targeting: indexResources(configuration.resources) };
  const counts = { same: 0, changed: 0, undecided: 0, withheld: 0 };
  let line = 0;
  for await (const text of await openLines(file)) {
    line++;
    if (text.trim() === '') continue;
    const event = readEvent(text, `${file}:${line}`);
    if (event === undefined) continue;
    const verdict = replay(event, context);
    counts[typeof verdict === 'string' ? verdict : 'changed']++;
    if (typeof verdict !== 'string') print(tell(verdict));
  }
  const { changed, same, undecided, withheld } = counts;
  print(`${changed} of ${changed + same} recorded decisions would change`);
  if (withheld > 0) print(`${count(withheld, 'decision')} cannot be told: what the rules read was not recorded`);
  if (undecided > 0) print(`${count(undecided, 'other row')}, which no rule decided`);
  return changed === 0 ? EXIT.done : EXIT.failed;
}

function tell({ time, requestId, client, subject, before, after, missing }: ChangedDecision): string {
  const lines = [
    `${new Date(time).toISOString()} ${requestId}: ${client} for ${subject}`,
    `  was ${before}`,
    `  now ${after}`,
  ];
  if (missing.length > 0) lines.push(`  the rules read ${missing.join(', ')}, which was not recorded or not there`);
  return lines.join('\n');
}

/** @throws where the file cannot be read */
async function openLines(file: string): Promise<AsyncIterable<string>> {
  if (file === '-') return createInterface({ input: process.stdin });
  const input = createReadStream(file);
  await new Promise((resolve, reject) => input.once('open', resolve).once('error', reject));
  return createInterface({ input });
}

/** @returns undefined for a line of an export that is no row */
function readEvent(text: string, place: string): AuditEvent | undefined {
  const line = parseLine(text);
  if (line !== undefined) return eventOfLine(line);
  if (typeof parseJsonObject(text)?.time === 'number') return eventOfLine({ event: text });
  throw new Error(`${place}: this line is no audit row`);
}
