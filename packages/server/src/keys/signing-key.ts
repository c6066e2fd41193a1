// One signing key and its life: published before it signs, and after it signed until the last token of it has expired.
import { createPrivateKey, createPublicKey, type JsonWebKey } from 'node:crypto';
import type { SigningKeyRow } from '../store/schema.ts';
import { algorithms, type SigningAlgorithm } from './algorithms.ts';
import type { Key } from './jws.ts';
import type { Sealer } from './sealing.ts';
import { thumbprint } from './thumbprint.ts';

export interface SigningKey extends Key {
  readonly alg: SigningAlgorithm;
  readonly publicKey: Key;
  readonly published: PublishedKey;
  /** Milliseconds since 1970: from when on it signs. */
  readonly activatesAt: number;
  readonly createdAt: number;
}

/** RFC 7517 section 4: a public key as we publish it. */
export type PublishedKey = JsonWebKey & { readonly kid: string; readonly alg: SigningAlgorithm; readonly use: 'sig' };

const purpose = (kid: string): string => `signing key ${kid}`;

export function makeSigningKey(
  alg: SigningAlgorithm,
  sealer: Sealer,
  times: { created_at: number; activates_at: number },
): SigningKeyRow {
  const key = algorithms[alg].newKey();
  const kid = thumbprint({ ...createPublicKey(key).export({ format: 'jwk' }) });
  // A command line would take it for an option.
  if (kid.startsWith('-')) return makeSigningKey(alg, sealer, times);
  const pem = key.export({ type: 'pkcs8', format: 'pem' }) as string;
  return { kid, alg, private_key: sealer.seal(pem, purpose(kid)), ...times };
}

export function openSigningKey(row: SigningKeyRow, sealer: Sealer): SigningKey {
  const { kid } = row;
  const alg = row.alg as SigningAlgorithm;
  const key = createPrivateKey(sealer.open(row.private_key, purpose(kid)));
  const publicKey = createPublicKey(key);
  return {
    kid,
    alg,
    key,
    publicKey: { kid, alg, key: publicKey },
    published: { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' },
    activatesAt: Number(row.activates_at),
    createdAt: Number(row.created_at),
  };
}

/** @returns the row with its key sealed by the current sealing key; undefined where it is already */
export function resealed(row: SigningKeyRow, sealer: Sealer): SigningKeyRow | undefined {
  if (sealer.isCurrent(row.private_key)) return undefined;
  const text = sealer.open(row.private_key, purpose(row.kid));
  return { ...row, private_key: sealer.seal(text, purpose(row.kid)) };
}
