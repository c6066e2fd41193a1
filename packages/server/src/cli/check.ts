// cambio check: reports every fault of a configuration file with its line, runs the tests of its rules, and compares its decisions
// with recorded ones.
import type { AuditEvent } from '../audit/event.ts';
import { eventOfLine, parseLine } from '../audit/export.ts';
import type { Configuration } from '../config/configuration.ts';
import { ConfigurationError, type Fault, formatFault } from '../config/fault.ts';
import { loadConfiguration } from '../config/load.ts';
import { type ChangedDecision, replay } from '../explain/replay.ts';
import { indexResources } from '../narrowing/targets.ts';
import { allRules } from '../policy/policy.ts';
import { parseJsonObject } from '../primitives/strict-json.ts';
import { type CliCommand, EXIT } from './command.ts';
import { countOf } from './count.ts';
import { readLines } from './lines.ts';
import { describeOutput, outputForm, printList } from './output.ts';
import { print, printError } from './print.ts';
import type { Columns } from './table.ts';

export const check: CliCommand = {
  examples: [
    ['cambio check --config cambio.yaml', 'every fault and warning, each with its line'],
    ['cambio check --config cambio.yaml --against audit.jsonl', 'which recorded decisions this file would change'],
  ],
  describe: (command) =>
    describeOutput(
      command
        .description('Report every fault of a configuration file, and run the tests of its rules.')
        .requiredOption('--config <file>', 'the configuration file')
        .option(
          '--against <file>',
          'output of audit export, or of audit search --output json; - for standard input. Lists every recorded decision that the file would change',
        ),
    ),
  run: async (options) => {
    const { config, against } = options;
    const file = String(config);
    if (outputForm(options) !== 'text') return await checkForPrograms(options, file);
    try {
      const configuration = await loadConfiguration(file, process.env);
      const { warnings, clients, resources, policy, examine } = configuration;
      for (const warning of warnings) printError(formatFault(file, warning));
      const tests = examine();
      const counts = [
        countOf(clients.size, 'client'),
        countOf(resources.length, 'resource'),
        countOf(allRules(policy).length, 'rule'),
        ...(tests === 0 ? [] : [`${countOf(tests, 'test')} passed`]),
      ];
      print(`${file}: good (${counts.join(', ')})`);
      return typeof against === 'string' ? await compare(configuration, against, options) : EXIT.done;
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      for (const fault of error.faults) printError(formatFault(file, fault));
      const faults = error.faults.filter(({ severity }) => severity === 'fault').length;
      printError(`${file}: ${countOf(faults, 'fault')}`);
      return EXIT.failed;
    }
  },
};

const faultColumns: Columns<Fault> = {
  severity: ({ severity }) => severity,
  line: ({ line }) => line,
  column: ({ column }) => column,
  path: ({ path }) => path,
  message: ({ message }) => message,
};

/** Prints every fault and warning as an item; with `--against`, every decision that a valid file would change. */
async function checkForPrograms(options: Record<string, unknown>, file: string): Promise<number> {
  const { against } = options;
  try {
    const configuration = await loadConfiguration(file, process.env);
    configuration.examine();
    if (typeof against === 'string') return await compare(configuration, against, options);
    printList(options, faultColumns, configuration.warnings, '');
    return EXIT.done;
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    printList(options, faultColumns, error.faults, '');
    return EXIT.failed;
  }
}

/** @returns `EXIT.failed` if any decision would change, for use in a pipeline */
async function compare(configuration: Configuration, file: string, options: Record<string, unknown>): Promise<number> {
  const isText = outputForm(options) === 'text';
  const found: ChangedDecision[] = [];
  const context = { ...configuration, targeting: indexResources(configuration.resources) };
  const counts = { same: 0, changed: 0, undecided: 0, withheld: 0 };
  for await (const { text, place } of readLines(file)) {
    const event = readEvent(text, place);
    if (event === undefined) continue;
    const verdict = replay(event, context);
    counts[typeof verdict === 'string' ? verdict : 'changed']++;
    if (typeof verdict === 'string') continue;
    if (isText) print(describeChange(verdict));
    else found.push(verdict);
  }
  const { changed, same, undecided, withheld } = counts;
  if (!isText) {
    printList(options, changeColumns, found, '');
    return changed === 0 ? EXIT.done : EXIT.failed;
  }
  print(`${changed} of ${changed + same} recorded decisions would change`);
  if (withheld > 0) print(`${countOf(withheld, 'decision')} cannot be compared: what the rules read was not recorded`);
  if (undecided > 0) print(`${countOf(undecided, 'other row')}, which no rule decided`);
  return changed === 0 ? EXIT.done : EXIT.failed;
}

const changeColumns: Columns<ChangedDecision> = {
  time: ({ time }) => new Date(time).toISOString(),
  requestId: ({ requestId }) => requestId,
  client: ({ client }) => client,
  subject: ({ subject }) => subject,
  before: ({ before }) => before,
  after: ({ after }) => after,
  missing: ({ missing }) => missing.join(' '),
};

function describeChange({ time, requestId, client, subject, before, after, missing }: ChangedDecision): string {
  const lines = [
    `${new Date(time).toISOString()} ${requestId}: ${client} for ${subject}`,
    `  was ${before}`,
    `  now ${after}`,
  ];
  if (missing.length > 0) lines.push(`  the rules read ${missing.join(', ')}, which was not recorded or not there`);
  return lines.join('\n');
}

/** @returns undefined for a line of an export that is not a row, such as a key. @throws Error with the place */
function readEvent(text = '', place: string): AuditEvent | undefined {
  const isEvent = typeof parseJsonObject(text)?.time === 'number';
  const line = parseLine(text) ?? (isEvent ? { event: text } : undefined);
  try {
    if (line !== undefined) return eventOfLine(line);
  } catch (error) {
    // The line is one of an export, and its event is not JSON.
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new Error(`${place}: not an audit row. audit search --output json and audit export print such rows`);
}
