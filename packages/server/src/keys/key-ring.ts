// Which keys sign our tokens, and which are published?
import { createPrivateKey, createPublicKey, hash, type JsonWebKey, type KeyObject } from 'node:crypto';
import type { Clock } from '../primitives/clock.ts';
import { insertSigningKey, listSigningKeys } from '../store/signing-keys.ts';
import type { Store } from '../store/store.ts';
import { keyMakers, type SigningAlgorithm } from './algorithms.ts';
import type { Key } from './jws.ts';

type SigningKey = Key & { readonly alg: SigningAlgorithm };

/** RFC 7517 section 4: a public key as we publish it. */
export type PublishedKey = JsonWebKey & { readonly kid: string; readonly alg: SigningAlgorithm; readonly use: 'sig' };

export interface KeyRing {
  /** The private key that signs with this algorithm now. */
  readonly signing: (alg: SigningAlgorithm) => Key;
  /** The public key of this id, or undefined. */
  readonly verifying: (kid: string) => Key | undefined;
  readonly published: readonly PublishedKey[];
}

/** Loads the keys, and makes one for each algorithm that has none yet. */
export async function openKeyRing(store: Store, wanted: Iterable<SigningAlgorithm>, clock: Clock): Promise<KeyRing> {
  const signing = new Map<SigningAlgorithm, SigningKey>();
  for (const row of await listSigningKeys(store)) {
    const alg = row.alg as SigningAlgorithm;
    signing.set(alg, { kid: row.kid, alg, key: createPrivateKey(row.private_key) });
  }
  for (const alg of new Set(wanted)) {
    if (!signing.has(alg)) signing.set(alg, await makeKey(store, alg, clock()));
  }
  const published = [...signing.values()].map(publish);
  const verifying = new Map([...signing.values()].map((key) => [key.kid, { ...key, key: createPublicKey(key.key) }]));
  return {
    signing: (alg) => {
      const key = signing.get(alg);
      if (key === undefined) throw new Error(`no signing key for ${alg}`);
      return key;
    },
    verifying: (kid) => verifying.get(kid),
    published,
  };
}

async function makeKey(store: Store, alg: SigningAlgorithm, now: number): Promise<SigningKey> {
  const key = keyMakers[alg]();
  const kid = thumbprint(createPublicKey(key));
  await insertSigningKey(store, {
    kid,
    alg,
    private_key: key.export({ type: 'pkcs8', format: 'pem' }) as string,
    created_at: now,
  });
  return { kid, alg, key };
}

const publish = ({ kid, alg, key }: SigningKey): PublishedKey => ({
  ...createPublicKey(key).export({ format: 'jwk' }),
  kid,
  alg,
  use: 'sig',
});

/** RFC 7638: SHA-256 over the members that make the key, in the order of their names (for AKP, RFC 9964, `alg` too). */
function thumbprint(publicKey: KeyObject): string {
  const jwk = publicKey.export({ format: 'jwk' }) as Record<string, unknown>;
  const members = {
    AKP: ['alg', 'kty', 'pub'],
    EC: ['crv', 'kty', 'x', 'y'],
    OKP: ['crv', 'kty', 'x'],
    RSA: ['e', 'kty', 'n'],
  };
  const names = members[jwk.kty as keyof typeof members];
  return hash('sha256', JSON.stringify(Object.fromEntries(names.map((name) => [name, jwk[name]]))), 'base64url');
}
