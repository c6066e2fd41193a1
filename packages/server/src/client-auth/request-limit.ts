// Limits requests for each address, and for each client once it is authenticated, so that nobody uses up the limit of another.

import { type Client, isPublic } from '../model/client.ts';
import { networkOf } from '../primitives/network.ts';
import { type Counting, createRate, type Rate } from '../primitives/rate.ts';
import { Refusal } from '../primitives/refusal.ts';
import { type TallyKey, tallyKey } from '../primitives/tallies.ts';

export interface RequestLimit {
  /** Counts a request. @throws Refusal address_rate */
  readonly ofAddress: (address: string) => void;
  /** Counts a request of a client that is authenticated. @throws Refusal client_rate */
  readonly ofClient: (client: Client, address: string) => void;
  /** Counts a list of targets, which takes as much work as many exchanges, and shows what policy grants. @throws Refusal discovery_rate */
  readonly ofDiscovery: (client: Client, address: string) => void;
  /** Undoes both counts for a request that someone else made the client send. */
  readonly giveBack: (client: Client, address: string) => void;
}

/** Requests in a minute; undefined: no limit. */
export interface RequestLimits {
  readonly requestsPerClient: number | undefined;
  readonly requestsPerAddress: number | undefined;
}

/** For each client, whatever the configuration says of its other requests. */
const MAX_DISCOVERIES_PER_MINUTE = 60;

export function createRequestLimit(
  { requestsPerClient, requestsPerAddress }: RequestLimits,
  counting: Counting,
): RequestLimit {
  const clients = requestsPerClient === undefined ? undefined : createRate('clients', requestsPerClient, counting);
  const addresses =
    requestsPerAddress === undefined ? undefined : createRate('addresses', requestsPerAddress, counting);
  const discoveries = createRate('discoveries', MAX_DISCOVERIES_PER_MINUTE, counting);
  return {
    ofAddress: (address) => {
      const wait = addresses && countOrWait(addresses, tallyKey(networkOf(address)));
      if (wait !== undefined) throw new Refusal('address_rate', { headers: { 'Retry-After': String(wait) } });
    },
    ofClient: (client, address) => {
      const wait = clients && countOrWait(clients, keyOf(client, address));
      if (wait !== undefined)
        throw new Refusal('client_rate', { client: client.id, headers: { 'Retry-After': String(wait) } });
    },
    ofDiscovery: (client, address) => {
      const wait = countOrWait(discoveries, keyOf(client, address));
      if (wait !== undefined)
        throw new Refusal('discovery_rate', { client: client.id, headers: { 'Retry-After': String(wait) } });
    },
    giveBack: (client, address) => {
      addresses?.giveBack(tallyKey(networkOf(address)));
      clients?.giveBack(keyOf(client, address));
    },
  };
}

/** Anyone who knows the id of a public client can send requests as it, so these are counted by address, too. */
const keyOf = (client: Client, address: string): TallyKey =>
  isPublic(client) ? tallyKey(client.id, networkOf(address)) : tallyKey(client.id);

/** @returns the seconds to wait if the limit is reached; else counts the request */
function countOrWait(rate: Rate, key: TallyKey): number | undefined {
  const wait = rate.secondsToWait(key);
  if (wait === undefined) rate.count(key);
  return wait;
}
