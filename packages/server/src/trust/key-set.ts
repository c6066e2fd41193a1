// Parses a JWK Set (RFC 7517) strictly. A private or symmetric key invalidates the whole set, since its publisher has lost
// control of it. Keys that we cannot use are ignored, and do not affect the others.
import { createPublicKey, type JsonWebKey, type X509Certificate } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type AlgorithmName, algorithmNames, algorithms } from '../keys/algorithms.ts';
import type { CompactJws, Key } from '../keys/jws.ts';
import { decodeBase64url } from '../primitives/base64url.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { isStrong } from './key-strength.ts';

export interface PublicKeySet {
  readonly size: number;
  /** The ids of its usable keys. */
  readonly ids: readonly string[];
  /** The algorithms that its keys can verify. */
  readonly algorithms: ReadonlySet<string>;
  readonly ignored: readonly IgnoredKey[];
  /**
   * Finds the key that must have signed: the one that fits id and algorithm. Several different ones are ambiguous.
   * @returns undefined if the set has no such key. @throws TokenRefusal unknown_key
   */
  readonly find: (jws: Pick<CompactJws, 'alg' | 'kid'>) => Key | undefined;
  /**
   * Is it the certificate of one of the keys? A key with `x5c` has that certificate only, a key without `x5c` any certificate of
   * the same key (RFC 8705 section 2.2). The strength of the key was checked, and a certificate in `x5c` has the same key (RFC 7517
   * section 4.7).
   */
  readonly certifies: (certificate: X509Certificate) => boolean;
}

/** A key of the set that we cannot use. */
export interface IgnoredKey {
  readonly kid: string | undefined;
  /** Completes "ignored, because ...". */
  readonly why: string;
  /** Could its issuer sign with it? */
  readonly signs: boolean;
}

const MAX_KEYS = 100;
const MAX_ID_CHARACTERS = 1024;
/** The members that hold key material, in keys of any type (RFC 7518 section 6, RFC 8037 section 2, RFC 9964 section 3). */
const MATERIAL = ['n', 'e', 'x', 'y', 'pub'];
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'priv', 'k'];

/** @returns the set, or the reason why it is invalid */
export function readKeySet(json: JsonObject): PublicKeySet | string {
  const { keys } = json;
  if (!Array.isArray(keys) || keys.length > MAX_KEYS) return `keys is not a list of at most ${MAX_KEYS} keys`;
  const usable: UsableKey[] = [];
  const ignored: IgnoredKey[] = [];
  for (const jwk of keys) {
    if (typeof jwk !== 'object' || jwk === null) return 'a key is not an object';
    if (PRIVATE.some((member) => member in jwk)) return 'it holds a private or symmetric key';
    if (typeof jwk.kid === 'string' && jwk.kid.length > MAX_ID_CHARACTERS)
      return `a kid has more than ${MAX_ID_CHARACTERS} characters`;
    const key = readKey(jwk);
    if ('why' in key) ignored.push(key);
    else if (!usable.some((one) => isTwin(one, key))) usable.push(key);
  }
  if (usable.length === 0 && ignored.some(({ why }) => why === WITHOUT_ID)) return WITHOUT_ID;
  return {
    size: usable.length,
    ids: [...new Set(usable.flatMap(({ kid }) => kid ?? []))],
    algorithms: new Set(usable.flatMap((key) => [...key.algorithms])),
    ignored,
    find: (jws) => find(usable, jws),
    certifies: ({ raw, publicKey }) =>
      usable.some((one) => one.key.equals(publicKey) && (one.certificate === undefined || one.certificate.equals(raw))),
  };
}

interface UsableKey {
  readonly kid: string | undefined;
  readonly algorithms: ReadonlySet<string>;
  readonly key: Key['key'];
  /** DER of the first certificate in `x5c`. It identifies the certificate, and is never trusted. */
  readonly certificate: Buffer | undefined;
}

const WITHOUT_ID = 'its kid is not a text';

/** Is it the same key, listed twice? */
const isTwin = (one: UsableKey, other: UsableKey): boolean =>
  one.kid === other.kid &&
  one.key.equals(other.key) &&
  isDeepStrictEqual([one.algorithms, one.certificate], [other.algorithms, other.certificate]);

function readKey(jwk: Record<string, unknown>): UsableKey | IgnoredKey {
  const { alg, use, key_ops: operations, x5c } = jwk;
  const kid = typeof jwk.kid === 'string' ? jwk.kid : undefined;
  const ignore = (why: string, signs = true): IgnoredKey => ({ kid, why, signs });
  if (kid !== jwk.kid) return ignore(WITHOUT_ID);
  if (use !== undefined && use !== 'sig' && use !== 'jwt-svid') return ignore('its use is not sig', false);
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify')))
    return ignore('its key_ops lack verify', false);
  if (MATERIAL.some((member) => member in jwk && !isCanonical(jwk[member]))) return ignore('it is not valid base64url');
  const fitting = algorithmNames.filter(
    (name) =>
      (alg ?? name) === name && Object.entries(algorithms[name].jwk).every(([member, value]) => jwk[member] === value),
  );
  if (fitting.length === 0) return ignore('its kty, crv and alg are of no algorithm that is supported');
  try {
    const key = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
    if (!isStrong(key)) return ignore('it is too weak');
    const certificate = x5c === undefined ? undefined : Buffer.from(String([x5c].flat()[0]), 'base64');
    return { kid, algorithms: new Set(fitting), key, certificate };
  } catch {
    return ignore('it is damaged');
  }
}

/** RFC 7515 section 2: bytes have one text only. */
const isCanonical = (value: unknown): boolean => typeof value === 'string' && decodeBase64url(value) !== undefined;

function find(keys: readonly UsableKey[], { alg, kid }: Pick<CompactJws, 'alg' | 'kid'>): Key | undefined {
  const fitting = keys.find((key) => (kid === undefined || key.kid === kid) && key.algorithms.has(alg));
  if (fitting === undefined) return undefined;
  const isOther = (key: UsableKey): boolean => key.algorithms.has(alg) && !key.key.equals(fitting.key);
  if (keys.some((key) => (kid === undefined || key.kid === kid) && isOther(key)))
    throw new TokenRefusal('unknown_key', 'several keys match it');
  return { kid: kid ?? '', alg: alg as AlgorithmName, key: fitting.key };
}
