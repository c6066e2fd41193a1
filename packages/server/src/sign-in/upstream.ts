// Who is this, says another OpenID provider? The authorization code flow with PKCE, state, nonce and `iss` (RFC 9207), by
// openid-client, whose every request goes through our one outbound function.
import { createHmac, randomBytes } from 'node:crypto';
import {
  AuthorizationResponseError,
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  type Configuration,
  type CustomFetch,
  calculatePKCECodeChallenge,
  clockTolerance,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
} from 'openid-client';
import { readCompact } from '../keys/jws.ts';
import { urlProblem } from '../outbound/address.ts';
import type { Outbound } from '../outbound/outbound.ts';
import { type Clock, seconds } from '../primitives/clock.ts';
import { Refusal } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { type ClaimMappings, mapFacts } from '../trust/issuer.ts';
import { PROVIDER_LEEWAY_S, readUpstreamClaims, type UpstreamClaims } from './upstream-claims.ts';

export interface UpstreamEntry {
  readonly issuer: string;
  /** Stands before its subjects in our tokens, and on the sign-in page. */
  readonly name: string;
  readonly network: 'public' | 'private';
  readonly clientId: string;
  readonly secret: string;
  readonly scope: string;
  /** Claims of the person here, read from the ID token. */
  readonly claims: ClaimMappings;
}

/** Somebody whom the provider has signed in. */
export interface UpstreamPerson {
  readonly sub: string;
  /** What they know themselves as, for the pages. */
  readonly username: string;
  readonly claims: JsonObject;
  readonly authentication: UpstreamClaims['authentication'];
}

/** What a client asked for of the sign-in, which the provider has to do for us. */
export interface UpstreamWishes {
  readonly prompt?: 'login' | undefined;
  /** With `prompt`: when the person was asked, in seconds since 1970. An earlier sign-in is not the one that was asked for. */
  readonly since?: number | undefined;
  /** Seconds since they signed in there, at most: the provider must say when that was. */
  readonly maxAge?: number | undefined;
  /** The same, where a provider that does not say it will do. */
  readonly sessionAge?: number | undefined;
  readonly loginHint?: string | undefined;
}

export interface Upstream {
  readonly name: string;
  /** Where to send the browser. @param interaction what the way back leads to @throws Refusal upstream_failed */
  readonly begin: (interaction: string, wishes: UpstreamWishes) => Promise<string>;
  /** Which interaction an answer claims to belong to: its browser proves it. */
  readonly interactionOf: (answer: URLSearchParams) => string | undefined;
  /** @throws Refusal upstream_failed, upstream_denied */
  readonly complete: (interaction: string, answer: URLSearchParams, wishes: UpstreamWishes) => Promise<UpstreamPerson>;
}

/** Milliseconds for which the provider's metadata is good. */
const METADATA_KEPT = 3_600_000;
const STATE = /^([\w-]{16,128})\.[\w-]{22}$/;

/** @param redirectUri where the provider sends people back @param secret known to all nodes: any of them completes */
export function createUpstream(
  entry: UpstreamEntry,
  { outbound, redirectUri, secret, clock }: { outbound: Outbound; redirectUri: string; secret: string; clock: Clock },
): Upstream {
  let known: { readonly until: number; readonly provider: Promise<Configuration> } | undefined;
  const provider = (): Promise<Configuration> => {
    if (known === undefined || known.until <= clock()) {
      const found = discover(entry, outbound);
      known = { until: clock() + METADATA_KEPT, provider: found };
      // What failed is asked again.
      found.catch(() => {
        known = undefined;
      });
    }
    return known.provider;
  };
  // Nothing is stored meanwhile: nonce and verifier follow from the state, for those alone who know the secret.
  const derive = (purpose: string, state: string): string =>
    createHmac('sha256', secret).update(`upstream ${purpose} ${state}`).digest('base64url');

  return {
    name: entry.name,
    begin: (interaction, { prompt, sessionAge, maxAge = sessionAge, loginHint }) =>
      orFailed(async () => {
        const state = `${interaction}.${randomBytes(16).toString('base64url')}`;
        const url = buildAuthorizationUrl(await provider(), {
          redirect_uri: redirectUri,
          scope: entry.scope,
          state,
          nonce: derive('nonce', state),
          code_challenge: await calculatePKCECodeChallenge(derive('verifier', state)),
          code_challenge_method: 'S256',
          ...(prompt !== undefined && { prompt }),
          ...(maxAge !== undefined && { max_age: String(maxAge) }),
          ...(loginHint !== undefined && { login_hint: loginHint }),
        });
        return url.href;
      }),
    interactionOf: (answer) => STATE.exec(answer.get('state') ?? '')?.[1],
    complete: (interaction, answer, { maxAge, since }) =>
      orFailed(async () => {
        const state = answer.get('state') ?? '';
        if (STATE.exec(state)?.[1] !== interaction) throw new Error('the answer is to another sign-in');
        const tokens = await authorizationCodeGrant(await provider(), new URL(`${redirectUri}?${answer}`), {
          expectedState: state,
          expectedNonce: derive('nonce', state),
          pkceCodeVerifier: derive('verifier', state),
          idTokenExpected: true,
          ...(maxAge !== undefined && { maxAge }),
        });
        // The same text, whose signature was verified: openid-client would round a number, and take the last of two members.
        const person = toPerson(entry, readCompact(tokens.id_token ?? '').payload, seconds(clock));
        const { auth_time: authTime } = person.authentication;
        if (since !== undefined && authTime !== undefined && authTime < since - PROVIDER_LEEWAY_S)
          throw new Error('the person did not sign in anew, as prompt=login asks');
        return person;
      }),
  };
}

async function discover({ issuer, clientId, secret, network }: UpstreamEntry, outbound: Outbound) {
  const through: CustomFetch = async (url, { method, headers, body }) =>
    Response.json(
      await outbound({ url, method: method === 'POST' ? 'POST' : 'GET', headers, body: String(body ?? '') }),
    );
  const metadata = { client_secret: secret, [clockTolerance]: PROVIDER_LEEWAY_S };
  const found = await discovery(new URL(issuer), clientId, metadata, authenticate, {
    [customFetch]: through,
    // Which http is good is the outbound function's to say; keys are fetched, and the ID token's signature verified.
    execute: [allowInsecureRequests, enableNonRepudiationChecks],
  });
  const { issuer: stated, authorization_endpoint: page = '' } = found.serverMetadata();
  if (stated !== issuer) throw new Error('its metadata speaks of another issuer');
  const problem = urlProblem(page, network);
  if (problem !== undefined) throw new Error(`its authorization_endpoint ${problem}`);
  return found;
}

/** In the form where the provider takes it: in Basic, half of them forget that id and secret are encoded. */
const authenticate: ClientAuth = (server, client, body, headers) => {
  const inForm = server.token_endpoint_auth_methods_supported?.includes('client_secret_post') ?? false;
  const method = inForm ? ClientSecretPost() : ClientSecretBasic();
  return method(server, client, body, headers);
};

function toPerson({ name, claims: mappings }: UpstreamEntry, claims: JsonObject, now: number): UpstreamPerson {
  const { sub: subject, username, authentication } = readUpstreamClaims(claims, now);
  const sub = `${name}:${subject}`;
  return {
    sub,
    username: username ?? sub,
    claims: mapFacts({ subject: undefined, claims: mappings }, { claims }).extraClaims,
    authentication,
  };
}

/** Whatever goes wrong between us and the provider is nobody's fault who can see our page. */
async function orFailed<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AuthorizationResponseError && error.error === 'access_denied') {
      throw new Refusal('upstream_denied', { cause: error });
    }
    throw new Refusal('upstream_failed', { detail: tell(error), cause: error });
  }
}

/** The chain of messages, which name addresses and members; never what a token or an answer says. */
function tell(error: unknown): string {
  const code = error instanceof AuthorizationResponseError ? /^[a-z_]{1,40}$/.exec(error.error) : null;
  const messages: string[] = code === null ? [] : [code[0]];
  for (let one = error; one instanceof Error && messages.length < 4; one = one.cause) messages.push(one.message);
  return messages.join(': ').slice(0, 400);
}
