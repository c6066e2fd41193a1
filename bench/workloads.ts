// The workloads: each row is a kind of request to a contender.
import type { Issuers } from './issuers.ts';
import {
  ADMIN_SCOPE,
  CLIENT,
  clientCredentials,
  type EndpointName,
  exchange,
  type Form,
  OPERATOR,
  urn,
} from './request.ts';

export type Workload = Asked & (Posted | Got);

interface Asked {
  readonly name: string;
  /** Its description in the results. */
  readonly title: string;
  readonly endpoint: EndpointName;
  /** The status that every answer must have. */
  readonly expect: 200 | 400;
  /** Its rounds have a quarter of the usual requests, because each is a commit. */
  readonly slow?: true;
}

interface Posted {
  readonly get?: undefined;
  /** Makes the requests of one round. */
  readonly forms: (count: number, from: Sources) => readonly Form[] | Promise<readonly Form[]>;
}

interface Got {
  /** The headers of every request. */
  readonly get: (from: Sources) => Promise<Readonly<Record<string, string>>>;
}

export interface Sources {
  readonly issuers: Issuers;
  /** Different subject tokens of people, with the claims that the contender needs. */
  readonly people: (count: number) => readonly string[];
  /** The token endpoint of the contender, for SAML recipients and audiences. */
  readonly tokenEndpoint: string;
  /** Sends forms to the contender before the round. @returns a member of each answer */
  readonly obtain: (forms: readonly Form[], member: string) => Promise<readonly string[]>;
}

export const cold = {
  name: 'cold',
  title: 'ES256 subject tokens of an issuer, every one new',
  endpoint: 'token',
  expect: 200,
  forms: (count, { people }) => people(count).map((token) => exchange(token)),
} as const satisfies Workload;

/** Replaces the signature by another of the same length. */
const spoil = (token: string): string => {
  const signature = token.lastIndexOf('.') + 1;
  return `${token.slice(0, signature)}${token[signature] === 'A' ? 'B' : 'A'}${token.slice(signature + 1)}`;
};

export const workloads = [
  {
    name: 'hot',
    title: 'one ES256 subject token, exchanged again and again',
    endpoint: 'token',
    expect: 200,
    forms: (count, { people }) => people(1).flatMap((token) => Array(count).fill(exchange(token))),
  },
  cold,
  {
    name: 'own',
    title: 'access tokens that the server issued itself, every one new',
    endpoint: 'token',
    expect: 200,
    forms: async (count, { obtain }) => {
      const tokens = await obtain(Array(count).fill(clientCredentials), 'access_token');
      return tokens.map((token) => exchange(token, 'access_token'));
    },
  },
  {
    name: 'delegation',
    title: 'an ES256 subject token and an ES256 actor token, every one new',
    endpoint: 'token',
    expect: 200,
    forms: (count, { issuers, people }) => {
      const actors = issuers.agents.tokens(count);
      return people(count).map((token, index) => ({
        ...exchange(token),
        actor_token: actors[index] ?? '',
        actor_token_type: urn('jwt'),
      }));
    },
  },
  {
    name: 'external',
    title: 'RS256 subject tokens of an issuer, every one new',
    endpoint: 'token',
    expect: 200,
    forms: (count, { issuers }) => issuers.elsewhere.tokens(count).map((token) => exchange(token)),
  },
  {
    name: 'saml2',
    title: 'SAML 2.0 assertions with an RSA signature, every one new',
    endpoint: 'token',
    expect: 200,
    forms: (count, { issuers, tokenEndpoint }) =>
      issuers.saml.tokens(count, tokenEndpoint).map((token) => exchange(token, 'saml2')),
  },
  {
    name: 'credentials',
    title: 'the client credentials grant: no token comes in',
    endpoint: 'token',
    expect: 200,
    forms: (count) => Array(count).fill(clientCredentials),
  },
  {
    name: 'introspection',
    title: 'introspection of JWT access tokens, every one new: no token goes out',
    endpoint: 'introspection',
    expect: 200,
    forms: async (count, { obtain }) => {
      const tokens = await obtain(Array(count).fill(clientCredentials), 'access_token');
      return tokens.map((token) => ({ ...CLIENT, token }));
    },
  },
  {
    name: 'refresh',
    title: 'the refresh token grant: each token used once, rotation written in a transaction of its own',
    endpoint: 'token',
    expect: 200,
    slow: true,
    forms: async (count, { people, obtain }) => {
      const forms = people(count).map((token) => ({
        ...exchange(token),
        requested_token_type: urn('refresh_token'),
      }));
      // RFC 8693 section 2.2.1: the issued token is always in `access_token`.
      const tokens = await obtain(forms, 'access_token');
      return tokens.map((token) => ({ grant_type: 'refresh_token', ...CLIENT, refresh_token: token }));
    },
  },
  {
    name: 'refused',
    title: 'the same with a bad signature',
    endpoint: 'token',
    expect: 400,
    forms: (count, { people }) => people(count).map((token) => exchange(spoil(token))),
  },
  {
    name: 'metadata',
    title: 'GET of the server metadata',
    endpoint: 'metadata',
    expect: 200,
    get: async () => ({}),
  },
  {
    name: 'page',
    title: 'GET of a page: where a person types the code of a device',
    endpoint: 'page',
    expect: 200,
    get: async () => ({}),
  },
  {
    name: 'admin',
    title: 'the admin API: GET of the clients',
    endpoint: 'admin',
    expect: 200,
    get: async ({ tokenEndpoint, obtain }) => {
      const audience = `${new URL(tokenEndpoint).origin}/admin`;
      const form = { grant_type: 'client_credentials', ...OPERATOR, audience, scope: ADMIN_SCOPE };
      const [token] = await obtain([form], 'access_token');
      return { Authorization: `Bearer ${token}` };
    },
  },
] as const satisfies readonly Workload[];
