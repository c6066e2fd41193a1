// cambio clients list and show: prints clients and their entries, without secrets.
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { describeWhere, runOperation } from './administration.ts';
import type { ClientAnswer } from './answers.ts';
import type { CliCommand } from './command.ts';
import { describeOutput, printList, printResult } from './output.ts';
import type { Columns } from './table.ts';

export const describeClient = (command: Command): Command =>
  describeOutput(describeWhere(command).argument('<id>', 'the client'));

const columns: Columns<ClientAnswer> = {
  id: ({ id }) => id,
  source: ({ source }) => source,
  auth: ({ entry }) => [entry.auth ?? []].flat().join(', '),
  grants: ({ entry }) => [entry.grants ?? []].flat().join(', '),
  state: ({ entry }) => (entry.disabled === true ? 'disabled' : 'enabled'),
  secrets: (client) => secretsOf(client),
};

const secretsOf = ({ secrets = [] }: ClientAnswer): string =>
  secrets.map(({ id, createdAt }) => `${id} of ${createdAt}`).join(', ');

export const clientsList: CliCommand = {
  examples: [
    ['cambio clients list --config cambio.yaml', 'the clients of the file, and those registered at run time'],
    ['cambio clients list --server https://login.example.com --output csv', 'for a spreadsheet, from a running server'],
  ],
  describe: (command) => describeOutput(describeWhere(command.description('List the clients.'))),
  run: (options) =>
    runOperation(options, async (call) => {
      const found: ClientAnswer[] = [];
      let cursor: string | undefined;
      do {
        const { body } = await call('list-clients', { query: { limit: 200, cursor } });
        found.push(...body.items);
        cursor = body.next;
      } while (cursor !== undefined);
      printList(options, columns, found, '0 clients');
    }),
};

export const clientsShow: CliCommand = {
  examples: [['cambio clients show reports --config cambio.yaml', 'its entry, without secrets']],
  describe: (command) =>
    describeClient(command.description('Show one client: its entry, and when its secrets were made.')),
  run: (options, [id = '']) =>
    runOperation(options, async (call) => {
      const { body } = await call('get-client', { path: { id } });
      const { entry, createdAt, updatedAt, source } = body;
      const about = { id, source, secrets: secretsOf(body), created: createdAt, updated: updatedAt };
      const lines = Object.entries(about).flatMap(([name, value]) => (value ? `# ${name}: ${value}\n` : []));
      printResult(options, body, `${lines.join('')}${stringify(entry).trimEnd()}`);
    }),
};
