// Finds the key of a token in the issuer's key set. The set is cached, fetched again for an unknown key, and used an hour
// longer while the issuer cannot be reached.
import { type CryptoKey, createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { parseJson } from './json.ts';
import { Denial } from './refusal.ts';
import { readText } from './utf8.ts';

/** A Cambio server lets verifiers cache its keys for this long. */
const MAX_AGE_MS = 300_000;
/** An expired set is used for this long while the issuer fails. */
const MAX_STALE_MS = 3_600_000;
/** Minimum time between two fetches for an unknown key, and after a failed fetch. */
const COOL_DOWN_MS = 10_000;
const TIMEOUT_MS = 3000;

const MIN_RSA_BITS = 2048;
/** The server has the same limits. */
const MAX_RSA_BITS = 4096;
const MAX_EXPONENT_BYTES = 4;

interface RsaKeyAlgorithm {
  readonly modulusLength: number;
  /** Big-endian. */
  readonly publicExponent: Uint8Array;
}

type Find = (...about: Parameters<JWTVerifyGetKey>) => Promise<CryptoKey>;

export async function fetchKeys(uri: string): Promise<JSONWebKeySet> {
  const response = await fetch(uri, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (response.status !== 200) throw new Error(`${uri} answered ${response.status}`);
  return parseJson(await readText(response)) as JSONWebKeySet;
}

/**
 * RFC 7518 section 3.3. With the exponent 1 anyone can write a valid signature (RFC 8017 section 3.1).
 * @param whose the key of a caller has an upper limit, too: verifying with a larger one takes a hundred times as long
 */
export const withStrongKeys =
  (find: Find, whose: 'issuer' | 'caller'): Find =>
  async (header, token) => {
    const key = await find(header, token);
    const { modulusLength: bits, publicExponent: exponent = [3] } = key.algorithm as Partial<RsaKeyAlgorithm>;
    const [last = 0, ...others] = [...exponent].reverse();
    if ((bits !== undefined && bits < MIN_RSA_BITS) || (last < 3 && !others.some(Boolean)))
      throw new errors.JWKSInvalid('the RSA key is too weak');
    const isLarge = (bits ?? 0) > MAX_RSA_BITS || others.slice(MAX_EXPONENT_BYTES - 1).some(Boolean);
    if (whose === 'caller' && isLarge) throw new errors.JWKSInvalid('the RSA key is too large');
    return key;
  };

/** Finds the key for a JWS. The result throws a Denial temporarily_unavailable if the keys cannot be fetched. */
export function createKeySource(load: () => Promise<JSONWebKeySet>, clock: () => number): JWTVerifyGetKey {
  let held: { readonly find: Find; readonly since: number } | undefined;
  let failed: { readonly cause: unknown; readonly at: number } | undefined;
  let soughtAt = Number.NEGATIVE_INFINITY;
  let underWay: Promise<void> | undefined;

  const refresh = (): Promise<void> => {
    if (failed !== undefined && clock() - failed.at < COOL_DOWN_MS) return underWay ?? Promise.resolve();
    underWay ??= Promise.resolve()
      .then(load)
      .then((jwks) => {
        held = { find: withStrongKeys(createLocalJWKSet(jwks), 'issuer'), since: clock() };
        failed = undefined;
      })
      .catch((cause) => {
        failed = { cause, at: clock() };
      })
      .finally(() => {
        underWay = undefined;
      });
    return underWay;
  };
  const current = async (): Promise<Find> => {
    if (held === undefined || clock() - held.since >= MAX_AGE_MS) await refresh();
    if (held === undefined || clock() - held.since >= MAX_AGE_MS + MAX_STALE_MS) {
      throw new Denial('temporarily_unavailable', { cause: failed?.cause });
    }
    return held.find;
  };
  /** Decides who is at fault: the issuer if its keys are out of date or the key is unusable, else the caller. */
  const whose = (error: unknown): unknown => {
    const caller = error instanceof errors.JOSEError && !(error instanceof errors.JWKSInvalid) && failed === undefined;
    return caller ? error : new Denial('temporarily_unavailable', { cause: failed?.cause ?? error });
  };
  return async (header, token) => {
    const before = held;
    const find = await current();
    try {
      return await find(header, token);
    } catch (error) {
      // Do not fetch again if this token already caused a fetch.
      const sought = held !== before || clock() - soughtAt < COOL_DOWN_MS;
      if (sought || !(error instanceof errors.JWKSNoMatchingKey)) throw whose(error);
    }
    soughtAt = clock();
    await refresh();
    const again = await current();
    return again(header, token).catch((error) => Promise.reject(whose(error)));
  };
}
