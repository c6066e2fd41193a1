// Finds the endpoints of an authorization server (RFC 8414, else OpenID Connect Discovery).
import * as oauth from 'oauth4webapi';
import type { Deadline } from './deadline.ts';
import { ExchangeError, type Refused } from './errors.ts';
import { type Lost, lostConnection, repeatedly } from './repeat.ts';

/** The members of the metadata that are used. */
export interface ServerMetadata {
  readonly token_endpoint: string;
  readonly revocation_endpoint?: string;
}

type Fetch = typeof globalThis.fetch;

/** @throws ExchangeError invalid_answer, network */
export async function discover(issuer: string, fetch: Fetch, deadline: Deadline): Promise<oauth.AuthorizationServer> {
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
    return { status: response.status, headers: response.headers, text: await response.text() };
  } catch (error) {
    if (signal.aborted) throw error;
    return lostConnection(url.origin, error);
  }
}

async function readMetadata(issuer: string, { text, headers }: Refused): Promise<oauth.AuthorizationServer> {
  try {
    const server = await oauth.processDiscoveryResponse(new URL(issuer), new Response(text, { headers }));
    // The library compares URLs. RFC 8414 section 3.3 compares texts.
    if (server.issuer === issuer) return server;
  } catch {}
  throw new ExchangeError(
    'invalid_answer',
    'server',
    `the metadata of ${issuer} is not valid, or names another issuer`,
    {
      action: 'Set issuer to the text that the metadata has.',
    },
  );
}
