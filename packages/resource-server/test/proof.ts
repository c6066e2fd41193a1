// A client with a DPoP key (RFC 9449): tokens bound to it, and proofs that differ from a valid one in the named parts.
import { createHash, randomUUID } from 'node:crypto';
import {
  calculateJwkThumbprint,
  exportJWK,
  type GenerateKeyPairResult,
  generateKeyPair,
  type JWK,
  SignJWT,
} from 'jose';
import type { ProtectedRequest } from '../src/index.ts';
import { asking } from './issuer.ts';

export interface ProofDifference {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  /** Milliseconds since 1970. */
  readonly now?: number;
}

export interface DpopClient {
  /** The confirmation claims of a token bound to this key. */
  readonly cnf: { readonly jkt: string };
  readonly publicJwk: JWK;
  readonly privateJwk: JWK;
  readonly prove: (token: string, difference?: ProofDifference) => Promise<string>;
  /** GET /orders with a valid proof, or with the given proofs. */
  readonly ask: (token: string, ...proofs: readonly string[]) => Promise<ProtectedRequest>;
}

export const URL_OF_ORDERS = 'https://api.example/orders';

/** @param pair an extractable one; by default, a new one */
export async function createClient(alg = 'ES256', pair?: GenerateKeyPairResult): Promise<DpopClient> {
  const { publicKey, privateKey } = pair ?? (await generateKeyPair(alg, { extractable: true }));
  const publicJwk = await exportJWK(publicKey);
  const prove: DpopClient['prove'] = (token, { claims = {}, header = {}, now = Date.now() } = {}) =>
    new SignJWT({
      htm: 'GET',
      htu: URL_OF_ORDERS,
      jti: randomUUID(),
      iat: Math.floor(now / 1000),
      ath: createHash('sha256').update(token).digest('base64url'),
      ...claims,
    })
      .setProtectedHeader({ typ: 'dpop+jwt', alg, jwk: publicJwk, ...header })
      .sign(privateKey);
  return {
    cnf: { jkt: await calculateJwkThumbprint(publicJwk) },
    publicJwk,
    privateJwk: await exportJWK(privateKey),
    prove,
    ask: async (token, ...proofs) => {
      const given = proofs.length === 0 ? [await prove(token)] : proofs;
      return asking(undefined, {
        headers: [['Authorization', `DPoP ${token}`], ...given.map((proof) => ['DPoP', proof] as const)],
      });
    },
  };
}
