// cambio nodes: lists the processes that run on the database.
import { describeWhere, runOperation } from './administration.ts';
import type { NodeAnswer } from './answers.ts';
import type { CliCommand } from './command.ts';
import { describeOutput, printList } from './output.ts';
import type { Columns } from './table.ts';

const columns: Columns<NodeAnswer> = {
  node: ({ host = '', pid = '' }) => `${host} ${pid}`,
  version: ({ version = 'earlier' }) => version,
  configuration: ({ digest = '' }) => digest.slice(0, 12),
  read: ({ readAt = '' }) => readAt,
  seen: ({ seenAt }) => seenAt,
  faults: ({ faults = [] }) => faults.map(({ kind, details }) => [kind, ...details].join(': ')).join('; '),
};

export const nodesList: CliCommand = {
  examples: [['cambio nodes --config cambio.yaml', 'which configuration each node has in force']],
  describe: (command) =>
    describeOutput(
      describeWhere(
        command.description(
          'List the processes that run on the database: version, configuration in force, and the faults of the last reload.',
        ),
      ),
    ),
  run: (options) =>
    runOperation(options, async (call) => {
      const found: NodeAnswer[] = [];
      let cursor: string | undefined;
      do {
        const { body } = await call('list-nodes', { query: { limit: 200, cursor } });
        found.push(...body.items);
        cursor = body.next;
      } while (cursor !== undefined);
      printList(options, columns, found, 'no node has reported within the last minute');
    }),
};
