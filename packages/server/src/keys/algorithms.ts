// What is known of each signature algorithm, in one table; nothing below it looks at a name again.
import { constants, generateKeyPairSync, type KeyObject, type SignKeyObjectInput } from 'node:crypto';

interface Algorithm {
  /** The kind of key that it takes: `kty`, and `crv` or `alg` where the kind has several (RFC 7518 section 6). */
  readonly kty: 'EC' | 'RSA' | 'OKP' | 'AKP';
  readonly crv?: string;
  /** The digest for `crypto.sign`, null where the algorithm has its own. */
  readonly digest: string | null;
  readonly options: Omit<SignKeyObjectInput, 'key'>;
}

/** RFC 7518 section 3.4: r and s side by side, not DER. */
const raw = { dsaEncoding: 'ieee-p1363' } as const;
const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST } as const;

const ec = (crv: string, digest: string) => ({ kty: 'EC', crv, digest, options: raw }) as const;
const rsa = (digest: string, options: Algorithm['options'] = {}) => ({ kty: 'RSA', digest, options }) as const;
const own = (kty: 'OKP' | 'AKP', crv?: string) => ({ kty, crv, digest: null, options: {} }) as const;

/** What we verify. RFC 7518 section 3.1, RFC 9864 (Ed25519), RFC 9964 (ML-DSA). `EdDSA` is the old name of Ed25519. */
export const algorithms = {
  ES256: ec('P-256', 'sha256'),
  ES384: ec('P-384', 'sha384'),
  ES512: ec('P-521', 'sha512'),
  RS256: rsa('sha256'),
  RS384: rsa('sha384'),
  RS512: rsa('sha512'),
  PS256: rsa('sha256', pss),
  PS384: rsa('sha384', pss),
  PS512: rsa('sha512', pss),
  Ed25519: own('OKP', 'Ed25519'),
  EdDSA: own('OKP', 'Ed25519'),
  'ML-DSA-44': own('AKP', 'ML-DSA-44'),
  'ML-DSA-65': own('AKP', 'ML-DSA-65'),
  'ML-DSA-87': own('AKP', 'ML-DSA-87'),
} as const satisfies Record<string, Algorithm>;

export type AlgorithmName = keyof typeof algorithms;
export const algorithmNames = Object.keys(algorithms) as [AlgorithmName, ...AlgorithmName[]];

const newEc = (namedCurve: string) => (): KeyObject => generateKeyPairSync('ec', { namedCurve }).privateKey;
const newRsa = (): KeyObject => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

/** What we sign with, and how a key for it is made. */
export const keyMakers = {
  ES256: newEc('P-256'),
  ES384: newEc('P-384'),
  RS256: newRsa,
  PS256: newRsa,
  Ed25519: () => generateKeyPairSync('ed25519').privateKey,
  'ML-DSA-44': () => generateKeyPairSync('ml-dsa-44').privateKey,
  'ML-DSA-65': () => generateKeyPairSync('ml-dsa-65').privateKey,
  'ML-DSA-87': () => generateKeyPairSync('ml-dsa-87').privateKey,
} as const satisfies Partial<Record<AlgorithmName, () => KeyObject>>;

export type SigningAlgorithm = keyof typeof keyMakers;
export const signingAlgorithms = Object.keys(keyMakers) as [SigningAlgorithm, ...SigningAlgorithm[]];
