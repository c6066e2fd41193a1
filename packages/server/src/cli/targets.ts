// cambio targets: lists the audiences that a client may request with a token, with the scope and the rule of each.
import type { Explanation } from '../explain/explain.ts';
import type { PossibleTarget } from '../explain/targets.ts';
import { formatDuration } from '../primitives/duration.ts';
import { describePlace, loadWhole, runOperation } from './administration.ts';
import type { CliCommand } from './command.ts';
import { checkTokens, describeTokens, exchangeBodyOf } from './exchange-options.ts';
import { REFUSED } from './explain.ts';
import { describeOutput, outputForm, printList, printResult } from './output.ts';
import { printError } from './print.ts';
import type { Columns } from './table.ts';

const columns: Columns<PossibleTarget> = {
  audience: ({ audience, server, grant }) => (grant === undefined ? audience : `${audience} (${grant} for ${server})`),
  scope: ({ scope }) => scope,
  lifetime: ({ lifetime }) => formatDuration(lifetime),
  rule: ({ rule }) => rule,
};

export const targets: CliCommand = {
  examples: [
    ['cambio targets --config cambio.yaml --client gateway --subject-token @token.txt', 'each audience, and its rule'],
    [
      'cambio targets --server https://login.example.com --client gateway --subject-token @token.txt',
      'the same, with an access token in CAMBIO_TOKEN',
    ],
  ],
  describe: (command) =>
    describeOutput(
      describeTokens(
        describePlace(
          command.description('List the targets that a client may request with a subject token. Changes nothing.'),
        ),
      ),
    ),
  run: async (options) => {
    checkTokens(options);
    let isRefused = false;
    const code = await runOperation(
      options,
      async (call) => {
        const { body } = await call('targets', { body: exchangeBodyOf(options) });
        const { targets: found, refused } = body;
        isRefused = refused !== undefined;
        if (refused === undefined) printList(options, columns, found, '0 targets: cambio explain says why');
        else if (outputForm(options) === 'json') printResult(options, refused, '');
        else printError(`cambio: ${describeRefused(refused)}`);
      },
      'read',
      loadWhole,
    );
    return isRefused ? REFUSED : code;
  },
};

const describeRefused = ({ meaning, detail, remedy, values = [] }: Explanation): string => {
  const nearest = values.flatMap((value) => (value.nearest === undefined ? [] : ` Did you mean ${value.nearest}?`));
  const unknown = values.find(({ name }) => name === 'client_id')?.sent;
  const what = detail ?? (typeof unknown === 'string' ? unknown : undefined);
  return `${meaning}${what === undefined ? '' : `: ${what}`}.${nearest.join('')} ${remedy}`;
};
