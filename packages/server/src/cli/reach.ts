// cambio reach: lists the targets and scopes that a client can reach, with the conditions that remain.
import type { ReachableTarget } from '../explain/reach.ts';
import { describePlace, loadWhole, runOperation } from './administration.ts';
import type { CliCommand } from './command.ts';
import { describeOutput, printList } from './output.ts';
import type { Columns } from './table.ts';
import { UsageError } from './usage.ts';

const columns: Columns<ReachableTarget> = {
  audience: ({ audience }) => audience,
  scope: ({ scopes }) => scopes.map(({ scope }) => scope).join(' '),
  by: ({ by, rule, mode }) => (mode === 'audit' ? `${rule} (only watched)` : (rule ?? by)),
  requires: ({ requires }) => requires.join('; '),
  unless: ({ unless }) => unless.join('; '),
};

/** Maximum page size of the admin API. */
const PAGE_ROWS = 200;

export const reach: CliCommand = {
  examples: [
    ['cambio reach --config cambio.yaml --client agent', 'each target and scope, its rule, and what must hold'],
    ['cambio reach --config cambio.yaml --client agent --subject ada --issuer idp', 'with tokens about ada alone'],
  ],
  describe: (command) =>
    describeOutput(
      describePlace(
        command.description('List the targets and scopes that a client can reach, and the conditions that remain.'),
      ),
    )
      .option('--client <id>', 'the client')
      .option('--subject <name>', 'only what tokens about this subject can give')
      .option('--issuer <name>', 'the issuer of the subject (default: this server)'),
  run: (options) => {
    const { client, subject, issuer } = options;
    if (typeof client !== 'string') throw new UsageError('--client is missing. Example: --client gateway');
    if (issuer !== undefined && subject === undefined)
      throw new UsageError('--issuer goes with --subject. Example: --subject ada --issuer idp');
    const asked = { client, subject: subject as string | undefined, issuer: issuer as string | undefined };
    return runOperation(
      options,
      async (call) => {
        const found: ReachableTarget[] = [];
        let cursor: string | undefined;
        do {
          const { body } = await call('list-reach', { query: { ...asked, cursor, limit: PAGE_ROWS } });
          found.push(...body.items);
          cursor = body.next;
        } while (cursor !== undefined);
        printList(options, columns, found, '0 targets: no rule and no grant of its own leads anywhere');
      },
      'read',
      loadWhole,
    );
  },
};
