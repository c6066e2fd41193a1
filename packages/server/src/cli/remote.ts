// Runs an operation of the admin API on a server, and describes failures for a person.
import type { OperationInput } from '../http/admin/invoke.ts';
import { ADMIN_PATH } from '../http/admin/openapi.ts';
import type { Operation } from '../http/admin/operation.ts';
import { describeFailure, isUntrusted } from '../primitives/failure.ts';
import { isLoopback } from '../primitives/network.ts';
import { parseJsonObject } from '../primitives/strict-json.ts';
import { readAnswerText } from '../primitives/utf8.ts';
import { UsageError } from './usage.ts';

export interface Done<Body = Readonly<Record<string, unknown>>> {
  readonly body: Body;
  readonly version: string | undefined;
}

/** Requires https, or loopback: over plain http the token could be read on the network. @throws UsageError */
export function checkServer(server: string): void {
  const url = URL.parse(server);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new UsageError(`--server ${server} is not a URL. Use the issuer, such as ${suggestUrl(server)}`);
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    throw new UsageError(
      `--server ${server} would send the token in the clear. Use https://; http:// is for loopback only`,
    );
}

/** Adds a scheme to a host; otherwise returns an example. */
function suggestUrl(server: string): string {
  const [, host] = /^([\w.-]+)(?::\d+)?$/.exec(server) ?? [];
  if (host === undefined) return 'https://login.example.com';
  return `${isLoopback(host) ? 'http' : 'https'}://${server}`;
}

/** Time within which a server must answer an operation. */
const ANSWER_DEADLINE_MS = 30_000;

/** @throws Error with the fault and the remedy */
export async function requestOperation(
  { method, at, answer: expected }: Operation,
  { path = {}, query = {}, body, ifMatch }: OperationInput,
  { server, token }: { readonly server: string; readonly token: string },
): Promise<Done> {
  const place = at.replaceAll(/\{(\w+)\}/g, (_, name) =>
    encodeURIComponent(String((path as Record<string, unknown>)[name])),
  );
  const asked = new URLSearchParams(
    Object.entries(query).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, String(value)]],
    ),
  );
  const requesting = fetch(`${server.replace(/\/$/, '')}${ADMIN_PATH}${place}?${asked}`, {
    method,
    redirect: 'manual',
    headers: {
      authorization: `Bearer ${token}`,
      ...(ifMatch !== undefined && { 'if-match': ifMatch }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(ANSWER_DEADLINE_MS),
  });
  const { response, text } = await requesting
    .then(async (got) => ({ response: got, text: (await readAnswerText(got)) ?? '?' }))
    .catch((error: Error) => {
      throw new Error(describeRequestFailure(server, error));
    });
  const answer = text === '' && response.ok ? {} : parseJsonObject(text);
  if (!response.ok || answer === undefined) throw new Error(describeErrorAnswer(server, response, answer));
  const misfit = expected?.safeParse(answer).error?.issues.find(({ code }) => code !== 'unrecognized_keys');
  if (misfit !== undefined)
    throw new Error(
      `${server} does not answer as this version of cambio expects: ${misfit.path.join('.') || 'the answer'} is missing or has another form. Use the issuer of a Cambio server of the same version`,
    );
  return { body: answer, version: response.headers.get('etag') ?? undefined };
}

function describeRequestFailure(server: string, error: Error): string {
  const why = `cannot reach ${server}: ${describeFailure(error)}`;
  if (!isUntrusted(error)) return why;
  return `${why}. If the certificate is from your own authority, set NODE_EXTRA_CA_CERTS to the file of the authority`;
}

/** Statuses that concern the operation: not found, in use, changed, invalid. */
const ABOUT_THE_REQUEST: ReadonlySet<number> = new Set([404, 409, 412, 422]);

const ADVICE: Readonly<Record<number, string>> = {
  401: 'Use an access token for the audience ISSUER/admin, in --access-token or CAMBIO_TOKEN',
  403: 'The client of the token needs the scope of this operation: admin:read or admin:write',
};

/** An answer of the admin API is JSON, and its refusals have a title (RFC 9457). */
function describeErrorAnswer(
  server: string,
  { status, statusText }: Response,
  answer: Done['body'] | undefined,
): string {
  const { title, detail } = (answer ?? {}) as { title?: string; detail?: string };
  if (status >= 300 && status < 400)
    return `${server} redirects to another address. Use the issuer from the configuration of the server`;
  if (title === undefined && status < 500)
    return `${server} is not a Cambio server: it has no admin API at ${ADMIN_PATH}. Use the issuer, such as https://login.example.com`;
  // Print the detail alone, as without a server.
  if (detail !== undefined && ABOUT_THE_REQUEST.has(status)) return detail.replaceAll(/\b(?:body|query|path)\./g, '');
  const problem = [title ?? statusText, detail].filter(Boolean).join(': ');
  const advice = ADVICE[status];
  return `${server} answers ${status}: ${problem}${advice === undefined ? '' : `. ${advice}`}`;
}
