// Writes the reference of the command line from the commands themselves: docs/reference/cli.md.
import { commands } from '../packages/server/src/cli/index.ts';
import { createProgram } from '../packages/server/src/cli/program.ts';

type Command = Awaited<ReturnType<typeof createProgram>>;

export async function cliPage(): Promise<string> {
  const program = await createProgram([], async () => undefined);
  const names = Object.keys(commands) as (keyof typeof commands)[];
  const sections = await Promise.all(
    names.map(async (name) => section(name, find(program, name), (await commands[name]()).examples)),
  );
  const index = names.map(
    (name) => `| [\`cambio ${name}\`](#${anchorOf(name)}) | ${find(program, name).description()} |`,
  );
  return `# Command line

${INTRODUCTION}

| command | |
|---|---|
${index.join('\n')}

${sections.join('\n\n')}
`;
}

const INTRODUCTION = `\`npx @cambio/server\` runs a command in this repository. Where the package is installed, it is \`cambio\`.

- **Database or server.** \`--config FILE\` uses the database that the file names, with or without a running server. \`--server URL\` uses the
  [admin API](admin-api.md) of a running server, with an access token in \`CAMBIO_TOKEN\` or \`--access-token\`. \`audit export\`,
  \`audit verify\`, \`audit erase\` and \`store\` have no \`--server\`.
- **A faulty included file.** A command with \`--config\` leaves it out, prints each of its faults as a warning, and goes on. The clients and rules
  of that file are then not known to the command: to suspend one of its clients, add \`--unknown\`. A fault of the main file refuses. These
  commands need every file and refuse: \`serve\`, \`check\`, \`targets\`, \`explain\` without \`--request\`, \`policy unused --patch\`,
  \`clients create\`, \`clients update\`, and \`audit erase --issuer\`.
- **Output.** \`--output text\` is for people: tables within the width of the terminal, with times in UTC. \`-\` is an empty cell. Headers are
  bold on a terminal, unless \`NO_COLOR\` is set. \`--output json\` and \`--output csv\` are for programs. As JSON, \`audit search\` and
  \`audit tail\` print one object a line, and all other commands one document.
- **Questions.** \`keys retire\`, \`tokens revoke --all\`, \`clients delete\`, \`audit erase\` and \`store rollback --discard\` ask first,
  because what they remove cannot be restored. Scripts need \`--yes\`: without it and without a terminal, the command does nothing.
- **Schema of the database.** The start of a server and \`store migrate\` bring it up to date. Every other command refuses a database of
  another version.
- **Exit codes.** 0: done. 1: failed, or found faults. 2: wrong usage. 3: \`explain\` or \`targets\` found that the request was refused, or would be.
- **Older names.** \`token\`, \`account hash\`, \`clients add\`, \`clients rotate\` and \`clients disable --undo\`, and the options \`--format\`,
  \`--json\` and \`--token\` (the access token for \`--server\`), work for one release more.

This page is generated from \`packages/server/src/cli/\` by \`npx node --conditions=source scripts/generate-docs.ts\`.`;

const find = (program: Command, name: string): Command =>
  name.split(' ').reduce((command, word) => {
    const found = command.commands.find((one) => one.name() === word);
    if (found === undefined) throw new Error(`there is no command ${name}`);
    return found;
  }, program);

const anchorOf = (name: string): string => `cambio-${name.replaceAll(' ', '-')}`;

function section(name: string, command: Command, examples: readonly (readonly [line: string, what: string])[]): string {
  const argumentsOf = command.registeredArguments.map(
    (one) => `| \`${one.required ? `<${one.name()}>` : `[${one.name()}]`}\` | ${one.description} |`,
  );
  const options = command.options
    .filter(({ hidden }) => !hidden)
    .map(({ flags, description, mandatory, defaultValue }) => {
      const more = mandatory ? ' (required)' : defaultValue === undefined ? '' : ` (default: ${defaultValue})`;
      return `| \`${flags}\` | ${description}${more} |`;
    });
  const rows = [...argumentsOf, ...options];
  return [
    `## cambio ${name}`,
    '',
    command.description(),
    '',
    ...(rows.length === 0 ? [] : ['| argument or option | |', '|---|---|', ...rows, '']),
    '```sh',
    ...examples.flatMap(([line, what]) => [`# ${what}`, line]),
    '```',
  ].join('\n');
}
