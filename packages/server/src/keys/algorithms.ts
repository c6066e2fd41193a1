// The table of signature algorithms. A row holds all that is needed to verify, sign, configure and publish; no other code
// depends on the name of an algorithm.
import { constants, generateKeyPairSync, type KeyObject, type SignKeyObjectInput } from 'node:crypto';

interface Algorithm {
  /** Members that a JWK for it must have (RFC 7518 section 6, RFC 9964 section 3). */
  readonly jwk: Readonly<Record<'kty', 'EC' | 'RSA' | 'OKP' | 'AKP'> & Partial<Record<'crv' | 'alg', string>>>;
  /** The digest for `crypto.sign`; null if the algorithm includes it. */
  readonly digest: string | null;
  readonly options: Omit<SignKeyObjectInput, 'key'>;
  readonly newKey: () => KeyObject;
}

/** RFC 7518 section 3.4: r and s concatenated, not DER. */
const raw = { dsaEncoding: 'ieee-p1363' } as const;
const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST } as const;

const ec = (crv: string, digest: string): Algorithm => ({
  jwk: { kty: 'EC', crv },
  digest,
  options: raw,
  newKey: () => generateKeyPairSync('ec', { namedCurve: crv }).privateKey,
});
const rsa = (digest: string, options: Algorithm['options'] = {}): Algorithm => ({
  jwk: { kty: 'RSA' },
  digest,
  options,
  newKey: () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
});
const ed25519: Algorithm = {
  jwk: { kty: 'OKP', crv: 'Ed25519' },
  digest: null,
  options: {},
  newKey: () => generateKeyPairSync('ed25519').privateKey,
};
const mlDsa = (set: '44' | '65' | '87'): Algorithm => ({
  jwk: { kty: 'AKP', alg: `ML-DSA-${set}` },
  digest: null,
  options: {},
  newKey: () => generateKeyPairSync(`ml-dsa-${set}`).privateKey,
});

/** Algorithms that this server signs with. RFC 7518 section 3.1, RFC 9864 (Ed25519), RFC 9964 (ML-DSA). */
const ours = {
  ES256: ec('P-256', 'sha256'),
  ES384: ec('P-384', 'sha384'),
  RS256: rsa('sha256'),
  PS256: rsa('sha256', pss),
  Ed25519: ed25519,
  'ML-DSA-44': mlDsa('44'),
  'ML-DSA-65': mlDsa('65'),
  'ML-DSA-87': mlDsa('87'),
};

/** Algorithms that only others sign with. `EdDSA` is the old name of Ed25519, deprecated by RFC 9864. */
const others = {
  ES512: ec('P-521', 'sha512'),
  RS384: rsa('sha384'),
  RS512: rsa('sha512'),
  PS384: rsa('sha384', pss),
  PS512: rsa('sha512', pss),
  EdDSA: ed25519,
};

export const algorithms: Readonly<Record<AlgorithmName, Algorithm>> = { ...ours, ...others };

export type SigningAlgorithm = keyof typeof ours;
export type AlgorithmName = SigningAlgorithm | keyof typeof others;

export const algorithmNames = Object.keys(algorithms) as [AlgorithmName, ...AlgorithmName[]];
export const signingAlgorithms = Object.keys(ours) as [SigningAlgorithm, ...SigningAlgorithm[]];
