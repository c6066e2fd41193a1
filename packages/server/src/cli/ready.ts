// cambio ready: asks a server whether it can serve. For health checks of containers, which have no curl and no shell. It reads no
// configuration: a server with an invalid file still serves by the previous one.
import { describeFailure } from '../primitives/failure.ts';
import { parseJsonObject } from '../primitives/strict-json.ts';
import { readAnswerText } from '../primitives/utf8.ts';
import { type CliCommand, EXIT } from './command.ts';
import { describeOutput, outputForm, printResult } from './output.ts';
import { printError } from './print.ts';
import { readSeconds, UsageError } from './usage.ts';

export const ready: CliCommand = {
  examples: [
    ['cambio ready', 'exit code 0 if the server on this machine can serve'],
    ['cambio ready --server http://127.0.0.1:9464', 'through the listener of the metrics, also if the server has TLS'],
  ],
  describe: (command) =>
    describeOutput(
      command
        .description('Ask a server whether it can serve (/readyz).')
        .option('--server <url>', 'the server, or the listener of its metrics', 'http://127.0.0.1:8080')
        .option('--timeout <duration>', 'how long to wait for the answer', '3s'),
    ),
  run: async (options) => {
    const { server, timeout } = options;
    const url = readServer(server);
    const { status, body } = await ask(url, readSeconds('--timeout', timeout) * 1000);
    if (status === 200) {
      const toMend = reasonsOf(body, 'warnings');
      printResult(options, body, `${url.origin} is ready${toMend && `. To mend: ${toMend}`}`);
      return EXIT.done;
    }
    if (outputForm(options) === 'text')
      printError(`cambio: ${url.origin} is not ready: ${reasonsOf(body, 'obstacles') || 'it does not say why'}`);
    else printResult(options, body, '');
    return EXIT.failed;
  },
};

/** @throws UsageError */
function readServer(server: unknown): URL {
  const url = URL.parse(String(server));
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    throw new UsageError(`--server ${server} is not a URL of a server. Example: --server http://127.0.0.1:8080`);
  return new URL('/readyz', url);
}

interface Readyz {
  readonly status: 200 | 503;
  readonly body: Readonly<Record<string, unknown>>;
}

/** @throws Error if nobody answers, or not as a Cambio server does */
async function ask(url: URL, deadlineMs: number): Promise<Readyz> {
  const { answer, text } = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(deadlineMs) })
    .then(async (answer) => ({ answer, text: await readAnswerText(answer) }))
    .catch((error: Error) => {
      throw new Error(`cannot reach ${url.origin}: ${describeFailure(error)}`);
    });
  const body = parseJsonObject(text ?? '');
  const { status } = answer;
  if ((status === 200 || status === 503) && typeof body?.status === 'string') return { status, body };
  throw new Error(`${url.origin} is not a Cambio server: it answers ${status} at /readyz. Correct --server`);
}

/** What to do about a condition that waiting does not remove. The listener of the metrics says more. */
const MENDS: Readonly<Record<string, string>> = {
  rights_missing: 'run cambio store migrate --grant ROLE as the role that owns the tables',
};

/** Of the server, and of each of its workers. */
function reasonsOf({ workers, ...server }: Readyz['body'], kind: 'obstacles' | 'warnings'): string {
  const all = [server, ...(Array.isArray(workers) ? workers : [])].flatMap((process) => process?.[kind]);
  const reasons = new Set(all.flatMap((one) => (typeof one?.reason === 'string' ? [describeReason(one)] : [])));
  return [...reasons].join(', ');
}

function describeReason({ reason, details }: { readonly reason: string; readonly details?: unknown }): string {
  const why = Array.isArray(details) ? details.join('; ') : MENDS[reason];
  return why === undefined ? reason : `${reason} (${why})`;
}
