// Caches the keys of a trusted issuer. Fetches them again when they are old, or when a token names an unknown key. While the
// issuer does not answer, the cached keys are used for some time longer; an invalid answer removes them at once.
import type { X509Certificate } from 'node:crypto';
import { recordKeyId } from '../audit/sent.ts';
import type { CompactJws, Key } from '../keys/jws.ts';
import { type Outbound, OutboundFailure, startDeadline } from '../outbound/outbound.ts';
import type { Clock } from '../primitives/clock.ts';
import { didYouMean } from '../primitives/nearest.ts';
import { Refusal, TokenRefusal } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { type PublicKeySet, readKeySet } from './key-set.ts';

export interface KeySource {
  /** @throws TokenRefusal unknown_key, algorithm; Refusal issuer_unavailable if the keys cannot be fetched */
  readonly find: (jws: Pick<CompactJws, 'alg' | 'kid'>) => Promise<Key>;
  /** @throws TokenRefusal unknown_key if it is not the certificate of a key; Refusal issuer_unavailable */
  readonly certify: (certificate: X509Certificate) => Promise<void>;
}

/** The age at which a set is fetched again: a key that its issuer removes is refused after this time. */
const MAX_FRESH_MS = 300_000;
/** Additional time for which a set is used while the issuer fails. */
const MAX_STALE_MS = 3_600_000;
/** Time between fetches for an unknown `kid`, and after a failed fetch. */
const COOL_DOWN_MS = 10_000;
/** HTTP status: the key set was removed for good (RFC 9110 section 15.5.11). */
const GONE = 410;

const MAX_IDS_SHOWN = 10;

/** @param ids of the known keys @param kid of the token */
function unknownKey(ids: readonly string[], kid?: string): TokenRefusal {
  const shown = ids.slice(0, MAX_IDS_SHOWN).map(recordKeyId);
  const more = ids.length - shown.length;
  const hint = kid === undefined ? '' : didYouMean(recordKeyId(kid), shown);
  return new TokenRefusal(
    'unknown_key',
    ids.length === 0
      ? 'its issuer has no key with a kid'
      : `the keys there are ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}${hint && `.${hint}`}`,
  );
}

export function fixedKeySource(jwks: JsonObject): KeySource {
  const keys = readKeySet(jwks);
  return {
    find: async (jws) => {
      const key = typeof keys === 'string' ? undefined : keys.find(jws);
      if (key === undefined) throw unknownKey(typeof keys === 'string' ? [] : keys.ids, jws.kid);
      return key;
    },
    certify: async (certificate) => {
      if (typeof keys === 'string' || !keys.certifies(certificate)) throw new TokenRefusal('unknown_key');
    },
  };
}

/** An invalid key set. The cached keys are dropped, too: if the issuer published a private key, anyone may sign with it. */
class BadKeySet extends OutboundFailure {}

/** @throws OutboundFailure */
async function fetchSet(outbound: Outbound, locate: (deadline: AbortSignal) => Promise<string>): Promise<PublicKeySet> {
  const deadline = startDeadline();
  const keys = readKeySet(await outbound({ url: await locate(deadline), method: 'GET' }, deadline));
  if (typeof keys === 'string') throw new BadKeySet(`the key set is not valid: ${keys}`);
  return keys;
}

/** Does the issuer itself withdraw its keys? A failure to answer does not. */
const withdrawsKeys = (error: unknown): boolean =>
  error instanceof BadKeySet || (error instanceof OutboundFailure && error.status === GONE);

/** @param locate finds the URL of the set within the deadline. @throws OutboundFailure */
export function fetchedKeySource(
  outbound: Outbound,
  locate: (deadline: AbortSignal) => Promise<string>,
  clock: Clock,
): KeySource {
  let held: { readonly keys: PublicKeySet; readonly since: number } | undefined;
  /** The failure of the last fetch. */
  let failure: { readonly why: string; readonly at: number } | undefined;
  let refetchedAt = Number.NEGATIVE_INFINITY;
  let underWay: Promise<void> | undefined;

  /** Time also counts as passed if the clock was set back. */
  const passed = (since: number, span: number): boolean => {
    const age = clock() - since;
    return age < 0 || age >= span;
  };

  const fetchKeys = async (): Promise<void> => {
    try {
      held = { keys: await fetchSet(outbound, locate), since: clock() };
      failure = undefined;
    } catch (error) {
      if (withdrawsKeys(error)) held = undefined;
      failure = { why: (error as Error).message, at: clock() };
    } finally {
      underWay = undefined;
    }
  };
  /** All callers share one fetch. After a failure, none begins during the cool-down. */
  const refresh = (): Promise<void> => {
    if (underWay === undefined && (failure === undefined || passed(failure.at, COOL_DOWN_MS))) underWay = fetchKeys();
    return underWay ?? Promise.resolve();
  };

  const current = async (): Promise<PublicKeySet> => {
    const usable = (): boolean => held !== undefined && clock() - held.since < MAX_FRESH_MS + MAX_STALE_MS;
    if (held === undefined || passed(held.since, MAX_FRESH_MS)) {
      const refreshed = refresh();
      // While the issuer fails, it is asked in the background, and requests use the cached set.
      if (failure === undefined || !usable()) await refreshed;
    }
    if (held === undefined || !usable()) throw unavailable();
    return held.keys;
  };
  const unavailable = (): Refusal => new Refusal('issuer_unavailable', { detail: failure?.why });

  /** Fetches once more, since the cached set may be older than the key. */
  const refetch = async (): Promise<void> => {
    if (!passed(refetchedAt, COOL_DOWN_MS)) return underWay;
    refetchedAt = clock();
    await refresh();
  };

  /** Looks in the cached set, then in a newer one. */
  const lookUp = async <T>(inSet: (keys: PublicKeySet) => T | undefined, kid?: string): Promise<T> => {
    const before = held;
    const found = inSet(await current());
    if (found !== undefined) return found;
    // A set that was just fetched for this call is not fetched again.
    if (held === before) await refetch();
    const foundLater = inSet(await current());
    if (foundLater !== undefined) return foundLater;
    // While the issuer fails, it is unknown whether this is a key of the issuer.
    throw failure === undefined ? unknownKey(held?.keys.ids ?? [], kid) : unavailable();
  };

  return {
    find: (jws) => lookUp((keys) => keys.find(jws), jws.kid),
    certify: async (certificate) => {
      await lookUp((keys) => keys.certifies(certificate) || undefined);
    },
  };
}
