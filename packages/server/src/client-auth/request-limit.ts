// How much may one caller ask? Requests are counted for each address, and for each client once it has proven who it is:
// nobody uses up what is another's.

import type { Client } from '../model/client.ts';
import { networkOf } from '../primitives/network.ts';
import { type Counting, createRate, type Rate } from '../primitives/rate.ts';
import { Refusal } from '../primitives/refusal.ts';
import { type TallyKey, tallyKey } from '../primitives/tallies.ts';

export interface RequestLimit {
  /** Counts a request. @throws Refusal address_rate */
  readonly ofAddress: (address: string) => void;
  /** Counts a request of a client that is authenticated. @throws Refusal client_rate */
  readonly ofClient: (client: Client, address: string) => void;
  /** Takes both counts of a request back that somebody else made the client send. */
  readonly giveBack: (client: Client, address: string) => void;
}

/** Requests a minute; undefined is without limit. */
export interface RequestLimits {
  readonly requestsPerClient: number | undefined;
  readonly requestsPerAddress: number | undefined;
}

export function createRequestLimit(
  { requestsPerClient, requestsPerAddress }: RequestLimits,
  counting: Counting,
): RequestLimit {
  const clients = requestsPerClient === undefined ? undefined : createRate('clients', requestsPerClient, counting);
  const addresses =
    requestsPerAddress === undefined ? undefined : createRate('addresses', requestsPerAddress, counting);
  return {
    ofAddress: (address) => {
      const wait = addresses && take(addresses, tallyKey(networkOf(address)));
      if (wait !== undefined) throw new Refusal('address_rate', { headers: { 'Retry-After': String(wait) } });
    },
    ofClient: (client, address) => {
      const wait = clients && take(clients, keyOf(client, address));
      if (wait !== undefined)
        throw new Refusal('client_rate', { client: client.id, headers: { 'Retry-After': String(wait) } });
    },
    giveBack: (client, address) => {
      addresses?.giveBack(tallyKey(networkOf(address)));
      clients?.giveBack(keyOf(client, address));
    },
  };
}

/** Everybody who knows the name of a public client can ask as it. */
const keyOf = ({ id, auth }: Client, address: string): TallyKey =>
  auth === 'none' ? tallyKey(id, networkOf(address)) : tallyKey(id);

/** @returns the seconds to wait where there is nothing left to take */
function take(rate: Rate, key: TallyKey): number | undefined {
  const wait = rate.secondsToWait(key);
  if (wait === undefined) rate.count(key);
  return wait;
}
