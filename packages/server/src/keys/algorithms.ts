// What is known of each signature algorithm, in one table: a row is all that an algorithm needs, to be verified, to sign,
// to be configured and published. Nothing below it looks at a name again.
import { constants, generateKeyPairSync, type KeyObject, type SignKeyObjectInput } from 'node:crypto';

interface Algorithm {
  /** What a JWK for it says of its kind, and of which one where the kind has several (RFC 7518 section 6, RFC 9964 section 3). */
  readonly jwk: Readonly<Record<'kty', 'EC' | 'RSA' | 'OKP' | 'AKP'> & Partial<Record<'crv' | 'alg', string>>>;
  /** The digest for `crypto.sign`, null where the algorithm has its own. */
  readonly digest: string | null;
  readonly options: Omit<SignKeyObjectInput, 'key'>;
  readonly newKey: () => KeyObject;
}

/** RFC 7518 section 3.4: r and s side by side, not DER. */
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

/** What we sign with, and verify. RFC 7518 section 3.1, RFC 9864 (Ed25519), RFC 9964 (ML-DSA). */
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

/** What others may sign with. `EdDSA` is the old name of Ed25519, which RFC 9864 retired. */
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
