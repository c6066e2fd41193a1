// Which keys has an issuer now? Kept for a while, fetched again when a token names one that we do not know, and kept a
// while longer when the issuer fails. Trust is decided before: only listed issuers come here.
import type { CompactJws, Key } from '../keys/jws.ts';
import type { Clock } from '../primitives/clock.ts';
import { Refusal, TokenRefusal } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { type PublicKeySet, readKeySet } from './key-set.ts';
import { type Outbound, OutboundFailure } from './outbound.ts';

export interface KeySource {
  /** @throws TokenRefusal unknown_key, algorithm; Refusal issuer_unavailable where no good set can be had */
  readonly find: (jws: Pick<CompactJws, 'alg' | 'kid'>) => Promise<Key>;
}

/** Milliseconds: a key that its issuer removes is refused after this long. */
const FRESH = 300_000;
/** Milliseconds for which a good set serves while the issuer fails. */
const STALE = 3_600_000;
/** Milliseconds between fetches for an unknown `kid`, and after a fetch that failed. */
export const COOL_DOWN = 10_000;

export function fixedKeySource(jwks: JsonObject): KeySource {
  const keys = readKeySet(jwks);
  return {
    find: async (jws) => {
      const key = typeof keys === 'string' ? undefined : keys.find(jws);
      if (key === undefined) throw new TokenRefusal('unknown_key');
      return key;
    },
  };
}

/** @param locate finds the URL of the set. @throws OutboundFailure */
export function fetchedKeySource(outbound: Outbound, locate: () => Promise<string>, clock: Clock): KeySource {
  let held: { readonly keys: PublicKeySet; readonly since: number } | undefined;
  let failedAt = Number.NEGATIVE_INFINITY;
  let failure = '';
  let soughtAt = Number.NEGATIVE_INFINITY;
  let underWay: Promise<void> | undefined;

  const fetchKeys = async (): Promise<void> => {
    try {
      const { status, body } = await outbound({ url: await locate(), method: 'GET' });
      const keys = status === 200 ? readKeySet(body) : `status ${status}`;
      if (typeof keys === 'string') throw new OutboundFailure(`the key set is not good: ${keys}`);
      held = { keys, since: clock() };
    } catch (error) {
      failedAt = clock();
      failure = (error as Error).message;
    } finally {
      underWay = undefined;
    }
  };
  /** One fetch at a time, however many wait for it; a failed one is left alone for the cool-down. */
  const refresh = (): Promise<void> => {
    if (underWay === undefined && clock() - failedAt >= COOL_DOWN) underWay = fetchKeys();
    return underWay ?? Promise.resolve();
  };

  const current = async (): Promise<PublicKeySet> => {
    if (held === undefined || clock() - held.since >= FRESH) await refresh();
    if (held === undefined || clock() - held.since >= FRESH + STALE)
      throw new Refusal('issuer_unavailable', { detail: failure });
    return held.keys;
  };

  return {
    find: async (jws) => {
      const key = (await current()).find(jws);
      if (key !== undefined) return key;
      if (clock() - soughtAt >= COOL_DOWN) {
        soughtAt = clock();
        await refresh();
      } else await underWay;
      const sought = (await current()).find(jws);
      if (sought === undefined) throw new TokenRefusal('unknown_key');
      return sought;
    },
  };
}
