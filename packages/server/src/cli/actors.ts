// cambio actors suspend, resume and list: refuses every token in which a party acts, until it is resumed.
import { describeWhere, runOperation } from './administration.ts';
import type { ActorAnswer } from './answers.ts';
import type { CliCommand } from './command.ts';
import { describeOutput, printList, printResult } from './output.ts';
import type { Columns } from './table.ts';
import { UsageError } from './usage.ts';

const columns: Columns<ActorAnswer> = {
  subject: ({ subject }) => subject,
  issuer: ({ issuer = '' }) => issuer,
  since: ({ since }) => since,
  reason: ({ reason = '' }) => reason,
};
const columnsOfRegions: Columns<ActorAnswer> = { ...columns, region: ({ region = '' }) => region };

export const actorsList: CliCommand = {
  examples: [['cambio actors list --config cambio.yaml', 'who is suspended, since when, and why']],
  describe: (command) =>
    describeOutput(describeWhere(command.description('List the suspended clients, subjects and actors.'))),
  run: (options) =>
    runOperation(options, async (call) => {
      const found: ActorAnswer[] = [];
      let cursor: string | undefined;
      do {
        const { body } = await call('list-actors', { query: { limit: 200, cursor } });
        found.push(...body.items);
        cursor = body.next;
      } while (cursor !== undefined);
      const isRegional = found.some(({ region }) => region !== undefined);
      printList(options, isRegional ? columnsOfRegions : columns, found, 'nobody is suspended');
    }),
};

export const actorsSuspend: CliCommand = {
  examples: [
    [
      'cambio actors suspend assistant --reason leak --config cambio.yaml',
      'every token in which it acts is refused at once, on all nodes',
    ],
    [
      'cambio actors suspend --issuer https://idp.example.com --subject runner-7 --server https://login.example.com',
      'a workload, by its issuer and its subject there',
    ],
  ],
  describe: (command) =>
    describeOutput(
      describeWhere(
        command
          .description(
            'Suspend a client or another party: every token that is about it, was issued to it, or in which it acts at any hop, is refused until it is resumed.',
          )
          .argument('[name]', 'the id of a client, or the sub of a party in our tokens')
          .option('--subject <sub>', 'instead of a name, with --issuer: the sub at that issuer')
          .option('--issuer <iss>', 'the issuer of the subject')
          .option('--reason <text>', 'for the list and the audit log')
          .option('--revoke', 'also revoke its tokens issued so far, for good: they stay refused after actors resume')
          .option('--unknown', 'also suspend a name that this server does not know'),
      ),
    ),
  run: (options, [name]) => {
    const party = readParty('suspend', options, name);
    const { reason, revoke, unknown } = options;
    return runOperation(options, async (call) => {
      await call('suspend-actor', { body: { ...party, reason, revoke, unknown } });
      printResult(
        options,
        { ...party, suspended: true },
        `${party.subject} is suspended. Every node knows within a second. An API that verifies tokens by itself accepts them until they expire.`,
      );
    });
  },
};

export const actorsResume: CliCommand = {
  examples: [
    ['cambio actors resume assistant --config cambio.yaml', 'its tokens that have not expired are valid again'],
  ],
  describe: (command) =>
    describeOutput(
      describeWhere(
        command
          .description(
            'End a suspension of this region: the tokens of the party are valid again, unless they expired or were revoked, or another region suspends it (see actors list).',
          )
          .argument('[name]', 'the name that was suspended')
          .option('--subject <sub>', 'instead of a name, with --issuer: the sub at that issuer')
          .option('--issuer <iss>', 'the issuer of the subject'),
      ),
    ),
  run: (options, [name]) => {
    const party = readParty('resume', options, name);
    return runOperation(options, async (call) => {
      await call('resume-actor', { body: party });
      printResult(
        options,
        { ...party, suspended: false },
        `${party.subject} is not suspended any more. Every node knows within a second.`,
      );
    });
  },
};

function readParty(
  verb: 'suspend' | 'resume',
  { subject, issuer }: Record<string, unknown>,
  name: string | undefined,
): { readonly subject: string; readonly issuer: string | undefined } {
  const isNamed = name !== undefined && subject === undefined && issuer === undefined;
  const isForeign = name === undefined && subject !== undefined && issuer !== undefined;
  if (!isNamed && !isForeign)
    throw new UsageError(
      `give either a name, or --issuer and --subject. Example: cambio actors ${verb} assistant --config cambio.yaml`,
    );
  return { subject: String(name ?? subject), issuer: issuer === undefined ? undefined : String(issuer) };
}
