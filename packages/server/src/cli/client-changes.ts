// cambio clients create, update, enable, disable, rotate-secret, delete: changes registered clients. Clients of the configuration file
// are changed in the file.
import type { Command } from 'commander';
import { type Administer, loadWhole, runOperation } from './administration.ts';
import { describeClient } from './clients.ts';
import type { CliCommand } from './command.ts';
import { confirm, describeConfirmation } from './confirm.ts';
import { readEntry } from './entry.ts';
import { outputForm, printResult } from './output.ts';
import { printError } from './print.ts';

const EVERY_NODE = 'Every node knows within a second.';

const describeEntry = (command: Command): Command =>
  describeClient(command).requiredOption(
    '--entry <file>',
    'an entry as in the configuration file, without id and secret: YAML or JSON; - for standard input',
  );

export const clientsCreate: CliCommand = {
  examples: [
    ['cambio clients create reports --entry reports.yaml --config cambio.yaml', 'prints its secret, only once'],
    [
      'cambio clients create reports --entry reports.yaml --server https://login.example.com --output json',
      'the secret and the entry, from a running server',
    ],
  ],
  describe: (command) =>
    describeEntry(command.description('Register a client. Its secret, if it has one, is printed once.')),
  run: (options, [id = '']) => {
    const entry = readEntry(options.entry, id);
    const create = async (call: Administer): Promise<void> => {
      const { body } = await call('create-client', { body: { ...entry, id } });
      printSecret(options, body, `${id} is registered. ${EVERY_NODE}`);
    };
    return runOperation(options, create, 'write', loadWhole);
  },
};

export const clientsUpdate: CliCommand = {
  examples: [
    ['cambio clients update reports --entry reports.yaml --config cambio.yaml', 'the whole entry is replaced'],
  ],
  describe: (command) =>
    describeEntry(command.description('Replace the entry of a registered client. Its secrets stay.')),
  run: (options, [id = '']) => {
    const entry = readEntry(options.entry, id);
    const update = async (call: Administer): Promise<void> => {
      const body = await replaceEntry(call, id, () => entry);
      printResult(options, body, `${id} is updated. ${EVERY_NODE}`);
    };
    return runOperation(options, update, 'write', loadWhole);
  },
};

export const clientsEnable: CliCommand = {
  examples: [['cambio clients enable reports --config cambio.yaml', 'it may request tokens again']],
  describe: (command) =>
    describeClient(command.description('Enable a disabled client again, with its tokens that have not expired.')),
  run: (options, [id = '']) => enable(options, id),
};

const enable = (options: Record<string, unknown>, id: string): Promise<number> =>
  runOperation(options, async (call) => {
    const body = await replaceEntry(call, id, ({ disabled: _, ...entry }) => entry);
    printResult(options, body, `${id} is enabled. ${EVERY_NODE}`);
  });

export const clientsDisable: CliCommand = {
  examples: [
    ['cambio clients disable reports --config cambio.yaml', 'its tokens are refused at once, until it is enabled'],
  ],
  describe: (command) => {
    const described = describeClient(
      command.description('Refuse a registered client and its tokens at once, until it is enabled again.'),
    );
    return described.addOption(described.createOption('--undo', 'an older name of clients enable').hideHelp());
  },
  run: (options, [id = '']) =>
    options.undo === true
      ? enable(options, id)
      : runOperation(options, async (call) => {
          const body = await replaceEntry(call, id, (entry) => ({ ...entry, disabled: true }));
          printResult(options, body, `${id} is disabled, and its tokens are refused. ${EVERY_NODE}`);
        }),
};

export const clientsRotateSecret: CliCommand = {
  examples: [['cambio clients rotate-secret reports --config cambio.yaml', 'prints the new secret, only once']],
  describe: (command) =>
    describeClient(
      command.description(
        'Print a new secret, once. The previous secret works until the next rotation; older ones stop working at once.',
      ),
    ),
  run: (options, [id = '']) =>
    runOperation(options, async (call) => {
      const { body } = await call('add-client-secret', { path: { id }, body: {} });
      printSecret(options, body, '');
    }),
};

export const clientsDelete: CliCommand = {
  examples: [['cambio clients delete reports --config cambio.yaml --yes', 'without a question, as in a script']],
  describe: (command) =>
    describeConfirmation(
      describeClient(
        command.description('Delete a registered client that no rule names, and revoke its tokens for good.'),
      ),
    ),
  run: (options, [id = '']) =>
    runOperation(options, async (call) => {
      const { body, version } = await call('get-client', { path: { id } });
      // Deleting a client of the configuration file is refused below.
      if (body.source === 'registered')
        await confirm(options, `This deletes the client ${id} with its secrets, and revokes its tokens for good.`);
      await call('delete-client', { path: { id }, ifMatch: version });
      printResult(options, { id, deleted: true }, `${id} is deleted, and its tokens are revoked. ${EVERY_NODE}`);
    }),
};

type Entry = Readonly<Record<string, unknown>>;

async function replaceEntry(call: Administer, id: string, change: (entry: Entry) => Entry): Promise<Entry> {
  const { body, version } = await call('get-client', { path: { id } });
  const changed = await call('replace-client', { path: { id }, body: change(body.entry as Entry), ifMatch: version });
  return changed.body;
}

/** Text output is only the secret, for scripts. On a terminal, a line before it explains the secret. */
function printSecret(options: Record<string, unknown>, body: Entry, otherwise: string): void {
  const { secret } = body;
  const isSeen = process.stdout.isTTY && outputForm(options) === 'text';
  if (secret !== undefined && isSeen) printError(`The secret of ${body.id}, which is not shown again:`);
  printResult(options, body, String(secret ?? otherwise));
}
