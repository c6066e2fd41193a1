// cambio explain: explains the answer to a past request, or the answer that an exchange would get. Changes nothing.
import { stringify } from 'yaml';
import { canonical, shortDigest } from '../audit/configuration.ts';
import { userAtHost } from '../audit/operator.ts';
import { isJudged } from '../exchange/redeem.ts';
import type { ExplainedConfiguration } from '../explain/decided-by.ts';
import type { Explanation } from '../explain/explain.ts';
import { describeValue } from '../explain/values.ts';
import { ERASED } from '../explain/wording.ts';
import { printable } from '../primitives/printable.ts';
import { describePlace, loadForDatabase, loadWhole, runOperation } from './administration.ts';
import type { CliCommand } from './command.ts';
import { countOf } from './count.ts';
import { checkTokens, describeRequest, describeTokens, exchangeBodyOf, isExchangeGiven } from './exchange-options.ts';
import { describeOutput, printResult } from './output.ts';
import { UsageError } from './usage.ts';

/** Exit code of explain and targets for a refusal, in addition to `EXIT`. */
export const REFUSED = 3;

export const explain: CliCommand = {
  examples: [
    ['cambio explain --config cambio.yaml --request ID', 'why a request was refused, by its request_id'],
    [
      'cambio explain --server https://login.example.com --request ID',
      'the same, with an access token in CAMBIO_TOKEN',
    ],
    [
      'cambio explain --config cambio.yaml --client gateway --subject-token @token.txt --audience https://orders.example.com',
      'the answer that an exchange would get',
    ],
  ],
  describe: (command) =>
    describeOutput(
      describeRequest(
        describeTokens(
          describePlace(
            command.description(
              'Explain the answer to a past request, or the answer that an exchange would get. Changes nothing.',
            ),
          ),
        ),
      ).option('--request <id>', 'a past request of any kind, by the request_id or X-Request-Id of its answer'),
    ),
  run: async (options) => {
    const { request } = options;
    if (request === undefined) checkTokens(options);
    else if (isExchangeGiven(options))
      throw new UsageError('--request goes without options of an exchange. Example: --request ID');
    let refused = false;
    const code = await runOperation(
      options,
      async (call) => {
        const { body } = await call('explain', { body: request === undefined ? exchangeBodyOf(options) : { request } });
        refused = body.decision === 'refused';
        printResult(options, body, formatExplanation(body));
      },
      'read',
      request === undefined ? loadWhole : loadForDatabase,
    );
    return refused ? REFUSED : code;
  },
};

/** Formats an explanation for a reader who does not know the RFCs. */
function formatExplanation(explanation: Explanation): string {
  const { decision, request, place, steps, claims, decidedBy } = explanation;
  const lines = decision === 'allowed' ? ['Allowed.'] : formatRefusal(explanation);
  if (place !== undefined) lines.push(`In the file: ${place.at === undefined ? '' : `${place.at}, `}${place.key}`);
  if (request !== undefined) lines.push('', formatRequest(request));
  if (decidedBy !== undefined) lines.push(...formatConfiguration(decidedBy));
  lines.push('', 'Step by step');
  for (const { step, result, found } of steps) {
    lines.push(`  ${result === 'passed' ? '✓' : '✗'} ${step.padEnd(13)}  ${found}`);
  }
  const { rules } = explanation;
  if (request === undefined || isExchange(request) || rules.length > 0)
    lines.push('', 'The rules, in order', ...formatRules(explanation));
  // Values of callers begin no line of the report.
  const report = lines.map(printable);
  if (claims !== undefined) report.push('', 'The token would say', JSON.stringify(claims, null, 2));
  return report.join('\n');
}

function formatRefusal(explanation: Explanation): string[] {
  const { meaning, detail, remedy, values = [], workloads = [], error, error_description, reason } = explanation;
  return [
    `Refused: ${meaning}${detail === undefined ? '' : `: ${detail}`}.`,
    ...values.map((value) => `  ${describeValue(value)}`),
    ...workloads.map((text) => `  ${text}`),
    `What to do: ${remedy}`,
    `The caller was told: ${error}, “${error_description}”. The reason is ${reason}.`,
  ];
}

type Request = NonNullable<Explanation['request']>;

const isExchange = ({ action, grant }: Request): boolean => action === 'token' && isJudged(grant);

function formatRequest({ requestId, time, action, grant, client, address, by: command }: Request): string {
  const kind = grant === undefined ? action : `${action} (${grant})`;
  const from = address === undefined ? '' : `, from ${address}`;
  const who = command === undefined ? client : userAtHost(command);
  const by = who === undefined ? '' : `, by ${who}`;
  return `Request ${requestId}: ${kind} at ${new Date(time).toISOString()}${from}${by}${address === undefined ? `; ${ERASED}` : ''}`;
}

/** What the deciding entry said when the request was decided, and what it says now. */
function formatConfiguration({
  configuration,
  kept,
  inForce,
  entry,
  said,
  says,
  since,
  changes = [],
  more,
}: ExplainedConfiguration): readonly string[] {
  if (!kept) return [`Decided by the configuration ${configuration}, whose text is not kept.`];
  if (inForce) return [];
  const lines = [`Decided by the configuration ${shortDigest(configuration)}, which is no longer in force.`];
  const isChanged = entry !== undefined && canonical([said]) !== canonical([says]);
  if (entry !== undefined && !isChanged) lines.push(`The ${entry} says the same now.`);
  if (isChanged) {
    const from = since === undefined ? 'Now' : `Since ${new Date(since).toISOString()}`;
    lines.push(`The ${entry} said then:`, ...indent(said));
    lines.push(...(says === undefined ? [`${from} it is gone.`] : [`${from} it says:`, ...indent(says)]));
  }
  const others = more === undefined ? [] : [`  ${countOf(more, 'more change')}`];
  return [...lines, 'All that changed since:', ...changes.map((change) => `  ${change}`), ...others];
}

const indent = (value: unknown): readonly string[] =>
  stringify(value)
    .trimEnd()
    .split('\n')
    .map((line) => `    ${line}`);

function formatRules({ rules, rulesOfOthers }: Explanation): readonly string[] {
  const others =
    rulesOfOthers === 0
      ? []
      : [`    ${rulesOfOthers} ${rulesOfOthers === 1 ? 'rule is' : 'rules are'} for other clients`];
  if (rules.length === 0)
    return others.length === 0
      ? ['    there are none, so everything is refused']
      : ['    none is for this client', ...others];
  if (rules.every(({ result }) => result === 'is not asked'))
    return ['    none was asked: the request did not come so far', ...others];
  const lines = rules.map(({ rule, result, part, why }) => {
    const mark = result === 'decides' ? '→' : ' ';
    return `  ${mark} “${rule}” ${result}${why === undefined ? '' : `: ${why}${part === undefined ? '' : ` (${part})`}`}`;
  });
  return [...lines, ...others];
}
