// Describes a command line that the parser refused: the fault, what was expected, and where to read more.
import type { Command, CommanderError } from 'commander';
import { didYouMean } from '../primitives/nearest.ts';

/** @returns undefined if the help was printed, which is enough */
export function describeUsageFault(
  error: CommanderError,
  program: Command,
  argv: readonly string[],
): string | undefined {
  const command = findCommand(program, argv);
  const name = nameOf(command);
  const [, quoted = ''] = /'(.*?)'/.exec(error.message) ?? [];
  const help = `${name} --help`;
  switch (error.code) {
    case 'commander.help':
      return undefined;
    case 'commander.unknownCommand':
      return `${quoted} is not a command.${
        didYouMean(
          quoted,
          command.commands.map((one) => one.name()),
        ) || ` ${help} lists the commands`
      }`;
    case 'commander.unknownOption':
      return unknownOption(quoted, command);
    case 'commander.optionMissingArgument':
      return `${quoted.split(' ')[0]} needs a value: ${quoted}. ${help} shows examples`;
    case 'commander.missingMandatoryOptionValue': {
      // The parser reports a missing option before a mistyped one: prefer the mistyped one.
      const mistyped = argv.find((word) => word.startsWith('--') && !isOption(word, command));
      if (mistyped !== undefined) return unknownOption(mistyped, command);
      return `${name} needs the option ${quoted}. Example: ${quoted.split(' ')[0]} ${/config/.test(quoted) ? 'cambio.yaml' : '…'}`;
    }
    case 'commander.missingArgument':
      return `${name} needs the argument <${quoted}>. ${help} shows examples`;
    case 'commander.excessArguments':
      return `${name} takes ${countOf(command)}, and more were given. Put ${optionsBefore(command, argv)}a value with spaces into quotes; ${help} shows examples`;
    default:
      return error.message.replace(/^error: /, '');
  }
}

/** The parser takes the next option for the value. @returns undefined if no option lacks its value */
export function describeForgottenValue(program: Command, argv: readonly string[]): string | undefined {
  const command = findCommand(program, argv);
  const find = (word: string) => command.options.find(({ long, short }) => word === long || word === short);
  for (let place = 0; place < argv.length && argv[place] !== '--'; place++) {
    const option = find(argv[place] ?? '');
    if (option?.required !== true) continue;
    const [next = ''] = argv[++place]?.split('=', 1) ?? [];
    if (find(next) !== undefined)
      return `${option.long} needs a value: ${option.flags}. ${nameOf(command)} --help shows examples`;
  }
  return undefined;
}

const unknownOption = (option: string, command: Command): string =>
  `${option} is not an option of ${nameOf(command)}.${didYouMean(option, optionsOf(command)) || ` ${nameOf(command)} --help lists the options`}`;

const isOption = (word: string, command: Command): boolean =>
  word === '--' || command.options.some(({ long }) => long === word.split('=', 1)[0]);

/** Returns the innermost command that the words name. */
function findCommand(program: Command, argv: readonly string[]): Command {
  let found = program;
  for (const word of argv) {
    const next = found.commands.find((one) => one.name() === word);
    if (next === undefined) return found;
    found = next;
  }
  return found;
}

const nameOf = (command: Command): string =>
  command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;

/** A value without its option is the usual cause. The options that were given have their value. */
function optionsBefore(command: Command, argv: readonly string[]): string {
  const open = command.options.filter(
    ({ hidden, required, long }) => !hidden && required && !argv.includes(long ?? ''),
  );
  return open.length === 0 ? '' : `the option before its value (${open.map(({ long }) => long).join(', ')}), and `;
}

const optionsOf = (command: Command): readonly string[] =>
  [...command.options.filter(({ hidden }) => !hidden).map(({ long }) => long ?? ''), '--help'].filter(
    (one) => one !== '',
  );

function countOf(command: Command): string {
  const count = command.registeredArguments.length;
  return count === 0 ? 'no argument' : count === 1 ? 'one argument' : `${count} arguments`;
}
