// Clients that authenticate without a secret: their entries, and the assertions that they sign.
import { randomUUID } from 'node:crypto';
import { parse } from 'yaml';
import { API, configuration } from './basics.ts';
import { added, type Configuration, changed } from './configuration.ts';
import type { Answer, Form, TestServer } from './harness.ts';
import { type Claims, type FakeKey, signJws } from './issuer.ts';

export const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
export const JWT_SPIFFE = 'urn:ietf:params:oauth:client-assertion-type:jwt-spiffe';

/** The base configuration with more clients, each as YAML members of its entry. Each may request tokens for the first API. */
export const withClients = (...members: readonly string[]): Configuration =>
  changed(configuration, {
    clients: added(
      ...members.map((more) => ({
        grants: ['client_credentials'],
        audiences: [API],
        scopes: ['read'],
        ...parse(`{ ${more} }`),
      })),
    ),
  });

/** The `jwks` of an entry as YAML. */
export const jwksOf = (...keys: readonly (FakeKey | Readonly<Record<string, unknown>>)[]): string =>
  `jwks: ${JSON.stringify({ keys: keys.map((key) => ('jwk' in key ? key.jwk : key)) })}`;

/** Claims of a valid assertion of `batch`. */
export const goodClaims = ({ issuer, clock }: Pick<TestServer, 'issuer' | 'clock'>): Claims => {
  const now = Math.floor(clock.now / 1000);
  return { iss: 'batch', sub: 'batch', aud: issuer, iat: now, exp: now + 60, jti: randomUUID() };
};

/** @param claims, header undefined omits a member */
export const assertion = (
  server: Pick<TestServer, 'issuer' | 'clock'>,
  key: FakeKey,
  claims: Claims = {},
  header: Claims = {},
): string =>
  signJws({ alg: key.alg, kid: key.kid, ...header }, JSON.stringify({ ...goodClaims(server), ...claims }), key);

export const asserting = (client_assertion: string, client_assertion_type = JWT_BEARER): Form => ({
  client_assertion_type,
  client_assertion,
});

/** Requests a token with only these credentials. */
export const ask = (server: TestServer, credentials: Form, headers: Record<string, string> = {}): Promise<Answer> =>
  server.token({ grant_type: 'client_credentials', ...credentials }, headers);
