// Signs people in at an upstream OpenID provider: the authorization code flow with PKCE, state, nonce and `iss` (RFC 9207).
// openid-client does the protocol; all its requests go through our outbound function.
import { createHmac } from 'node:crypto';
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
} from 'openid-client';
import { readCompact, verifyCompact } from '../keys/jws.ts';
import { urlProblem } from '../outbound/address.ts';
import { type Outbound, OutboundFailure } from '../outbound/outbound.ts';
import { type Clock, seconds } from '../primitives/clock.ts';
import { Refusal } from '../primitives/refusal.ts';
import { sha256 } from '../primitives/secret.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { type ClaimMappings, mapFacts } from '../trust/issuer.ts';
import { fetchedKeySource } from '../trust/key-cache.ts';
import { INTERACTION_SECONDS } from './lifetimes.ts';
import { PROVIDER_LEEWAY_SECONDS, readUpstreamClaims, type UpstreamClaims } from './upstream-claims.ts';
import type { UpstreamLimit } from './upstream-limit.ts';
import { isStateOf, newState, type StateOwner, unverifiedInteraction } from './upstream-state.ts';

export interface UpstreamEntry {
  readonly issuer: string;
  /** The prefix of its subjects in our tokens, also shown on the sign-in page. */
  readonly name: string;
  readonly network: 'public' | 'private';
  readonly clientId: string;
  readonly secret: string;
  readonly scope: string;
  /** Claims of the person in our tokens, mapped from the ID token. */
  readonly claims: ClaimMappings;
}

/** A person whom the provider has signed in. */
export interface UpstreamPerson {
  readonly sub: string;
  /** The name for our pages. */
  readonly username: string;
  readonly claims: JsonObject;
  readonly authentication: UpstreamClaims['authentication'];
}

/** Requirements of the client that the provider must fulfil. */
export interface UpstreamRequirements {
  readonly prompt?: 'login' | undefined;
  /** With `prompt`: when the interaction began, in seconds since 1970. An earlier sign-in does not count. */
  readonly since?: number | undefined;
  /** Maximum seconds since the sign-in at the provider, which must send `auth_time`. */
  readonly maxAge?: number | undefined;
  /** The same, but `auth_time` may be absent. */
  readonly sessionAge?: number | undefined;
  readonly loginHint?: string | undefined;
}

export interface Upstream {
  readonly name: string;
  /** @param owner the interaction to return to @returns the URL to redirect the browser to @throws Refusal upstream_failed */
  readonly begin: (owner: StateOwner, requirements: UpstreamRequirements) => Promise<string>;
  /** The interaction that an answer names. It is not verified yet. */
  readonly interactionOf: (answer: URLSearchParams) => string | undefined;
  /**
   * Sends nothing to the provider until the state is verified and used up. Handles one answer to an interaction at a time.
   * @throws Refusal interaction_unknown, upstream_rate, upstream_failed, upstream_denied
   */
  readonly complete: (
    returned: UpstreamReturn,
    answer: URLSearchParams,
    requirements: UpstreamRequirements,
  ) => Promise<UpstreamPerson>;
}

/** A browser that returns from the provider. */
export interface UpstreamReturn extends StateOwner {
  readonly address: string;
}

export interface UpstreamServices {
  readonly outbound: Outbound;
  /** Our redirect URI at the provider. */
  readonly redirectUri: string;
  /** The same on all nodes, so that any of them can complete a sign-in. */
  readonly secret: string;
  readonly clock: Clock;
  readonly limit: UpstreamLimit;
  /** @param expiresAt in seconds since 1970 @returns whether this is the first use, on any node */
  readonly useOnce: (id: string, expiresAt: number) => Promise<boolean>;
}

const METADATA_LIFETIME_MS = 3_600_000;

export function createUpstream(
  entry: UpstreamEntry,
  { outbound, redirectUri, secret, clock, limit, useOnce }: UpstreamServices,
): Upstream {
  const provider = openMetadata(entry, outbound, clock);
  // openid-client checks the claims. It would accept weak keys, so signatures are verified by the same code as those of issuers.
  const keys = fetchedKeySource(outbound, async () => keyPlaceOf(await provider()), clock);
  // Nothing is stored: nonce and verifier are derived from the state with the secret.
  const derive = (purpose: string, state: string): string =>
    createHmac('sha256', secret).update(`upstream ${purpose} ${state}`).digest('base64url');
  /** Interactions whose answer is being handled. */
  const inProgress = new Set<string>();

  const redeem = (state: string, answer: URLSearchParams, { maxAge, since }: UpstreamRequirements) =>
    orFailed(async () => {
      const tokens = await authorizationCodeGrant(await provider(), new URL(`${redirectUri}?${answer}`), {
        expectedState: state,
        expectedNonce: derive('nonce', state),
        pkceCodeVerifier: derive('verifier', state),
        idTokenExpected: true,
        ...(maxAge !== undefined && { maxAge }),
      });
      const idToken = readCompact(tokens.id_token ?? '');
      verifyCompact(idToken, await keys.find(idToken));
      // Read the claims from the verified text: openid-client would round numbers, and take the last of two members.
      const person = toPerson(entry, idToken.payload, seconds(clock));
      const { auth_time: authTime } = person.authentication;
      if (since !== undefined && authTime !== undefined && authTime < since - PROVIDER_LEEWAY_SECONDS)
        throw new Error('the person did not sign in anew, as prompt=login asks');
      return person;
    });

  return {
    name: entry.name,
    begin: (owner, { prompt, sessionAge, maxAge = sessionAge, loginHint }) =>
      orFailed(async () => {
        const state = newState(secret, owner);
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
    interactionOf: (answer) => unverifiedInteraction(answer.get('state')),
    complete: async (returned, answer, requirements) => {
      const { interaction, address } = returned;
      const state = answer.get('state') ?? '';
      if (!isStateOf(secret, returned, state) || inProgress.has(interaction)) throw new Refusal('interaction_unknown');
      inProgress.add(interaction);
      try {
        const giveBack = limit.begin(address);
        if (!(await useOnce(`upstream state ${sha256(state)}`, seconds(clock) + INTERACTION_SECONDS))) {
          giveBack();
          throw new Refusal('interaction_unknown', { detail: 'this answer was used before' });
        }
        const person = await redeem(state, answer, requirements).catch((refusal: Refusal) => {
          // The person refused, and no request was sent to the provider.
          if (refusal.reason === 'upstream_denied') giveBack();
          throw refusal;
        });
        giveBack();
        return person;
      } finally {
        inProgress.delete(interaction);
      }
    },
  };
}

/** Fetches the provider's metadata, and again when it is too old. */
function openMetadata(entry: UpstreamEntry, outbound: Outbound, clock: Clock): () => Promise<Configuration> {
  let known: { readonly until: number; readonly provider: Promise<Configuration> } | undefined;
  return () => {
    if (known === undefined || known.until <= clock()) {
      const found = discover(entry, outbound);
      known = { until: clock() + METADATA_LIFETIME_MS, provider: found };
      // Try again at the next request.
      found.catch(() => {
        known = undefined;
      });
    }
    return known.provider;
  };
}

async function discover({ issuer, clientId, secret, network }: UpstreamEntry, outbound: Outbound) {
  const through: CustomFetch = async (url, { method, headers, body }) =>
    Response.json(
      await outbound({ url, method: method === 'POST' ? 'POST' : 'GET', headers, body: String(body ?? '') }),
    );
  const metadata = { client_secret: secret, [clockTolerance]: PROVIDER_LEEWAY_SECONDS };
  const found = await discovery(new URL(issuer), clientId, metadata, authenticate, {
    [customFetch]: through,
    // The outbound function decides which http addresses are allowed.
    execute: [allowInsecureRequests],
  });
  const { issuer: stated, authorization_endpoint: page = '' } = found.serverMetadata();
  if (stated !== issuer) throw new Error('its metadata names another issuer');
  const problem = urlProblem(page, network);
  if (problem !== undefined) throw new Error(`its authorization_endpoint ${problem}`);
  return found;
}

/** @throws OutboundFailure */
function keyPlaceOf(provider: Configuration): string {
  const { jwks_uri: uri } = provider.serverMetadata();
  if (typeof uri !== 'string') throw new OutboundFailure('its metadata has no jwks_uri');
  return uri;
}

/** Prefers client_secret_post: with Basic, many providers forget that id and secret are form-encoded. */
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

/** Any failure becomes upstream_failed, or upstream_denied if the person refused at the provider. */
async function orFailed<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AuthorizationResponseError && error.error === 'access_denied') {
      throw new Refusal('upstream_denied', { cause: error });
    }
    throw new Refusal('upstream_failed', { detail: joinMessages(error), cause: error });
  }
}

/** Joins the messages of the error and its causes. They name addresses and members, and never show values of tokens or answers. */
function joinMessages(error: unknown): string {
  const code = error instanceof AuthorizationResponseError ? /^[a-z_]{1,40}$/.exec(error.error) : null;
  const messages: string[] = code === null ? [] : [code[0]];
  for (let one = error; one instanceof Error && messages.length < 4; one = one.cause) messages.push(one.message);
  return messages.join(': ').slice(0, 400);
}
