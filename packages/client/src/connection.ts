// Sends forms to one authorization server: finds its endpoints, authenticates the client, and proves its key.
import type * as oauth from 'oauth4webapi';
import { textOfBody } from './body.ts';
import { secureUrl } from './check.ts';
import type { Credentials } from './credentials.ts';
import { within } from './deadline.ts';
import type { Finder } from './discovery.ts';
import { ExchangeError, errorOf, type Refused, type Sent } from './errors.ts';
import { membersOf } from './json.ts';
import type { Proof, Proofs } from './proofs.ts';
import { type Lost, lostConnection, type Repetition, repeatedly } from './repeat.ts';

export type Fetch = typeof globalThis.fetch;
export type Pairs = readonly (readonly [name: string, value: string])[];

export interface Setup {
  readonly clientId: string;
  readonly credentials: Credentials;
  readonly proofs: Proofs | undefined;
  readonly timeoutMs: number;
  readonly fetch: Fetch;
  readonly find: Finder;
}

type Endpoint = 'token_endpoint' | 'revocation_endpoint';

export interface Sending extends Repetition {
  readonly endpoint: Endpoint;
  /** Ends the request. The time limit aborts it too. */
  readonly controller: AbortController;
}

/** An answer that arrived whole. */
export interface Answer extends Refused {
  /** The texts of the request that neither an error nor an event may repeat. */
  readonly secrets: () => readonly string[];
}

export interface Connection {
  /** @returns an answer with status 200 @throws ExchangeError */
  readonly send: (pairs: Pairs, sending: Sending) => Promise<Answer>;
}

export function connect(setup: Setup): Connection {
  const { find, timeoutMs, credentials } = setup;
  const urls = new Map<Endpoint, URL>();
  return {
    send: (pairs, sending) =>
      within(timeoutMs, sending.controller, async (deadline) => {
        const server = await find();
        const url = urls.get(sending.endpoint) ?? endpointOf(server, sending.endpoint, credentials);
        urls.set(sending.endpoint, url);
        const context = { ...setup, server, url, signal: deadline.signal };
        const proofs = sending.endpoint === 'token_endpoint' ? setup.proofs : undefined;
        const once = () => (proofs === undefined ? sendOnce(context, pairs) : sendProven(context, pairs, proofs));
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
async function sendProven(context: Context, pairs: Pairs, proofs: Proofs): Promise<Answer | Lost> {
  const { url } = context;
  for (let isLast = false; ; isLast = true) {
    const proof = await proofs.prove(url, 'POST');
    const outcome = await sendOnce(context, pairs, proof);
    if ('lost' in outcome) return outcome;
    const isNewNonce = proofs.note(url, outcome.headers, proof);
    if (isLast || !isNewNonce || outcome.status !== 400 || membersOf(outcome.text).error !== 'use_dpop_nonce')
      return outcome;
  }
}

/** Every try has an assertion and a proof of its own, which servers accept once. */
async function sendOnce(context: Context, pairs: Pairs, proof?: Proof): Promise<Answer | Lost> {
  const { server, url, clientId, credentials, signal, fetch } = context;
  const body = new URLSearchParams();
  for (const [name, value] of pairs) body.append(name, value);
  const headers = new Headers({ accept: 'application/json' });
  if (proof !== undefined) headers.set('dpop', proof.text);
  // An error is one of the credentials: a file that cannot be read, a key that cannot sign.
  await credentials.authenticate(server, { client_id: clientId }, body, headers);
  try {
    // A redirect would send the credentials to another place.
    const response = await fetch(url.href, { method: 'POST', body, headers, redirect: 'manual', signal });
    const text = await textOfBody(response);
    return { status: response.status, headers: response.headers, text, secrets: () => secretsOf(body, headers) };
  } catch (error) {
    if (signal.aborted || error instanceof ExchangeError) throw error;
    return lostConnection(url.origin, error);
  }
}

function sentIn(pairs: Pairs): Sent {
  const has = (...names: readonly string[]): boolean => pairs.some(([name]) => names.includes(name));
  return {
    target: has('audience', 'resource'),
    subject: has('subject_token'),
    assertion: has('assertion'),
    actor: has('actor_token'),
  };
}

const SECRET_PARAMETERS = ['subject_token', 'actor_token', 'assertion', 'token', 'client_secret', 'client_assertion'];

function secretsOf(body: URLSearchParams, headers: Headers): readonly string[] {
  const authorization = headers.get('authorization') ?? '';
  const basic = /^Basic (.+)$/.exec(authorization)?.[1];
  const password =
    basic === undefined ? undefined : new URLSearchParams(`x=${atob(basic).replace(/^[^:]*:/, '')}`).get('x');
  const found = [
    ...SECRET_PARAMETERS.map((name) => body.get(name)),
    authorization,
    basic,
    password,
    headers.get('dpop'),
  ];
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
