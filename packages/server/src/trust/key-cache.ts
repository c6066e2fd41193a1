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
  /**
   * @throws TokenRefusal unknown_key, algorithm; Refusal issuer_unavailable if the keys cannot be fetched, issuer_keys_recent if the
   *   key may have been published since
   */
  readonly find: (jws: Pick<CompactJws, 'alg' | 'kid'>) => Promise<Key>;
  /** @throws TokenRefusal unknown_key if it is not the certificate of a key; Refusal like `find` */
  readonly certify: (certificate: X509Certificate) => Promise<void>;
  readonly freshness: () => KeyFreshness;
}

/** How fresh the keys are. Those of the file have no time. */
export interface KeyFreshness {
  /** The ids of the keys. */
  readonly ids: readonly string[];
  /** When they were fetched, in milliseconds since 1970; undefined if they were not, or never will be. */
  readonly fetchedAt?: number;
  /** The failure of the last fetch. */
  readonly failure?: { readonly why: string; readonly at: number };
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

type Names = Pick<PublicKeySet, 'ids' | 'ignored'>;
type Sought = Partial<Pick<CompactJws, 'alg' | 'kid'>>;

/** Says which keys there are, and which keys are ignored. */
function unknownKey({ ids, ignored }: Names, { alg, kid }: Sought): TokenRefusal {
  if (kid !== undefined && ids.includes(kid)) return new TokenRefusal('algorithm', `its key is not for ${alg}`);
  const same = ignored.find((one) => one.kid !== undefined && one.kid === kid);
  if (same !== undefined)
    return new TokenRefusal('unknown_key', `the key ${showId(same)} there is ignored: ${same.why}`);
  const shown = ids.slice(0, MAX_IDS_SHOWN).map(recordKeyId);
  const hint = kid === undefined ? '' : didYouMean(recordKeyId(kid), shown);
  const there =
    ids.length === 0 ? 'its issuer has no key with a kid' : `the keys there are ${list(ids.map(recordKeyId))}`;
  const others = ignored.map((one) => `${showId(one)} (${one.why})`);
  return new TokenRefusal(
    'unknown_key',
    `${there}${others.length === 0 ? '' : `; ignored are ${list(others)}`}${hint && `.${hint}`}`,
  );
}

const showId = ({ kid }: { readonly kid: string | undefined }): string =>
  kid === undefined ? 'without a kid' : recordKeyId(kid);

function list(names: readonly string[]): string {
  const more = names.length - MAX_IDS_SHOWN;
  return `${names.slice(0, MAX_IDS_SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

const isListed = ({ ids, ignored }: Names, kid: string | undefined): boolean =>
  kid !== undefined && (ids.includes(kid) || ignored.some((one) => one.kid === kid));

const NO_KEYS: Names = { ids: [], ignored: [] };

export function fixedKeySource(jwks: JsonObject): KeySource {
  const keys = readKeySet(jwks);
  return {
    find: async (jws) => {
      const key = typeof keys === 'string' ? undefined : keys.find(jws);
      if (key === undefined) throw unknownKey(typeof keys === 'string' ? NO_KEYS : keys, jws);
      return key;
    },
    certify: async (certificate) => {
      if (typeof keys === 'string' || !keys.certifies(certificate)) throw new TokenRefusal('unknown_key');
    },
    freshness: () => ({ ids: typeof keys === 'string' ? [] : keys.ids }),
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

/** Time also counts as passed if the clock was set back. */
function hasPassed(since: number, span: number, now: number): boolean {
  const age = now - since;
  return age < 0 || age >= span;
}

const tooRecent = (leftMs: number): Refusal =>
  new Refusal('issuer_keys_recent', { headers: { 'Retry-After': String(Math.max(1, Math.ceil(leftMs / 1000))) } });

const freshnessOf = (
  held: { readonly keys: PublicKeySet; readonly since: number } | undefined,
  failure: KeyFreshness['failure'],
): KeyFreshness => ({
  ids: held?.keys.ids ?? [],
  ...(held && { fetchedAt: held.since }),
  ...(failure && { failure }),
});

/** @param locate finds the URL of the set within the deadline. @throws OutboundFailure */
export function fetchedKeySource(
  outbound: Outbound,
  locate: (deadline: AbortSignal) => Promise<string>,
  clock: Clock,
): KeySource {
  /** The set of the last successful fetch, and the number of that fetch. */
  let held: { readonly keys: PublicKeySet; readonly since: number; readonly fetch: number } | undefined;
  let fetches = 0;
  /** The failure of the last fetch. */
  let failure: { readonly why: string; readonly at: number } | undefined;
  let refetchedAt = Number.NEGATIVE_INFINITY;
  let underWay: Promise<void> | undefined;

  const passed = (since: number, span: number): boolean => hasPassed(since, span, clock());

  const fetchKeys = async (): Promise<void> => {
    const fetch = ++fetches;
    try {
      held = { keys: await fetchSet(outbound, locate), since: clock(), fetch };
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
  const lookUp = async <T>(inSet: (keys: PublicKeySet) => T | undefined, sought: Sought): Promise<T> => {
    const before = fetches;
    const found = inSet(await current());
    if (found !== undefined) return found;
    const isNewer = (): boolean => held !== undefined && held.fetch > before;
    if (!isNewer()) await refetch();
    const keys = await current();
    const foundLater = inSet(keys);
    if (foundLater !== undefined) return foundLater;
    // While the issuer fails, it is unknown whether this is a key of the issuer.
    if (failure !== undefined) throw unavailable();
    // A fetch that began before the token came may have missed a key that the issuer has just published.
    if (!isNewer() && !isListed(keys, sought.kid)) throw tooRecent(refetchedAt + COOL_DOWN_MS - clock());
    throw unknownKey(keys, sought);
  };

  return {
    find: (jws) => lookUp((keys) => keys.find(jws), jws),
    certify: async (certificate) => {
      await lookUp((keys) => keys.certifies(certificate) || undefined, {});
    },
    freshness: () => freshnessOf(held, failure),
  };
}
