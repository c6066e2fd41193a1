// Sends forms to one authorization server: finds its endpoints, authenticates the client, and proves its key.
import * as oauth from 'oauth4webapi';
import { secureUrl } from './check.ts';
import type { Credentials } from './credentials.ts';
import { within } from './deadline.ts';
import { discover, type ServerMetadata } from './discovery.ts';
import { ExchangeError, errorOf, type Refused, type Sent } from './errors.ts';
import type { Proofs } from './proofs.ts';
import { type Lost, lostConnection, type Repetition, repeatedly } from './repeat.ts';
import type { TokenAnswer } from './token.ts';

export type Fetch = typeof globalThis.fetch;
export type Pairs = readonly (readonly [name: string, value: string])[];

export interface Setup {
  readonly issuer: string;
  readonly clientId: string;
  readonly credentials: Credentials;
  readonly proofs: Proofs | undefined;
  readonly timeoutMs: number;
  readonly fetch: Fetch;
  /** Endpoints of a server that publishes no metadata. */
  readonly metadata: ServerMetadata | undefined;
}

type Endpoint = 'token_endpoint' | 'revocation_endpoint';

export interface Sending extends Repetition {
  readonly endpoint: Endpoint;
  /** Ends the request. The time limit aborts it too. */
  readonly controller: AbortController;
}

/** An answer that arrived whole. */
export interface Answer extends Refused {
  /** The texts of the request that no error may repeat. */
  readonly secrets: () => readonly string[];
  /** Of the token endpoint, with status 200; undefined if it is not valid (RFC 6749 section 5.1). */
  readonly issued?: TokenAnswer | undefined;
}

export interface Connection {
  readonly issuer: string;
  /** @returns an answer with status 200 @throws ExchangeError */
  readonly send: (pairs: Pairs, sending: Sending) => Promise<Answer>;
}

export function connect(setup: Setup): Connection {
  const { issuer, timeoutMs, metadata, fetch } = setup;
  let found: Promise<oauth.AuthorizationServer> | undefined;
  /** The caller who is first must not end it for others, so the time limit is its own. */
  const find = (): Promise<oauth.AuthorizationServer> => {
    if (found !== undefined) return found;
    const begun = within(timeoutMs, new AbortController(), (deadline) => discover(issuer, fetch, deadline));
    found = begun;
    begun.catch(() => {
      if (found === begun) found = undefined;
    });
    return begun;
  };
  return {
    issuer,
    send: (pairs, sending) =>
      within(timeoutMs, sending.controller, async (deadline) => {
        const server = metadata === undefined ? await deadline.race(find()) : { ...metadata, issuer };
        const url = endpointOf(server, sending.endpoint, setup.credentials);
        const once = () => sendProven({ ...setup, server, url, signal: deadline.signal }, pairs, sending.endpoint);
        const outcome = await repeatedly(sending, deadline, once);
        if ('lost' in outcome) throw outcome.lost;
        if (outcome.status === 200) return outcome;
        throw errorOf(outcome, outcome.secrets(), sentIn(pairs), server.service_documentation);
      }),
  };
}

interface Context extends Setup {
  readonly server: oauth.AuthorizationServer;
  readonly url: URL;
  readonly signal: AbortSignal;
}

/** Sends again at once if the server asks for another nonce (RFC 9449 section 8). */
async function sendProven(context: Context, pairs: Pairs, endpoint: Endpoint): Promise<Answer | Lost> {
  const { proofs, url } = context;
  const outcome = await sendOnce(context, pairs, endpoint);
  if ('lost' in outcome || !proofs?.note(url, outcome.headers)) return outcome;
  return /"use_dpop_nonce"/.test(outcome.text) && outcome.status === 400 ? sendOnce(context, pairs, endpoint) : outcome;
}

/** Every try has an assertion and a proof of its own, which servers accept once. */
async function sendOnce(context: Context, pairs: Pairs, endpoint: Endpoint): Promise<Answer | Lost> {
  const { server, url, clientId, credentials, proofs, signal, fetch } = context;
  const client = { client_id: clientId, use_mtls_endpoint_aliases: credentials.fetch !== undefined };
  const form = new URLSearchParams();
  for (const [name, value] of pairs) form.append(name, value);
  let sent: Init | undefined;
  const options: oauth.RevocationRequestOptions = {
    [oauth.allowInsecureRequests]: true,
    [oauth.customFetch]: (target: string, init: Init) => {
      sent = init;
      return fetch(target, init as RequestInit);
    },
    signal,
    headers: endpoint === 'token_endpoint' && proofs ? { dpop: await proofs.prove(url, 'POST') } : {},
  };
  const { authenticate } = credentials;
  const grantType = form.get('grant_type') ?? '';
  try {
    const response =
      endpoint === 'token_endpoint'
        ? await oauth.genericTokenEndpointRequest(server, client, authenticate, grantType, form, options)
        : await oauth.revocationRequest(server, client, authenticate, form.get('token') ?? '', options);
    const { status, headers } = response;
    const secrets = (): readonly string[] => (sent === undefined ? [] : secretsOf(sent));
    if (status !== 200 || endpoint === 'revocation_endpoint')
      return { status, headers, secrets, text: await response.text() };
    return { status, headers, secrets, text: '', issued: await readIssued(response, server, client) };
  } catch (error) {
    // Before it is sent, the error is of the credentials: a file that cannot be read, a key that cannot sign.
    if (signal.aborted || sent === undefined) throw error;
    return lostConnection(url.origin, error);
  }
}

/** The type is checked by the caller, who knows the grant. */
const RECOGNIZED = { n_a: () => undefined };

/** @throws the error of a connection that broke in the answer */
async function readIssued(
  response: Response,
  server: oauth.AuthorizationServer,
  client: oauth.Client,
): Promise<TokenAnswer | undefined> {
  try {
    return await oauth.processGenericTokenEndpointResponse(server, client, response, {
      recognizedTokenTypes: RECOGNIZED,
    });
  } catch (error) {
    const { code, cause } = error as { code?: unknown; cause?: unknown };
    if (code === oauth.PARSE_ERROR && !(cause instanceof SyntaxError)) throw cause;
    // The errors of the library contain the answer, and with it the token.
    return undefined;
  }
}

function sentIn(pairs: Pairs): Sent {
  const has = (...names: readonly string[]): boolean => pairs.some(([name]) => names.includes(name));
  return { target: has('audience', 'resource'), subject: has('subject_token', 'assertion'), actor: has('actor_token') };
}

const SECRET_PARAMETERS = ['subject_token', 'actor_token', 'assertion', 'token', 'client_secret', 'client_assertion'];

type Init = oauth.CustomFetchOptions<'POST', URLSearchParams>;

function secretsOf({ body, headers }: Init): readonly string[] {
  const { authorization = '', dpop } = headers;
  const basic = /^Basic (.+)$/.exec(authorization)?.[1];
  const password = basic === undefined ? undefined : decodeURIComponent(atob(basic).replace(/^[^:]*:/, ''));
  const found = [...SECRET_PARAMETERS.map((name) => body.get(name)), authorization, basic, password, dpop];
  return found.filter((text) => typeof text === 'string' && text !== '') as readonly string[];
}

/** @throws ExchangeError invalid_answer if the metadata lacks it, or it is not secure */
function endpointOf(server: oauth.AuthorizationServer, endpoint: Endpoint, { fetch }: Credentials): URL {
  const alias = fetch && server.mtls_endpoint_aliases?.[endpoint];
  try {
    return secureUrl(endpoint, alias ?? server[endpoint]);
  } catch (error) {
    throw new ExchangeError('invalid_answer', 'server', `in its metadata, ${(error as Error).message}`);
  }
}
