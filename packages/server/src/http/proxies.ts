// Reads the caller's address behind trusted proxies: the nearest address of X-Forwarded-For that is not a trusted proxy.
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, SocketAddress } from 'node:net';
import { plainAddress } from '../primitives/network.ts';

export interface Proxies {
  readonly isTrusted: (address: string) => boolean;
  /** Each proxy appends the address that called it, so only the entries of trusted proxies count. */
  readonly callerOf: (request: Pick<IncomingMessage, 'socket' | 'headers'>) => string;
}

type Family = 'ipv4' | 'ipv6';

export interface Network {
  readonly family: Family;
  readonly address: string;
  readonly bits: number;
}

const familyOf = (address: string): Family | undefined =>
  isIP(address) === 4 ? 'ipv4' : isIP(address) === 6 ? 'ipv6' : undefined;

/** @returns undefined if the text is neither an address nor a network such as 10.0.0.0/8 */
export function parseNetwork(text: string): Network | undefined {
  const [, address = '', length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = familyOf(address);
  if (family === undefined) return undefined;
  const most = family === 'ipv4' ? 32 : 128;
  const bits = length === undefined ? most : Number(length);
  if (bits < 1 || bits > most) return undefined;
  const mapped = plainAddress(address);
  if (familyOf(mapped) === family) return { family, address, bits };
  return bits > 96 ? { family: 'ipv4', address: mapped, bits: bits - 96 } : undefined;
}

/** @param trusted addresses and networks, as `parseNetwork` reads them */
export function createProxies(trusted: readonly string[]): Proxies {
  // A list for each family: in a list of both, Node treats every IPv4 address like the IPv6 address that maps it.
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const text of trusted) {
    const network = parseNetwork(text);
    if (network === undefined) throw new Error(`not an address or a network: ${text}`);
    lists[network.family].addSubnet(network.address, network.bits, network.family);
  }
  const isTrusted = (text: string): boolean => {
    const address = plainAddress(text);
    const family = familyOf(address);
    return family !== undefined && lists[family].check(address, family);
  };
  return {
    isTrusted,
    callerOf: ({ socket, headers }) => {
      let caller = socket.remoteAddress ?? '';
      if (trusted.length === 0 || !isTrusted(caller)) return caller;
      const hops = headers['x-forwarded-for']?.toString().split(',') ?? [];
      for (const hop of hops.reverse()) {
        const address = readHop(hop.trim());
        // A hop that is not an address is ignored: the caller is then the proxy that wrote it.
        if (address === undefined) return caller;
        caller = address;
        if (!isTrusted(address)) return caller;
      }
      return caller;
    },
  };
}

/** Some proxies add the port. */
const readHop = (text: string): string | undefined => (isIP(text) === 0 ? SocketAddress.parse(text)?.address : text);
