// The examples that RFCs publish, verbatim. vectors.test.ts tries each; docs/evidence/vectors.md is generated from them.
import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AlgorithmName } from '../../src/keys/algorithms.ts';
import type { TokenFault } from '../../src/primitives/refusal.ts';

interface Example {
  /** For example `RFC 7515 A.1`. */
  readonly section: string;
  readonly what: string;
}

/** A text that is presented as subject token, and the reason that it is refused for. */
interface Refused extends Example {
  readonly refused: TokenFault;
}

export interface Signature extends Refused {
  readonly alg: AlgorithmName | 'HS256';
  /** The name of one of the keys. */
  readonly key: string;
  /** The signed parts, joined by a dot. */
  readonly header: string;
  readonly payload: string;
  readonly signature: string;
  /** The serialization; absent: compact. */
  readonly as?: 'general' | 'flattened' | 'detached';
  readonly unprotected?: object;
}

interface Published {
  readonly keys: Readonly<Record<string, JsonWebKey>>;
  readonly signatures: readonly Signature[];
  readonly thumbprints: readonly (Example & { readonly key: string; readonly thumbprint: string })[];
  readonly proofs: readonly (Example & {
    readonly method: string;
    readonly url: string;
    /** Seconds since 1970. */
    readonly now: number;
    readonly jkt: string;
    readonly accessToken?: string;
    readonly proof: string;
  })[];
  /** DER in base64. */
  readonly certificates: readonly (Example & { readonly certificate: string; readonly thumbprint: string })[];
  readonly challenges: readonly (Example & { readonly verifier: string; readonly challenge: string })[];
  readonly others: readonly (Refused & { readonly text: string })[];
}

export const published = JSON.parse(readFileSync(join(import.meta.dirname, 'published.json'), 'utf8')) as Published;

/** The text as it is sent. */
export function textOf({ header, payload, signature, as, unprotected }: Signature): string {
  if (as === undefined) return `${header}.${payload}.${signature}`;
  if (as === 'detached') return `${header}..${signature}`;
  const signed = { protected: header || undefined, header: unprotected, signature };
  return JSON.stringify(as === 'general' ? { payload, signatures: [signed] } : { payload, ...signed });
}

/** PKCS #8 of a seed (RFC 9881 section 6). The last byte of the object identifier depends on the algorithm. */
const ML_DSA: Readonly<Record<string, string>> = { 'ML-DSA-44': '11', 'ML-DSA-65': '12', 'ML-DSA-87': '13' };

/** @param jwk with its private half */
export function privateKeyOf({ kty, alg = '', ...jwk }: JsonWebKey): KeyObject {
  if (kty !== 'AKP') return createPrivateKey({ key: { kty, ...jwk }, format: 'jwk' });
  const seed = Buffer.from(String(jwk.priv), 'base64url').toString('hex');
  const der = `3034020100300b06096086480165030403${ML_DSA[String(alg)]}04228020${seed}`;
  return createPrivateKey({ key: Buffer.from(der, 'hex'), format: 'der', type: 'pkcs8' });
}

/** The public key, as an issuer would publish it. Computed if the RFC has only the seed. */
export function publicJwkOf({ d: _, priv, ...jwk }: JsonWebKey): JsonWebKey {
  if (priv === undefined) return jwk;
  return { ...createPublicKey(privateKeyOf({ ...jwk, priv })).export({ format: 'jwk' }), ...jwk };
}
