// cambio explain: what would come of this exchange, or what came of that one, and why. Issues nothing, uses nothing up.
import { openReader } from '../app.ts';
import { beginEvent } from '../audit/event.ts';
import { loadConfiguration } from '../config/load.ts';
import { type Explanation, explainEvent, explainExchange } from '../exchange/explain.ts';
import { seconds } from '../primitives/clock.ts';
import { reasons } from '../primitives/refusal.ts';
import { type CliCommand, EXIT } from './command.ts';
import { describeExchange, exchangeParametersOf } from './exchange-options.ts';

/** Beside the usual exit codes. */
const REFUSED = 3;

export const explain: CliCommand = {
  name: 'explain',
  describe: (command) =>
    describeExchange(
      command
        .description('say what would come of an exchange, or what came of one, and why')
        .requiredOption('--config <file>', 'the configuration file'),
    )
      .option('--request <id>', 'a past request, by its X-Request-Id, instead of an imagined one')
      .option('--json', 'as JSON'),
  run: async (options) => {
    const reader = await openReader(loadConfiguration(String(options.config), process.env));
    try {
      const explanation = await (typeof options.request === 'string'
        ? explainPast(options.request, reader)
        : explainImagined(options, reader));
      console.log(options.json ? JSON.stringify(toJson(explanation), null, 2) : tell(explanation));
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
  if (event.grant !== undefined && event.grant !== 'token_exchange')
    throw new Error(`${id} was no token exchange but ${event.grant}`);
  return explainEvent(event, services.policy, services.tokenErrorCode);
}

async function explainImagined(options: Record<string, unknown>, { services, isUsed }: Reader): Promise<Explanation> {
  const id = String(options.client ?? '');
  const client = services.clients.get(id);
  if (client === undefined) throw new Error(id === '' ? 'say --client, or --request' : `there is no client ${id}`);
  const event = beginEvent({ time: services.clock(), requestId: '', address: '', action: 'none' });
  const parameters = exchangeParametersOf(options, services.issuer);
  return explainExchange(parameters, client, event, { ...services, isUsed, client, now: seconds(services.clock) });
}

const toJson = ({ errorDescription, ...explanation }: Explanation): object =>
  errorDescription === undefined ? explanation : { ...explanation, error_description: errorDescription };

/** For a person who has never read an RFC. */
function tell({ decision, error, errorDescription, reason, steps, rules, claims }: Explanation): string {
  const lines = [
    decision === 'allowed'
      ? 'Allowed.'
      : `Refused: ${reason === undefined ? '' : reasons[reason as keyof typeof reasons].meaning}.`,
  ];
  if (error !== undefined) lines.push(`The caller is told: ${error}, “${errorDescription}” (reason: ${reason})`);
  lines.push('', 'Step by step');
  for (const { step, result, found } of steps) lines.push(`  ${result === 'passed' ? '✓' : '✗'} ${step}: ${found}`);
  lines.push('', 'The rules, in order');
  if (rules.length === 0) lines.push('  there are none, so everything is refused');
  for (const { rule, result, part, why } of rules)
    lines.push(`  “${rule}” ${result}${why === undefined ? '' : `: ${why} (${part})`}`);
  if (claims !== undefined) lines.push('', 'The token would say', JSON.stringify(claims, null, 2));
  return lines.join('\n');
}
