// cambio check: reports every fault of a configuration file with its line, runs the tests of its rules, checks what it names with
// --online, and compares its decisions with recorded ones with --against.
import type { Configuration } from '../config/configuration.ts';
import { ConfigurationError } from '../config/fault.ts';
import { loadConfiguration } from '../config/load.ts';
import { allRules } from '../policy/policy.ts';
import { compare } from './check-against.ts';
import { type CliCommand, EXIT } from './command.ts';
import { countOf } from './count.ts';
import { type CheckFinding, findingColumns, findingOfFault, printFinding } from './finding.ts';
import { checkOnline } from './online.ts';
import { describeOutput, outputForm, printList } from './output.ts';
import { print, printError } from './print.ts';
import { readSeconds, UsageError } from './usage.ts';

const TIMEOUT_SECONDS = 30;

export const check: CliCommand = {
  examples: [
    ['cambio check --config cambio.yaml', 'every fault and warning, each with its line'],
    ['cambio check --config cambio.yaml --strict --output json', 'in CI: warnings fail, too'],
    ['cambio check --config cambio.yaml --online', 'also whether issuers, keys and the database can be used now'],
    ['cambio check --config cambio.yaml --against audit.jsonl', 'which recorded decisions this file would change'],
  ],
  describe: (command) =>
    describeOutput(
      command
        .description('Report every fault of a configuration file, and run the tests of its rules.')
        .requiredOption('--config <file>', 'the configuration file')
        .option('--strict', 'fail if there is a warning')
        .option(
          '--online',
          'also check what the file names: discovery and keys of issuers, the upstream provider, the database and its schema, certificates, clocks',
        )
        .option('--timeout <duration>', `for all checks of --online together (default: ${TIMEOUT_SECONDS}s)`)
        .option(
          '--against <file>',
          'output of audit export, or of audit search --output json; - for standard input. Lists every recorded decision that the file would change',
        ),
    ),
  run: async (options) => {
    const { config, against } = options;
    const timeout = readTimeout(options);
    const { configuration, findings, tests } = await examine(String(config), timeout);
    const isText = outputForm(options) === 'text';
    const isGood = judge(findings, options);
    if (isText) {
      for (const finding of findings) printFinding(finding);
      summarize(String(config), configuration, { findings, tests, isGood });
    }
    if (typeof against !== 'string' || configuration === undefined) {
      if (!isText) printList(options, findingColumns, findings, '');
      return isGood ? EXIT.done : EXIT.failed;
    }
    // For programs, the list has the changed decisions, so findings go to the error output.
    if (!isText) for (const finding of findings.filter(({ severity }) => severity !== 'ok')) printFinding(finding);
    const code = await compare(configuration, against, options);
    return isGood ? code : EXIT.failed;
  },
};

/** @returns undefined without `--online` @throws UsageError */
function readTimeout({ online, timeout }: Record<string, unknown>): number | undefined {
  if (timeout !== undefined && online !== true)
    throw new UsageError('--timeout is for --online. Add --online, or leave --timeout out');
  return online === true ? readSeconds('--timeout', timeout ?? `${TIMEOUT_SECONDS}s`) : undefined;
}

interface Examined {
  /** Undefined if the file has a fault. */
  readonly configuration?: Configuration;
  readonly findings: readonly CheckFinding[];
  readonly tests: number;
}

async function examine(file: string, timeout: number | undefined): Promise<Examined> {
  try {
    const configuration = await loadConfiguration(file, process.env);
    const tests = configuration.examine();
    const warnings = configuration.warnings.map((fault) => findingOfFault(file, fault));
    const online = timeout === undefined ? [] : await checkOnline(configuration, timeout);
    return { configuration, findings: [...warnings, ...online], tests };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return { findings: error.faults.map((fault) => findingOfFault(file, fault)), tests: 0 };
  }
}

const countBy = (findings: readonly CheckFinding[], severity: CheckFinding['severity']): number =>
  findings.filter((finding) => finding.severity === severity).length;

const judge = (findings: readonly CheckFinding[], { strict }: Record<string, unknown>): boolean =>
  countBy(findings, 'fault') === 0 && (strict !== true || countBy(findings, 'warning') === 0);

function summarize(
  file: string,
  configuration: Configuration | undefined,
  { findings, tests, isGood }: Omit<Examined, 'configuration'> & { readonly isGood: boolean },
): void {
  if (!isGood || configuration === undefined) {
    const faults = countBy(findings, 'fault');
    const warnings = countOf(countBy(findings, 'warning'), 'warning');
    printError(`${file}: ${faults === 0 ? `${warnings}, and --strict allows none` : countOf(faults, 'fault')}`);
    return;
  }
  const { clients, resources, policy } = configuration;
  const counts = [
    countOf(clients.size, 'client'),
    countOf(resources.length, 'resource'),
    countOf(allRules(policy).length, 'rule'),
    ...(tests === 0 ? [] : [`${countOf(tests, 'test')} passed`]),
  ];
  print(`${file}: good (${counts.join(', ')})`);
}
