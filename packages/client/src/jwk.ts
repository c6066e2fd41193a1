// Imports a private key in JWK form for signing.

/** `CryptoKey`, whose type Node and browsers declare in different ways. */
export type Key = InstanceType<typeof CryptoKey>;

/** A private JWK with its algorithm. */
export interface PrivateJwk {
  readonly kty?: string;
  readonly alg?: string;
  readonly kid?: string;
  readonly [member: string]: unknown;
}

const HASHES: Readonly<Record<string, string>> = { 256: 'SHA-256', 384: 'SHA-384', 512: 'SHA-512' };
const CURVES: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };

export function importJwk(jwk: PrivateJwk): Promise<Key> {
  const { key_ops: _operations, use: _use, ...bare } = jwk;
  return crypto.subtle.importKey('jwk', bare as never, algorithmOf(jwk.alg) as never, false, ['sign']);
}

/** The parameters of Web Crypto. @throws TypeError for an algorithm that does not sign assertions */
export function algorithmOf(alg: string | undefined): object {
  if (alg !== undefined && Object.hasOwn(CURVES, alg)) return { name: 'ECDSA', namedCurve: CURVES[alg] };
  const [, kind, bits = ''] = /^(RS|PS)(256|384|512)$/.exec(alg ?? '') ?? [];
  if (kind !== undefined) return { name: kind === 'RS' ? 'RSASSA-PKCS1-v1_5' : 'RSA-PSS', hash: HASHES[bits] };
  if (alg === 'Ed25519' || alg === 'EdDSA') return { name: 'Ed25519' };
  if (alg?.startsWith('ML-DSA-')) return { name: alg };
  throw new TypeError(`the alg of the key is ${JSON.stringify(alg)}: it must be an asymmetric one, such as ES256`);
}
