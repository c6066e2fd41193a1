import { Command, CommanderError } from 'commander';
import { describeError } from '../primitives/failure.ts';
import { version } from '../primitives/version.ts';
import { EXIT } from './command.ts';
import { commands } from './index.ts';
import { print, printError } from './print.ts';

/** Commands that hold others. */
const groups: Readonly<Record<string, string>> = {
  token: 'look into a token, or kill one',
  keys: 'the keys that sign our tokens',
  clients: 'who may call',
  store: 'the database',
  audit: 'what happened',
  account: 'people who sign in here',
};

/** Where a command stands: `token revoke` below `token`. */
function place(parent: Command, [name = '', ...rest]: readonly string[]): Command {
  if (rest.length === 0) return parent.command(name);
  const known = parent.commands.find((one) => one.name() === name);
  return place(
    known ??
      parent
        .command(name)
        .description(groups[name] ?? '')
        .exitOverride(),
    rest,
  );
}

/** The commands that the first word can mean; all of them where it is none of theirs. */
function meant([first]: readonly string[]): [string, (typeof commands)[keyof typeof commands]][] {
  const all = Object.entries(commands);
  const some = all.filter(([name]) => name.split(' ')[0] === first);
  return some.length > 0 || first === '--version' ? some : all;
}

/** Never throws: what failed is told in one line. @returns the exit code */
export async function runProgram(argv: readonly string[]): Promise<number> {
  const program = new Command('cambio')
    .description('an OAuth 2.0 token exchange server (RFC 8693)')
    .version(version)
    .configureOutput({
      writeOut: (text) => print(text.trimEnd()),
      writeErr: (text) => printError(text.trimEnd()),
    })
    .exitOverride();
  let code: number = EXIT.usage;
  for (const [name, load] of meant(argv)) {
    const command = await load();
    command
      .describe(place(program, name.split(' ')))
      .exitOverride()
      .action(async (...given: unknown[]) => {
        const [options, ...args] = given.slice(0, -1).toReversed();
        code = await command.run(options as Record<string, unknown>, args.toReversed() as string[]);
      });
  }
  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    printError(`cambio: ${describeError(error)}`);
    return EXIT.failed;
  }
}
