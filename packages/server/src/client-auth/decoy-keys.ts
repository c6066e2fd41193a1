// Makes decoy keys, with which the assertion of an unknown client is verified, so that the time does not show whether a client
// exists.
import { createPublicKey, randomBytes } from 'node:crypto';
import { type AlgorithmName, algorithms } from '../keys/algorithms.ts';
import type { Key } from '../keys/jws.ts';

export type DecoyKeys = (alg: string) => Key | undefined;

const RSA_BYTES = 256;

/** Makes each key when it is first needed, and keeps it. */
export function createDecoyKeys(): DecoyKeys {
  const keys = new Map<AlgorithmName, Key>();
  return (alg) => {
    if (!isAlgorithm(alg)) return undefined;
    const key = keys.get(alg) ?? { kid: 'decoy', alg, key: newDecoy(alg) };
    keys.set(alg, key);
    return key;
  };
}

const isAlgorithm = (alg: string): alg is AlgorithmName => Object.hasOwn(algorithms, alg);

/** Finding primes takes 100 ms, and a key that never signs needs none: verifying with any odd modulus takes the same time. */
function newDecoy(alg: AlgorithmName): Key['key'] {
  if (algorithms[alg].jwk.kty !== 'RSA') return createPublicKey(algorithms[alg].newKey());
  const modulus = randomBytes(RSA_BYTES);
  modulus[0] = (modulus[0] ?? 0) | 0x80;
  modulus[RSA_BYTES - 1] = (modulus[RSA_BYTES - 1] ?? 0) | 1;
  return createPublicKey({ key: { kty: 'RSA', n: modulus.toString('base64url'), e: 'AQAB' }, format: 'jwk' });
}
