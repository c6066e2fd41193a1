// Who is this, says another OpenID provider? The authorization code flow with PKCE, state, nonce and `iss` (RFC 9207), by
// openid-client, whose every request goes through our one outbound function.
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
import { INTERACTION } from './lifetimes.ts';
import { PROVIDER_LEEWAY_S, readUpstreamClaims, type UpstreamClaims } from './upstream-claims.ts';
import type { UpstreamLimit } from './upstream-limit.ts';
import { type Departure, isStateOf, namedIn, newState } from './upstream-state.ts';

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
  /** Where to send the browser. @param departure what the way back leads to @throws Refusal upstream_failed */
  readonly begin: (departure: Departure, wishes: UpstreamWishes) => Promise<string>;
  /** Which interaction an answer claims to belong to: its browser proves it. */
  readonly interactionOf: (answer: URLSearchParams) => string | undefined;
  /**
   * Nothing is asked of the provider before the state is proven and used up, and for one answer to an interaction at a time.
   * @throws Refusal interaction_unknown, upstream_rate, upstream_failed, upstream_denied
   */
  readonly complete: (arrival: Arrival, answer: URLSearchParams, wishes: UpstreamWishes) => Promise<UpstreamPerson>;
}

/** Somebody comes back. */
export interface Arrival extends Departure {
  readonly address: string;
}

export interface UpstreamServices {
  readonly outbound: Outbound;
  /** Where the provider sends people back. */
  readonly redirectUri: string;
  /** Known to all nodes: any of them completes. */
  readonly secret: string;
  readonly clock: Clock;
  readonly limit: UpstreamLimit;
  /** @param expiresAt in seconds since 1970 @returns whether this was the first time, on any node */
  readonly useOnce: (id: string, expiresAt: number) => Promise<boolean>;
}

/** Milliseconds for which the provider's metadata is good. */
const METADATA_KEPT = 3_600_000;

export function createUpstream(
  entry: UpstreamEntry,
  { outbound, redirectUri, secret, clock, limit, useOnce }: UpstreamServices,
): Upstream {
  const provider = openMetadata(entry, outbound, clock);
  // openid-client checks claims. It would believe keys by which anybody can sign, so that signatures are checked as those of issuers are.
  const keys = fetchedKeySource(outbound, async () => keyPlaceOf(await provider()), clock);
  // Nothing is stored meanwhile: nonce and verifier follow from the state, for those alone who know the secret.
  const derive = (purpose: string, state: string): string =>
    createHmac('sha256', secret).update(`upstream ${purpose} ${state}`).digest('base64url');
  /** Interactions whose answer is being looked at. */
  const underWay = new Set<string>();

  const redeem = (state: string, answer: URLSearchParams, { maxAge, since }: UpstreamWishes): Promise<UpstreamPerson> =>
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
      // Of the same text: openid-client would round a number, and take the last of two members.
      const person = toPerson(entry, idToken.payload, seconds(clock));
      const { auth_time: authTime } = person.authentication;
      if (since !== undefined && authTime !== undefined && authTime < since - PROVIDER_LEEWAY_S)
        throw new Error('the person did not sign in anew, as prompt=login asks');
      return person;
    });

  return {
    name: entry.name,
    begin: (departure, { prompt, sessionAge, maxAge = sessionAge, loginHint }) =>
      orFailed(async () => {
        const state = newState(secret, departure);
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
    interactionOf: (answer) => namedIn(answer.get('state')),
    complete: async (arrival, answer, wishes) => {
      const { interaction, address } = arrival;
      const state = answer.get('state') ?? '';
      if (!isStateOf(secret, arrival, state) || underWay.has(interaction)) throw new Refusal('interaction_unknown');
      underWay.add(interaction);
      try {
        const forgive = limit.begin(address);
        if (!(await useOnce(`upstream state ${sha256(state)}`, seconds(clock) + INTERACTION))) {
          forgive();
          throw new Refusal('interaction_unknown', { detail: 'this answer was looked at before' });
        }
        const person = await redeem(state, answer, wishes).catch((refusal: Refusal) => {
          // The person said no, and nothing was asked of the provider.
          if (refusal.reason === 'upstream_denied') forgive();
          throw refusal;
        });
        forgive();
        return person;
      } finally {
        underWay.delete(interaction);
      }
    },
  };
}

/** The provider's metadata, read again once they are old. */
function openMetadata(entry: UpstreamEntry, outbound: Outbound, clock: Clock): () => Promise<Configuration> {
  let known: { readonly until: number; readonly provider: Promise<Configuration> } | undefined;
  return () => {
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
}

async function discover({ issuer, clientId, secret, network }: UpstreamEntry, outbound: Outbound) {
  const through: CustomFetch = async (url, { method, headers, body }) =>
    Response.json(
      await outbound({ url, method: method === 'POST' ? 'POST' : 'GET', headers, body: String(body ?? '') }),
    );
  const metadata = { client_secret: secret, [clockTolerance]: PROVIDER_LEEWAY_S };
  const found = await discovery(new URL(issuer), clientId, metadata, authenticate, {
    [customFetch]: through,
    // Which http is good is the outbound function's to say.
    execute: [allowInsecureRequests],
  });
  const { issuer: stated, authorization_endpoint: page = '' } = found.serverMetadata();
  if (stated !== issuer) throw new Error('its metadata speaks of another issuer');
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
