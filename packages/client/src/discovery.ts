// Finds the endpoints of an authorization server (RFC 8414, else OpenID Connect Discovery).
import * as oauth from 'oauth4webapi';
import { textOfBody } from './body.ts';
import { type Deadline, within } from './deadline.ts';
import { ExchangeError, type Refused } from './errors.ts';
import { membersOf } from './json.ts';
import { type Lost, lostConnection, repeatedly } from './repeat.ts';
import { scrub } from './scrub.ts';

/** The members of the metadata that are used. */
export interface ServerMetadata {
  readonly token_endpoint: string;
  readonly revocation_endpoint?: string;
}

type Fetch = typeof globalThis.fetch;

/** @throws ExchangeError invalid_answer, network, timeout */
export type Finder = () => Promise<oauth.AuthorizationServer>;

export interface Place {
  readonly issuer: string;
  readonly fetch: Fetch;
  readonly timeoutMs: number;
}

/** Asks once. A failure is not kept. The caller who is first must not end it for others, so the time limit is its own. */
export function createFinder({ issuer, fetch, timeoutMs }: Place): Finder {
  let found: Promise<oauth.AuthorizationServer> | undefined;
  return () => {
    if (found !== undefined) return found;
    const begun = within(timeoutMs, new AbortController(), (deadline) => discover(issuer, fetch, deadline));
    found = begun;
    begun.catch(() => {
      if (found === begun) found = undefined;
    });
    return begun;
  };
}

async function discover(issuer: string, fetch: Fetch, deadline: Deadline): Promise<oauth.AuthorizationServer> {
  let status = 0;
  for (const algorithm of ['oauth2', 'oidc'] as const) {
    const once = () => ask(new URL(issuer), algorithm, fetch, deadline.signal);
    const outcome = await repeatedly({ repeatable: true }, deadline, once);
    if ('lost' in outcome) throw outcome.lost;
    ({ status } = outcome);
    if (status === 200) return readMetadata(issuer, outcome);
    if (status === 429 || status >= 500) break;
  }
  throw new ExchangeError('invalid_answer', 'server', `for the metadata, ${issuer} answered ${status}`, {
    status,
    retryable: status === 429 || status >= 500,
    action: 'Check issuer, or set metadata.',
  });
}

async function ask(url: URL, algorithm: 'oauth2' | 'oidc', fetch: Fetch, signal: AbortSignal): Promise<Refused | Lost> {
  const options = {
    algorithm,
    signal,
    [oauth.allowInsecureRequests]: true,
    [oauth.customFetch]: (target: string, init: object) => fetch(target, init),
  };
  try {
    const response = await oauth.discoveryRequest(url, options);
    return { status: response.status, headers: response.headers, text: await textOfBody(response) };
  } catch (error) {
    if (signal.aborted || error instanceof ExchangeError) throw error;
    return lostConnection(url.origin, error);
  }
}

async function readMetadata(issuer: string, { text, headers }: Refused): Promise<oauth.AuthorizationServer> {
  try {
    const server = await oauth.processDiscoveryResponse(new URL(issuer), new Response(text, { headers }));
    // The library compares URLs. RFC 8414 section 3.3 compares texts.
    if (server.issuer === issuer) return server;
  } catch {}
  const { issuer: named } = membersOf(text);
  const isOther = typeof named === 'string' && named !== issuer;
  const fault = isOther ? `names the issuer ${JSON.stringify(scrub(named, []))}` : 'is not valid';
  throw new ExchangeError('invalid_answer', 'server', `the metadata of ${issuer} ${fault}`, {
    action: isOther ? 'If that is the server, set issuer to that text.' : 'Check issuer, or set metadata.',
  });
}
