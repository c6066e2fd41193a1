// A signing key: created and sealed, opened, published. It is published before it signs, and until its last token has expired.
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
  /** When it begins to sign, in milliseconds since 1970. */
  readonly activatesAt: number;
  readonly createdAt: number;
}

/** A public key as published (RFC 7517 section 4). */
export type PublishedKey = JsonWebKey & { readonly kid: string; readonly alg: SigningAlgorithm; readonly use: 'sig' };

const purpose = (kid: string): string => `signing key ${kid}`;

export function createSigningKey(
  alg: SigningAlgorithm,
  sealer: Sealer,
  times: { created_at: number; activates_at: number },
): SigningKeyRow {
  const key = algorithms[alg].newKey();
  const kid = thumbprint({ ...createPublicKey(key).export({ format: 'jwk' }) });
  // On a command line, an id that begins with `-` would be read as an option.
  if (kid.startsWith('-')) return createSigningKey(alg, sealer, times);
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

/** @returns the row, sealed again with the current sealing key; undefined if it is already */
export function resealed(row: SigningKeyRow, sealer: Sealer): SigningKeyRow | undefined {
  if (sealer.isCurrent(row.private_key)) return undefined;
  const text = sealer.open(row.private_key, purpose(row.kid));
  return { ...row, private_key: sealer.seal(text, purpose(row.kid)) };
}
