// An issuer for tests: its keys, and tokens that differ from a valid one in the named parts.
import { exportJWK, generateKeyPair, type JSONWebKeySet, SignJWT } from 'jose';
import type { ProtectedRequest } from '../src/index.ts';

export const ISSUER = 'https://login.example';
export const AUDIENCE = 'https://api.example';

/** A request with this Authorization header. */
export const asking = (authorization: string | undefined, more: Partial<ProtectedRequest> = {}): ProtectedRequest => ({
  method: 'GET',
  path: '/orders',
  headers: authorization === undefined ? [] : [['authorization', authorization]],
  ...more,
});

export const bearing = (token: string): ProtectedRequest => asking(`Bearer ${token}`);

export interface Difference {
  /** Claims that replace those of a valid token; undefined omits one. */
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  /** Name of the algorithm and of the key that signs. Default ES256. */
  readonly alg?: string;
  /** Milliseconds since 1970, instead of the time of day. */
  readonly now?: number;
}

export interface TestIssuer {
  readonly jwks: JSONWebKeySet;
  readonly sign: (difference?: Difference) => Promise<string>;
}

/** @param algorithms one published key for each */
export async function createIssuer(algorithms: readonly string[] = ['ES256']): Promise<TestIssuer> {
  const pairs = new Map(
    await Promise.all(algorithms.map(async (alg) => [alg, await generateKeyPair(alg, { extractable: true })] as const)),
  );
  const keys = await Promise.all(
    [...pairs].map(async ([alg, { publicKey }]) => ({
      ...(await exportJWK(publicKey)),
      kid: `key-${alg}`,
      alg,
      use: 'sig',
    })),
  );
  return {
    jwks: { keys },
    sign: ({ claims = {}, header = {}, alg = 'ES256', now: at = Date.now() } = {}) => {
      const now = Math.floor(at / 1000);
      const good = { iss: ISSUER, aud: AUDIENCE, sub: 'ada', client_id: 'gateway', jti: 'one', scope: 'read write' };
      const pair = pairs.get(alg);
      if (pair === undefined) throw new Error(`no key for ${alg}`);
      return new SignJWT({ ...good, iat: now, exp: now + 60, ...claims })
        .setProtectedHeader({ alg, typ: 'at+jwt', kid: `key-${alg}`, ...header })
        .sign(pair.privateKey);
    },
  };
}
