// With which keys does the issuer sign? Its key set, kept while it is fresh, asked for again when a token names a key that is
// not in it, and used an hour longer while the issuer cannot be reached.
import { type CryptoKey, createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { parseJson } from './json.ts';
import { Denial } from './refusal.ts';
import { readText } from './utf8.ts';

/** Milliseconds for which a Cambio server lets its keys be kept. */
const FRESH = 300_000;
/** Milliseconds for which a good set serves while the issuer fails. */
const STALE = 3_600_000;
/** Milliseconds between fetches for an unknown key, and after a fetch that failed. */
const COOL_DOWN = 10_000;
/** Milliseconds. */
const TIMEOUT = 3000;

interface RsaKeyAlgorithm {
  readonly modulusLength: number;
  /** Big-endian. */
  readonly publicExponent: Uint8Array;
}

type Find = (...about: Parameters<JWTVerifyGetKey>) => Promise<CryptoKey>;

export async function fetchKeys(uri: string): Promise<JSONWebKeySet> {
  const response = await fetch(uri, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT) });
  if (response.status !== 200) throw new Error(`${uri} answered ${response.status}`);
  return parseJson(await readText(response)) as JSONWebKeySet;
}

/** RFC 7518 section 3.3; and with the exponent 1 whatever anybody writes is a signature (RFC 8017 section 3.1). */
export const withStrongKeys =
  (find: Find): Find =>
  async (header, token) => {
    const key = await find(header, token);
    const { modulusLength: bits, publicExponent: exponent = [3] } = key.algorithm as Partial<RsaKeyAlgorithm>;
    const [last = 0, ...others] = [...exponent].reverse();
    if ((bits !== undefined && bits < 2048) || (last < 3 && !others.some(Boolean)))
      throw new errors.JWKSInvalid('the RSA key is too weak');
    return key;
  };

/** Finds the key for a JWS. It throws a Denial temporarily_unavailable where the keys cannot be had. */
export function createKeySource(load: () => Promise<JSONWebKeySet>, clock: () => number): JWTVerifyGetKey {
  let held: { readonly find: Find; readonly since: number } | undefined;
  let failed: { readonly cause: unknown; readonly at: number } | undefined;
  let soughtAt = Number.NEGATIVE_INFINITY;
  let underWay: Promise<void> | undefined;

  const refresh = (): Promise<void> => {
    if (failed !== undefined && clock() - failed.at < COOL_DOWN) return underWay ?? Promise.resolve();
    underWay ??= Promise.resolve()
      .then(load)
      .then((jwks) => {
        held = { find: withStrongKeys(createLocalJWKSet(jwks)), since: clock() };
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
    if (held === undefined || clock() - held.since >= FRESH) await refresh();
    if (held === undefined || clock() - held.since >= FRESH + STALE) {
      throw new Denial('temporarily_unavailable', { cause: failed?.cause });
    }
    return held.find;
  };
  /** Whether it is a key of the issuer, the issuer cannot tell while it fails; and a key that is no good is its fault. */
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
      // What was fetched for this very token is not asked for again.
      const sought = held !== before || clock() - soughtAt < COOL_DOWN;
      if (sought || !(error instanceof errors.JWKSNoMatchingKey)) throw whose(error);
    }
    soughtAt = clock();
    await refresh();
    const again = await current();
    return again(header, token).catch((error) => Promise.reject(whose(error)));
  };
}
