// Which keys has an issuer now? Kept for a while, fetched again when a token names one that we do not know, and kept a
// while longer when the issuer gives no answer; an answer that cannot be believed ends them at once. Trust is decided
// before: only listed issuers come here.
import type { X509Certificate } from 'node:crypto';
import { recordKeyId } from '../audit/sent.ts';
import type { CompactJws, Key } from '../keys/jws.ts';
import { type Outbound, OutboundFailure, startDeadline } from '../outbound/outbound.ts';
import type { Clock } from '../primitives/clock.ts';
import { Refusal, TokenRefusal } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { type PublicKeySet, readKeySet } from './key-set.ts';

export interface KeySource {
  /** @throws TokenRefusal unknown_key, algorithm; Refusal issuer_unavailable where what is needed cannot be had */
  readonly find: (jws: Pick<CompactJws, 'alg' | 'kid'>) => Promise<Key>;
  /** @throws TokenRefusal unknown_key where it is the certificate of none of the keys; Refusal issuer_unavailable */
  readonly certify: (certificate: X509Certificate) => Promise<void>;
}

/** Milliseconds: a key that its issuer removes is refused after this long. */
const FRESH_MS = 300_000;
/** Milliseconds for which a good set serves while the issuer fails. */
const STALE_MS = 3_600_000;
/** Milliseconds between fetches for an unknown `kid`, and after a fetch that failed. */
const COOL_DOWN_MS = 10_000;
/** HTTP status: what was there was taken away for good (RFC 9110 section 15.5.11). */
const GONE = 410;

const MAX_IDS_SHOWN = 10;

/** @param ids of the keys that are there */
function unknownKey(ids: readonly string[]): TokenRefusal {
  const shown = ids.slice(0, MAX_IDS_SHOWN).map(recordKeyId);
  const more = ids.length - shown.length;
  return new TokenRefusal(
    'unknown_key',
    ids.length === 0
      ? 'its issuer has no key with a kid'
      : `the keys there are ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`,
  );
}

export function fixedKeySource(jwks: JsonObject): KeySource {
  const keys = readKeySet(jwks);
  return {
    find: async (jws) => {
      const key = typeof keys === 'string' ? undefined : keys.find(jws);
      if (key === undefined) throw unknownKey(typeof keys === 'string' ? [] : keys.ids);
      return key;
    },
    certify: async (certificate) => {
      if (typeof keys === 'string' || !keys.certifies(certificate)) throw new TokenRefusal('unknown_key');
    },
  };
}

/** An answer that cannot be believed. A private key that was published is anybody's, and so is what is held of it. */
class BadKeySet extends OutboundFailure {}

/** @throws OutboundFailure */
async function fetchSet(outbound: Outbound, locate: (deadline: AbortSignal) => Promise<string>): Promise<PublicKeySet> {
  const deadline = startDeadline();
  const keys = readKeySet(await outbound({ url: await locate(deadline), method: 'GET' }, deadline));
  if (typeof keys === 'string') throw new BadKeySet(`the key set is not good: ${keys}`);
  return keys;
}

/** Does the issuer itself say that its keys count no more? What is no answer of it says nothing. */
const disowns = (error: unknown): boolean =>
  error instanceof BadKeySet || (error instanceof OutboundFailure && error.status === GONE);

/** @param locate finds the URL of the set within the deadline. @throws OutboundFailure */
export function fetchedKeySource(
  outbound: Outbound,
  locate: (deadline: AbortSignal) => Promise<string>,
  clock: Clock,
): KeySource {
  let held: { readonly keys: PublicKeySet; readonly since: number } | undefined;
  /** Of the last fetch. */
  let failure: { readonly why: string; readonly at: number } | undefined;
  let soughtAt = Number.NEGATIVE_INFINITY;
  let underWay: Promise<void> | undefined;

  /** A clock that was set back does not stop time. */
  const passed = (since: number, span: number): boolean => {
    const age = clock() - since;
    return age < 0 || age >= span;
  };

  const fetchKeys = async (): Promise<void> => {
    try {
      held = { keys: await fetchSet(outbound, locate), since: clock() };
      failure = undefined;
    } catch (error) {
      if (disowns(error)) held = undefined;
      failure = { why: (error as Error).message, at: clock() };
    } finally {
      underWay = undefined;
    }
  };
  /** One fetch at a time, however many wait for it; a failed one is left alone for the cool-down. */
  const refresh = (): Promise<void> => {
    if (underWay === undefined && (failure === undefined || passed(failure.at, COOL_DOWN_MS))) underWay = fetchKeys();
    return underWay ?? Promise.resolve();
  };

  const current = async (): Promise<PublicKeySet> => {
    const usable = (): boolean => held !== undefined && clock() - held.since < FRESH_MS + STALE_MS;
    if (held === undefined || passed(held.since, FRESH_MS)) {
      const refreshed = refresh();
      // While the issuer fails it is asked beside the requests, which go on with the set that is held.
      if (failure === undefined || !usable()) await refreshed;
    }
    if (held === undefined || !usable()) throw unavailable();
    return held.keys;
  };
  const unavailable = (): Refusal => new Refusal('issuer_unavailable', { detail: failure?.why });

  /** The set that is held may be older than the key. */
  const seek = async (): Promise<void> => {
    if (!passed(soughtAt, COOL_DOWN_MS)) return underWay;
    soughtAt = clock();
    await refresh();
  };

  /** Asks the set, and where it does not know, a newer one. */
  const ask = async <T>(question: (keys: PublicKeySet) => T | undefined): Promise<T> => {
    const before = held;
    const answer = question(await current());
    if (answer !== undefined) return answer;
    // What was fetched for this very question is not asked for again.
    if (held === before) await seek();
    const sought = question(await current());
    if (sought !== undefined) return sought;
    // Whether it is a key of the issuer, the issuer cannot tell now.
    throw failure === undefined ? unknownKey(held?.keys.ids ?? []) : unavailable();
  };

  return {
    find: (jws) => ask((keys) => keys.find(jws)),
    certify: async (certificate) => {
      await ask((keys) => keys.certifies(certificate) || undefined);
    },
  };
}
