// Holds the keys of each client: those of its entry, or of the URL in the entry, fetched and cached like the keys of an issuer.
import { isDeepStrictEqual } from 'node:util';
import type { ClientKeys, Clients } from '../model/client.ts';
import { createOutbound } from '../outbound/outbound.ts';
import type { Clock } from '../primitives/clock.ts';
import { fetchedKeySource, fixedKeySource, type KeySource } from '../trust/key-cache.ts';

export type HeldClientKeys = ReadonlyMap<string, { readonly keys: ClientKeys; readonly source: KeySource }>;

/** @param before from the previous configuration: fetched keys are kept */
export function openClientKeys(clients: Clients, clock: Clock, before: HeldClientKeys = new Map()): HeldClientKeys {
  const held = [...clients.values()].flatMap(({ id, keys }) => {
    if (keys === undefined) return [];
    const earlier = before.get(id);
    return [
      [
        id,
        isDeepStrictEqual(earlier?.keys, keys) && earlier ? earlier : { keys, source: openKeys(keys, clock) },
      ] as const,
    ];
  });
  return new Map(held);
}

function openKeys(keys: ClientKeys, clock: Clock): KeySource {
  if ('jwks' in keys) return fixedKeySource(keys.jwks);
  const { jwksUri, network } = keys;
  return fetchedKeySource(createOutbound(network), async () => jwksUri, clock);
}
