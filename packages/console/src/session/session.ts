// Signs the person in at this server and holds their tokens, in memory only. The key of the tokens cannot be exported.
import * as oauth from 'oauth4webapi';
import { consoleUrl, issuer } from '../location.ts';

/** The client that the server has while its configuration has the section `console`. */
const client: oauth.Client = { client_id: 'cambio-console' };
const server: oauth.AuthorizationServer = {
  issuer,
  authorization_endpoint: `${issuer}/oauth/authorize`,
  token_endpoint: `${issuer}/oauth/token`,
  revocation_endpoint: `${issuer}/oauth/revoke`,
  authorization_response_iss_parameter_supported: true,
};
/** The issuer may be http on loopback. */
const OPTIONS = { [oauth.allowInsecureRequests]: true } as const;
const CALLBACK = consoleUrl('callback');
/** The name in sessionStorage of what a sign-in in progress remembers. It holds no token. */
const PENDING = 'cambio.sign-in';
/** An access token is renewed when it expires in less than this. */
const RENEW_AHEAD_MS = 30_000;

interface Tokens {
  readonly access: string;
  readonly refresh: string | undefined;
  readonly expiresAt: number;
  readonly scope: ReadonlySet<string>;
}

interface Pending {
  readonly state: string;
  readonly verifier: string;
  /** The page to show afterwards, below the path of the console, with its query. */
  readonly goal: string;
}

/** Why the person is not signed in. */
export class SignInFailure extends Error {
  readonly kind: 'refused' | 'not an operator' | 'mixed up' | 'failed';
  readonly requestId: string | undefined;

  constructor(kind: SignInFailure['kind'], message: string, requestId?: string) {
    super(message);
    this.kind = kind;
    this.requestId = requestId;
  }
}

let key: Promise<oauth.DPoPHandle> | undefined;
let tokens: Tokens | undefined;
let renewal: Promise<Tokens | undefined> | undefined;

/** The key lives as long as the page. */
const keyOfPage = (): Promise<oauth.DPoPHandle> => {
  key ??= oauth.generateKeyPair('ES256', { extractable: false }).then((pair) => oauth.DPoP(client, pair));
  return key;
};

export const isSignedIn = (): boolean => tokens !== undefined;

/** May the person change things? The server decides it again at each request. */
export const mayWrite = (): boolean => tokens?.scope.has('admin:write') ?? false;

/** Leaves the page for the sign-in page of the server. The promise does not resolve. */
export async function beginSignIn(goal: string): Promise<never> {
  const pending: Pending = {
    state: oauth.generateRandomState(),
    verifier: oauth.generateRandomCodeVerifier(),
    goal,
  };
  sessionStorage.setItem(PENDING, JSON.stringify(pending));
  const url = new URL(`${issuer}/oauth/authorize`);
  url.search = new URLSearchParams({
    client_id: client.client_id,
    response_type: 'code',
    redirect_uri: CALLBACK,
    resource: `${issuer}/admin`,
    state: pending.state,
    code_challenge: await oauth.calculatePKCECodeChallenge(pending.verifier),
    code_challenge_method: 'S256',
  }).toString();
  location.replace(url);
  return new Promise(() => undefined);
}

/** The sign-in that this tab began. It is used once. */
function takePending(): Pending | undefined {
  const text = sessionStorage.getItem(PENDING);
  sessionStorage.removeItem(PENDING);
  return text === null ? undefined : (JSON.parse(text) as Pending);
}

/**
 * Redeems the code of the redirect. @returns the page to show @throws SignInFailure, also if this tab did not begin the sign-in, or
 * the answer names another issuer (RFC 9207)
 */
export async function completeSignIn(answer: URL): Promise<string> {
  const pending = takePending();
  if (pending === undefined) throw new SignInFailure('mixed up', 'This tab did not begin this sign-in.');
  const parameters = validated(answer, pending.state);
  const options = { ...OPTIONS, DPoP: await keyOfPage() };
  const send = () =>
    oauth.authorizationCodeGrantRequest(server, client, oauth.None(), parameters, CALLBACK, pending.verifier, options);
  tokens = await redeem(send, oauth.processAuthorizationCodeResponse);
  return pending.goal;
}

function validated(answer: URL, state: string): URLSearchParams {
  try {
    return oauth.validateAuthResponse(server, client, answer, state);
  } catch (error) {
    if (error instanceof oauth.AuthorizationResponseError)
      throw new SignInFailure('refused', error.error_description ?? error.error);
    throw new SignInFailure('mixed up', 'The answer does not belong to the sign-in that this tab began.');
  }
}

type Process = (
  as: oauth.AuthorizationServer,
  client: oauth.Client,
  response: Response,
) => Promise<oauth.TokenEndpointResponse>;

/** Sends the request again if the server wants a nonce in the proof (RFC 9449 section 8). */
async function redeem(send: () => Promise<Response>, process: Process): Promise<Tokens> {
  try {
    return await attempt(send, process).catch((error) => {
      if (oauth.isDPoPNonceError(error)) return attempt(send, process);
      throw error;
    });
  } catch (error) {
    if (!(error instanceof oauth.ResponseBodyError))
      throw new SignInFailure('failed', 'The server did not answer the sign-in. Try again.');
    const id = error.response.headers.get('x-request-id') ?? undefined;
    const kind = error.error === 'access_denied' ? 'not an operator' : 'refused';
    throw new SignInFailure(kind, error.error_description ?? error.error, id);
  }
}

async function attempt(send: () => Promise<Response>, process: Process): Promise<Tokens> {
  const { access_token, refresh_token, expires_in = 60, scope = '' } = await process(server, client, await send());
  return {
    access: access_token,
    refresh: refresh_token,
    expiresAt: Date.now() + expires_in * 1000,
    scope: new Set(scope.split(' ')),
  };
}

/** One renewal at a time: a refresh token is used once. @returns undefined if the person must sign in again */
function renew(): Promise<Tokens | undefined> {
  renewal ??= renewOnce().finally(() => {
    renewal = undefined;
  });
  return renewal;
}

async function renewOnce(): Promise<Tokens | undefined> {
  const refresh = tokens?.refresh;
  if (refresh === undefined) return undefined;
  const options = { ...OPTIONS, DPoP: await keyOfPage() };
  const send = () => oauth.refreshTokenGrantRequest(server, client, oauth.None(), refresh, options);
  try {
    tokens = await redeem(send, oauth.processRefreshTokenResponse);
  } catch (error) {
    // The server may come back. A refusal is final.
    if ((error as SignInFailure).kind === 'failed') throw error;
    tokens = undefined;
  }
  return tokens;
}

/** The page that is shown, below the path of the console, with its query. */
const here = (): string => location.href.slice(consoleUrl('').length).replace(/^\//, '');

/**
 * Sends a request with the person's token. After a 401 it renews the token and sends the request once more. If that fails, too,
 * the person signs in again and comes back to this page; mostly their session is still open, and they see nothing of it.
 */
export async function fetchAsPerson(request: Request): Promise<Response> {
  const body = request.body === null ? undefined : await request.text();
  const held = tokens !== undefined && tokens.expiresAt - RENEW_AHEAD_MS > Date.now() ? tokens : await renew();
  if (held === undefined) return beginSignIn(here());
  const first = await send(request, body, held);
  if (first.status !== 401) return first;
  const renewed = await renew();
  const second = renewed === undefined ? undefined : await send(request, body, renewed);
  return second === undefined || second.status === 401 ? beginSignIn(here()) : second;
}

async function send(request: Request, body: string | undefined, { access }: Tokens): Promise<Response> {
  const DPoP = await keyOfPage();
  const once = async (): Promise<Response> => {
    try {
      const headers = new Headers(request.headers);
      const options = { ...OPTIONS, DPoP, signal: request.signal };
      return await oauth.protectedResourceRequest(access, request.method, new URL(request.url), headers, body, options);
    } catch (error) {
      // The library throws refusals that have a challenge.
      if (error instanceof oauth.WWWAuthenticateChallengeError && !oauth.isDPoPNonceError(error)) return error.response;
      throw error;
    }
  };
  return once().catch((error) => {
    if (oauth.isDPoPNonceError(error)) return once();
    throw error;
  });
}

/** Revokes the tokens, and leaves for the page of the server on which the session ends. */
export async function signOut(): Promise<void> {
  const last = tokens;
  tokens = undefined;
  const text = last?.refresh ?? last?.access;
  if (text !== undefined)
    await oauth.revocationRequest(server, client, oauth.None(), text, OPTIONS).catch(() => undefined);
  const url = new URL(`${issuer}/oauth/logout`);
  url.search = new URLSearchParams({
    client_id: client.client_id,
    post_logout_redirect_uri: consoleUrl('signed-out'),
  }).toString();
  location.replace(url);
}
