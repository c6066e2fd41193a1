// cambio explain: what would come of this exchange, or what came of that one, and why. Issues nothing, uses nothing up.
import { openReader } from '../app.ts';
import { beginEvent } from '../audit/event.ts';
import { loadConfiguration } from '../config/load.ts';
import { type Explanation, explainEvent, explainExchange } from '../explain/explain.ts';
import { seconds } from '../primitives/clock.ts';
import { reasons } from '../primitives/refusal.ts';
import { type CliCommand, EXIT } from './command.ts';
import { describeTokens, describeWish, exchangeParametersOf, misuseOf } from './exchange-options.ts';
import { describeOutput, printResult } from './output.ts';
import { UsageError } from './usage.ts';

/** Beside the usual exit codes. */
const REFUSED = 3;

export const explain: CliCommand = {
  examples: [
    ['cambio explain --config cambio.yaml --request ID', 'why a request was answered as it was, by its X-Request-Id'],
    [
      'cambio explain --config cambio.yaml --client gateway --subject-token @token.txt --audience https://orders.example.com',
      'what would come of an exchange',
    ],
  ],
  describe: (command) =>
    describeOutput(
      describeWish(
        describeTokens(
          command
            .description('Say what would come of an exchange, or what came of one, and why. Changes nothing.')
            .requiredOption('--config <file>', 'the configuration file'),
        ),
      ).option('--request <id>', 'a past request, by its X-Request-Id, instead of an imagined one'),
    ),
  run: async (options) => {
    const { request, client, subjectToken, actorToken } = options;
    const imagined = [client, subjectToken, actorToken].some((option) => option !== undefined);
    const misuse =
      request === undefined ? misuseOf(options) : imagined && 'say either --request, or a client and its tokens';
    if (misuse) throw new UsageError(misuse);
    const reader = await openReader(await loadConfiguration(String(options.config), process.env));
    try {
      const explanation = await (typeof request === 'string'
        ? explainPast(request, reader)
        : explainImagined(options, reader));
      printResult(options, { ...explanation }, tell(explanation));
      return explanation.decision === 'allowed' ? EXIT.done : REFUSED;
    } finally {
      await reader.close();
    }
  },
};

type Reader = Awaited<ReturnType<typeof openReader>>;

async function explainPast(id: string, { services, findEvent }: Reader): Promise<Explanation> {
  const event = await findEvent(id);
  if (event === undefined) throw new Error(`no request has the id ${id}`);
  const { action, grant = 'token_exchange' } = event;
  if (action !== 'token' || grant !== 'token_exchange')
    throw new Error(`${id} was no token exchange but ${action === 'token' ? grant : action}`);
  return explainEvent(event, services);
}

function explainImagined(options: Record<string, unknown>, { services }: Reader): Promise<Explanation> {
  const event = beginEvent({ time: services.clock(), requestId: '', address: '', action: 'token' });
  const parameters = exchangeParametersOf(options, services.issuer);
  const context = { ...services, now: seconds(services.clock) };
  return explainExchange(parameters, String(options.client), event, context);
}

/** For a person who has never read an RFC. */
function tell({ decision, error, error_description, reason, steps, rules, claims }: Explanation): string {
  const lines = [reason === undefined ? 'Allowed.' : `Refused: ${reasons[reason].meaning}.`];
  if (decision === 'refused') {
    lines.push(
      `The caller is told no more than: ${error}, “${error_description}”.`,
      `The name of the reason is ${reason}.`,
    );
  }
  lines.push('', 'Step by step');
  for (const { step, result, found } of steps) {
    lines.push(`  ${result === 'passed' ? '✓' : '✗'} ${step.padEnd(13)}  ${found}`);
  }
  lines.push('', 'The rules, in order', ...tellRules(rules));
  if (claims !== undefined) lines.push('', 'The token would say', JSON.stringify(claims, null, 2));
  return lines.join('\n');
}

function tellRules(rules: Explanation['rules']): readonly string[] {
  if (rules.length === 0) return ['    there are none, so everything is refused'];
  if (rules.every(({ result }) => result === 'is not asked'))
    return ['    none was asked: the request did not come so far'];
  return rules.map(({ rule, result, part, why }) => {
    const mark = result === 'decides' ? '→' : ' ';
    const where = part === undefined || part === 'client' ? '' : ` (${part})`;
    return `  ${mark} “${rule}” ${result}${why === undefined ? '' : `: ${why}${where}`}`;
  });
}
