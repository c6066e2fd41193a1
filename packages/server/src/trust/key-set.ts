// What keys does a JWK Set hold (RFC 7517)? Read strictly; private and symmetric keys spoil the whole set, for whoever
// publishes one has lost control of it, and keys that we cannot use are passed over.
import { createPublicKey, type JsonWebKey, type X509Certificate } from 'node:crypto';
import { type AlgorithmName, algorithmNames, algorithms } from '../keys/algorithms.ts';
import type { CompactJws, Key } from '../keys/jws.ts';
import { decodeBase64url } from '../primitives/base64url.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { isStrong } from './key-strength.ts';

export interface PublicKeySet {
  readonly size: number;
  /** The ids of its keys. */
  readonly ids: readonly string[];
  /**
   * The key that must have signed. An id that names two keys, and no id where several would do, are ambiguous.
   * @returns undefined where the set holds no such key. @throws TokenRefusal algorithm, unknown_key
   */
  readonly find: (jws: Pick<CompactJws, 'alg' | 'kid'>) => Key | undefined;
  /**
   * Is it the certificate of one of the keys: the one in `x5c`, or where there is none, any of that key (RFC 8705 section 2.2)? One in
   * `x5c` has the key that it stands beside (RFC 7517 section 4.7), which was found strong.
   */
  readonly certifies: (certificate: X509Certificate) => boolean;
}

const MAX_KEYS = 100;
const MAX_ID = 1024;
/** Of whatever kind: what the key is made of (RFC 7518 section 6, RFC 8037 section 2, RFC 9964 section 3). */
const MATERIAL = ['n', 'e', 'x', 'y', 'pub'];
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'priv', 'k'];

/** @returns the set, or why it cannot be believed */
export function readKeySet(json: JsonObject): PublicKeySet | string {
  const { keys } = json;
  if (!Array.isArray(keys) || keys.length > MAX_KEYS) return `keys is no list of at most ${MAX_KEYS}`;
  const usable: UsableKey[] = [];
  for (const jwk of keys) {
    if (typeof jwk !== 'object' || jwk === null) return 'a key is no object';
    if (PRIVATE.some((member) => member in jwk)) return 'it holds a private or symmetric key';
    if (jwk.kid !== undefined && (typeof jwk.kid !== 'string' || jwk.kid.length > MAX_ID))
      return 'a kid is no short text';
    const key = readKey(jwk);
    if (key !== undefined) usable.push(key);
  }
  return {
    size: usable.length,
    ids: usable.flatMap(({ kid }) => kid ?? []),
    find: (jws) => find(usable, jws),
    certifies: ({ raw, publicKey }) =>
      usable.some((one) => one.key.equals(publicKey) && (one.certificate === undefined || one.certificate.equals(raw))),
  };
}

interface UsableKey {
  readonly kid: string | undefined;
  readonly algorithms: ReadonlySet<string>;
  readonly key: Key['key'];
  /** DER: the first of `x5c`. Never trusted: it says which certificate is meant, not that it is good. */
  readonly certificate: Buffer | undefined;
}

function readKey(jwk: Record<string, unknown>): UsableKey | undefined {
  const { alg, use, key_ops: operations, kid, x5c } = jwk;
  if (use !== undefined && use !== 'sig' && use !== 'jwt-svid') return undefined;
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) return undefined;
  if (MATERIAL.some((member) => member in jwk && !isCanonical(jwk[member]))) return undefined;
  const fitting = algorithmNames.filter(
    (name) =>
      (alg ?? name) === name && Object.entries(algorithms[name].jwk).every(([member, value]) => jwk[member] === value),
  );
  if (fitting.length === 0) return undefined;
  try {
    const key = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
    if (!isStrong(key)) return undefined;
    const certificate = x5c === undefined ? undefined : Buffer.from(String([x5c].flat()[0]), 'base64');
    return { kid: kid as string | undefined, algorithms: new Set(fitting), key, certificate };
  } catch {
    return undefined;
  }
}

/** RFC 7515 section 2: bytes have one text. */
const isCanonical = (value: unknown): boolean => typeof value === 'string' && decodeBase64url(value) !== undefined;

function find(keys: readonly UsableKey[], { alg, kid }: Pick<CompactJws, 'alg' | 'kid'>): Key | undefined {
  const named = kid === undefined ? keys : keys.filter((key) => key.kid === kid);
  const [fitting, another] = named.filter((key) => key.algorithms.has(alg));
  if (fitting === undefined) {
    if (kid !== undefined && named.length > 0) throw new TokenRefusal('algorithm', `its key is not for ${alg}`);
    return undefined;
  }
  if (another !== undefined || (kid !== undefined && named.length > 1)) {
    throw new TokenRefusal('unknown_key', 'several keys answer to it');
  }
  return { kid: kid ?? '', alg: alg as AlgorithmName, key: fitting.key };
}
