// cambio keys: lists, rotates and retires the signing keys.
import { signingAlgorithms } from '../keys/algorithms.ts';
import { formatDuration } from '../primitives/duration.ts';
import { didYouMean } from '../primitives/nearest.ts';
import { describeWhere, runOperation } from './administration.ts';
import type { KeyAnswer, RotationPreview } from './answers.ts';
import type { CliCommand } from './command.ts';
import { confirm, describeConfirmation } from './confirm.ts';
import { describeOutput, printList, printResult } from './output.ts';
import type { Columns } from './table.ts';
import { readChoice } from './usage.ts';

const columns: Columns<KeyAnswer> = {
  kid: ({ kid }) => kid,
  alg: ({ alg }) => alg,
  state: ({ state }) => state,
  createdAt: ({ createdAt }) => createdAt,
  signsFrom: ({ activatesAt }) => activatesAt,
  signsUntil: ({ signsUntil }) => signsUntil,
  publishedUntil: ({ publishedUntil }) => publishedUntil,
  validTokens: ({ validTokens }) => validTokens,
};

export const keysList: CliCommand = {
  examples: [['cambio keys list --config cambio.yaml', 'the next, the active and the retired keys']],
  describe: (command) => describeOutput(describeWhere(command.description('List the signing keys.'))),
  run: (options) =>
    runOperation(options, async (call) => {
      const { body } = await call('list-keys');
      printList(options, columns, body.items, '0 keys');
    }),
};

export const keysRotate: CliCommand = {
  examples: [
    ['cambio keys rotate --config cambio.yaml', 'ahead of the schedule'],
    [
      'cambio keys rotate --preview --config cambio.yaml',
      'what it would do, and which verifiers must read the new key',
    ],
    ['cambio keys rotate --alg ES256 --config cambio.yaml', 'if the file has several algorithms'],
  ],
  describe: (command) =>
    describeOutput(
      describeWhere(
        command.description(
          'Create the next signing key. It is published now, and signs after verifiers have had time to fetch it.',
        ),
      )
        .option('--alg <name>', 'the algorithm (default: the first of the file)')
        .option('--preview', 'only print what it would do'),
    ),
  run: (options) => {
    const alg =
      options.alg === undefined
        ? undefined
        : readChoice('--alg', options.alg, signingAlgorithms, 'an algorithm that cambio signs with');
    return runOperation(options, async (call) => {
      if (options.preview === true) {
        const { body } = await call('preview-rotation', { query: { alg } });
        printResult(options, body, describeRotation(body));
        return;
      }
      const { body } = await call('rotate-key', { body: { alg } });
      printResult(options, body, `The next ${body.alg} key is published, and signs from ${body.activatesAt}.`);
    });
  },
};

const countOf = ({ validTokens }: KeyAnswer): string => (validTokens === undefined ? '' : `, about ${validTokens} now`);

function describeRotation(of: RotationPreview): string {
  const { replaces, published, audiences } = of;
  const others = of.audienceCount - audiences.length;
  return [
    `The next ${of.alg} key would be published now, and sign from ${of.activatesAt}.`,
    ...published.map(({ kid, activatesAt }) => `The key ${kid} is published already, and signs from ${activatesAt}.`),
    ...(replaces === undefined
      ? []
      : [
          `It replaces ${replaces.kid}, which would leave the key sets at ${of.replacedPublishedUntil}. Tokens that it signed stay valid${countOf(replaces)}.`,
        ]),
    `Verifiers may cache a key set for ${formatDuration(of.cachedForSeconds)}, and have ${formatDuration(of.publishedForSeconds)} to read the key. One that keeps keys longer, or names a key in its configuration, refuses the new tokens. Look at the verifiers of:`,
    ...audiences.map((audience) => `  ${audience}`),
    ...(others > 0 ? [`  and ${others} more`] : []),
    `The key sets: ${of.keySets.join(' ')}`,
  ].join('\n');
}

export const keysRetire: CliCommand = {
  examples: [
    ['cambio keys retire KID --config cambio.yaml', 'after a theft; asks first'],
    ['cambio keys retire KID --config cambio.yaml --yes', 'without a question, as in a script'],
  ],
  describe: (command) =>
    describeOutput(
      describeConfirmation(
        describeWhere(
          command
            .description('Remove a key at once, for example after a theft. Every token that it signed is refused.')
            .argument('<kid>', 'the id of the key, from keys list'),
        ),
      ),
    ),
  run: (options, [kid = '']) =>
    runOperation(options, async (call) => {
      const { body } = await call('list-keys');
      const keys = body.items;
      const key = keys.find((one) => one.kid === kid);
      if (key === undefined)
        throw new Error(
          `there is no key ${kid}.${
            didYouMean(
              kid,
              keys.map((one) => one.kid),
            ) || ' cambio keys list shows the keys'
          }`,
        );
      await confirm(options, consequenceOf(key));
      await call('retire-key', { path: { kid }, query: { replace: 'now' } });
      const done = `${kid} is removed. Every node knows within a second, and verifiers when they fetch the keys again.`;
      printResult(options, { kid, retired: true }, done);
    }),
};

const consequenceOf = ({ kid, alg, state }: KeyAnswer): string =>
  `This removes the ${state} ${alg} key ${kid} for good: every token that it signed is refused.` +
  (state === 'active' ? ` A new ${alg} key signs at once in its place.` : '');
