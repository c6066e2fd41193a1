// What is known of each signature algorithm, in one table; nothing below it looks at a name again.
import { constants, generateKeyPairSync, type KeyObject, type SignKeyObjectInput } from 'node:crypto';

interface Algorithm {
  /** The digest for `crypto.sign`, null where the algorithm has its own. */
  readonly digest: string | null;
  readonly options: Omit<SignKeyObjectInput, 'key'>;
  readonly generate: () => KeyObject;
}

const ec = (namedCurve: string) => () => generateKeyPairSync('ec', { namedCurve }).privateKey;
const rsa = () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
/** RFC 7518 section 3.4: r and s side by side, not DER. */
const raw = { dsaEncoding: 'ieee-p1363' } as const;

/** RFC 7518 section 3.1, RFC 9864 (Ed25519), RFC 9964 (ML-DSA). */
export const algorithms = {
  ES256: { digest: 'sha256', options: raw, generate: ec('P-256') },
  ES384: { digest: 'sha384', options: raw, generate: ec('P-384') },
  RS256: { digest: 'sha256', options: {}, generate: rsa },
  PS256: {
    digest: 'sha256',
    options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
    generate: rsa,
  },
  Ed25519: { digest: null, options: {}, generate: () => generateKeyPairSync('ed25519').privateKey },
  'ML-DSA-44': { digest: null, options: {}, generate: () => generateKeyPairSync('ml-dsa-44').privateKey },
  'ML-DSA-65': { digest: null, options: {}, generate: () => generateKeyPairSync('ml-dsa-65').privateKey },
  'ML-DSA-87': { digest: null, options: {}, generate: () => generateKeyPairSync('ml-dsa-87').privateKey },
} as const satisfies Record<string, Algorithm>;

export type AlgorithmName = keyof typeof algorithms;
export const algorithmNames = Object.keys(algorithms) as [AlgorithmName, ...AlgorithmName[]];
