// Runs the command of a command line, and reports a failure in one line.
import { Command, CommanderError } from 'commander';
import { describeError } from '../primitives/failure.ts';
import { version } from '../primitives/version.ts';
import { type CliCommand, EXIT } from './command.ts';
import { commands, replaceOlderNames } from './index.ts';
import { print, printError } from './print.ts';
import { UsageError } from './usage.ts';
import { describeForgottenValue, describeUsageFault } from './usage-fault.ts';

/** Commands that have subcommands. */
const groups: Readonly<Record<string, string>> = {
  tokens: 'Inspect and revoke tokens.',
  clients: 'List and change clients.',
  keys: 'List and replace signing keys.',
  audit: 'Search, export and verify the audit, erase people from it, and write its index again.',
  policy: 'Examine the rules and clients, and what changed in the configuration.',
  accounts: 'Hash passwords for accounts.',
  store: 'Change the schema of the database.',
};

/** Adds a command under its parent: `tokens revoke` under `tokens`. */
function place(parent: Command, [name = '', ...rest]: readonly string[]): Command {
  if (rest.length === 0) return parent.command(name);
  const known = parent.commands.find((one) => one.name() === name);
  return place(
    known ??
      parent
        .command(name)
        .description(groups[name] ?? '')
        .helpCommand(false)
        .exitOverride(),
    rest,
  );
}

type Run = (command: CliCommand, options: Record<string, unknown>, args: readonly string[]) => Promise<void>;

/** @returns the program with the commands that begin with the first word; with all commands if none does */
export async function createProgram(argv: readonly string[], run: Run): Promise<Command> {
  const program = new Command('cambio')
    .description('An OAuth 2.0 token exchange server (RFC 8693)')
    .version(version, '-V, --version', 'Print the version.')
    .helpOption('-h, --help', 'Print this help.')
    .helpCommand('help [command]', 'Print the help of a command.')
    .configureOutput({
      writeOut: (text) => print(text.trimEnd()),
      writeErr: (text) => printError(text.trimEnd()),
      outputError: () => undefined,
    })
    .exitOverride();
  const all = Object.entries(commands);
  const matching = all.filter(([name]) => name.split(' ')[0] === argv[0]);
  for (const [name, load] of matching.length > 0 ? matching : all) {
    const command = await load();
    command
      .describe(place(program, name.split(' ')))
      .addHelpText('after', helpOf(command))
      .exitOverride()
      .action(async (...given: unknown[]) => {
        const [options, ...args] = given.slice(0, -1).toReversed();
        await run(command, options as Record<string, unknown>, args.toReversed() as string[]);
      });
  }
  return program;
}

const helpOf = ({ examples }: CliCommand): string =>
  [
    '',
    examples.length === 1 ? 'Example:' : 'Examples:',
    ...examples.map(([line, what]) => `  # ${what}\n  ${line}`),
  ].join('\n');

/** Prints a failure in one line; never throws. @returns the exit code */
export async function runProgram(typed: readonly string[]): Promise<number> {
  const argv = replaceOlderNames(typed);
  let code: number = EXIT.usage;
  const program = await createProgram(argv, async (command, options, args) => {
    code = await command.run(options, args);
  });
  const forgotten = describeForgottenValue(program, argv);
  if (forgotten !== undefined) {
    printError(`cambio: ${forgotten}`);
    return EXIT.usage;
  }
  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT.done;
      const words = describeUsageFault(error, program, argv);
      if (words !== undefined) printError(`cambio: ${words}`);
      return EXIT.usage;
    }
    printError(`cambio: ${describeError(error)}`);
    return error instanceof UsageError ? EXIT.usage : EXIT.failed;
  }
}
