// A holder of a DPoP key that makes proofs (RFC 9449 section 4), also invalid ones that no library makes.
import { createPublicKey, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { thumbprint } from '../../src/keys/thumbprint.ts';
import { base64url, type TestServer } from './harness.ts';

export interface Prover {
  readonly jkt: string;
  readonly jwk: Record<string, unknown>;
  readonly key: KeyObject;
  /** A valid proof for a token request with some claims and header members changed; `undefined` omits one. */
  readonly prove: (
    server: Pick<TestServer, 'issuer' | 'clock'>,
    claims?: Record<string, unknown>,
    header?: Record<string, unknown>,
  ) => string;
}

/** Uses a new ES256 key unless another is given. */
export function newProver(alg = 'ES256', key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey): Prover {
  const jwk = { ...createPublicKey(key).export({ format: 'jwk' }) };
  return {
    jkt: thumbprint(jwk),
    jwk,
    key,
    prove: ({ issuer, clock }, claims = {}, header = {}) => {
      const said = {
        jti: randomUUID(),
        htm: 'POST',
        htu: `${issuer}/oauth/token`,
        iat: Math.floor(clock.now / 1000),
        ...claims,
      };
      const input = `${base64url(JSON.stringify({ typ: 'dpop+jwt', alg, jwk, ...header }))}.${base64url(JSON.stringify(said))}`;
      const digest = key.asymmetricKeyType === 'ec' ? 'sha256' : null;
      return `${input}.${base64url(sign(digest, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }))}`;
    },
  };
}
