// Another server's token endpoint, for the portable attacks: how to get a token, and which answers are refusals.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { type Answer, EXCHANGE, encode, type Form, read, type } from '../../support/harness.ts';

/** Attack only your own servers, on this machine. */
const url = z.url({
  protocol: /^https?$/,
  hostname: /^(localhost|127(\.\d+){3}|\[::1\])$/,
  error: 'must be a URL on loopback',
});
const form = z.record(z.string(), z.string());
const client = z.strictObject({
  id: z.string().min(1),
  secret: z.string().min(1),
  method: z.enum(['client_secret_basic', 'client_secret_post']).default('client_secret_basic'),
});

/** The content of a file of `npm run attacks -- --against FILE`. */
const adapter = z.strictObject({
  tokenEndpoint: url,
  /** RFC 7009. If absent, rows that revoke are skipped. */
  revocationEndpoint: url.optional(),
  /** RFC 7517. If absent, rows that forge with the server's public key are skipped. */
  jwksUri: url.optional(),
  /** May exchange. */
  client,
  /** Another client that may exchange, for rows about tokens of others. If absent, they are skipped. */
  other: client.optional(),
  /** The request, without credentials, that gets a client its own subject token. */
  subject: form.default({ grant_type: 'client_credentials' }),
  /** Parameters with which an exchange of that token is granted. */
  exchange: form.default({}),
  /** A scope that the subject token does not have. If absent, the row about a wider scope is skipped. */
  widerScope: z.string().min(1).optional(),
  /** Which answers are refusals. */
  refusals: z
    .strictObject({ statuses: z.array(z.int()).min(1), errors: z.array(z.string()).optional() })
    .default({ statuses: [400, 401, 403, 404, 405, 415] }),
});

export type Adapter = z.input<typeof adapter>;
type Credentials = z.output<typeof client>;

export interface Peer {
  readonly tokenEndpoint: string;
  readonly client: Credentials;
  readonly other: Credentials | undefined;
  readonly widerScope: string | undefined;
  /** POSTs to the token endpoint without credentials. */
  readonly post: (body: string | Form, headers?: Record<string, string>, query?: Form) => Promise<Answer>;
  readonly get: (query: Form) => Promise<Answer>;
  /** All parameters of a valid exchange, including credentials. */
  readonly exchangeForm: () => Promise<Form>;
  readonly token: (form: Form, as?: Credentials) => Promise<Answer>;
  /** A new subject token of a client. @throws Error with the answer if there is none */
  readonly subjectToken: (as?: Credentials) => Promise<string>;
  /** A valid exchange with changes; `undefined` omits a parameter. */
  readonly exchange: (form?: Form, as?: Credentials) => Promise<Answer>;
  readonly revoke: ((token: string) => Promise<Answer>) | undefined;
  readonly keys: (() => Promise<readonly Record<string, unknown>[]>) | undefined;
  readonly refuses: (answer: Answer) => boolean;
}

/** @throws Error that names the file and its fault */
export function readAdapter(file: string): Adapter {
  const { data, error } = adapter.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (data === undefined) throw new Error(`${file}: ${z.prettifyError(error)}`);
  return data;
}

export function createPeer(source: Adapter): Peer {
  const { tokenEndpoint, revocationEndpoint, jwksUri, refusals, ...said } = adapter.parse(source);
  const send = async (to: string, body: string | Form, headers: Record<string, string> = {}): Promise<Answer> => {
    const text = typeof body === 'string' ? body : encode(body);
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    return read(await fetch(to, { method: 'POST', headers: { ...type, ...headers }, body: text, signal }));
  };
  const sendAs = (to: string, { id, secret, method }: Credentials, body: Form): Promise<Answer> =>
    method === 'client_secret_basic'
      ? send(to, body, { authorization: basic(id, secret) })
      : send(to, { client_id: id, client_secret: secret, ...body });
  const token: Peer['token'] = (body, as = said.client) => sendAs(tokenEndpoint, as, body);
  const subjectToken: Peer['subjectToken'] = async (as) => {
    const answer = await token(said.subject, as);
    const text = answer.body.access_token;
    if (typeof text !== 'string') throw new Error(`no subject token: ${answer.status} ${answer.text.slice(0, 200)}`);
    return text;
  };
  const usual = (subject_token: string | undefined): Form => ({
    grant_type: EXCHANGE,
    subject_token,
    subject_token_type: type('access_token'),
    ...said.exchange,
  });
  return {
    tokenEndpoint,
    client: said.client,
    other: said.other,
    widerScope: said.widerScope,
    post: (body, headers, query) => send(query ? `${tokenEndpoint}?${encode(query)}` : tokenEndpoint, body, headers),
    get: async (query) =>
      read(await fetch(`${tokenEndpoint}?${encode(query)}`, { signal: AbortSignal.timeout(TIMEOUT_MS) })),
    exchangeForm: async () => ({
      ...usual(await subjectToken()),
      client_id: said.client.id,
      client_secret: said.client.secret,
    }),
    token,
    subjectToken,
    exchange: async (varied = {}, as) => {
      const subject = 'subject_token' in varied ? undefined : await subjectToken(as);
      return token({ ...usual(subject), ...varied }, as);
    },
    revoke:
      revocationEndpoint === undefined ? undefined : (text) => sendAs(revocationEndpoint, said.client, { token: text }),
    keys: jwksUri === undefined ? undefined : () => readKeys(jwksUri),
    refuses: ({ status, body }) =>
      refusals.statuses.includes(status) && (refusals.errors?.includes(String(body.error)) ?? true),
  };
}

async function readKeys(uri: string): Promise<readonly Record<string, unknown>[]> {
  const { keys } = (await (await fetch(uri, { signal: AbortSignal.timeout(TIMEOUT_MS) })).json()) as {
    keys: Record<string, unknown>[];
  };
  return keys;
}

/** RFC 6749 section 2.3.1: each part is form-encoded first. */
export const basic = (id: string, secret: string): string =>
  `Basic ${btoa([id, secret].map((part) => encode({ '': part }).slice(1)).join(':'))}`;

const TIMEOUT_MS = 10_000;
