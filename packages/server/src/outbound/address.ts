// Decides which addresses we may connect to. Loopback, private and other special addresses are refused unless the issuer's entry
// allows them, so that no name and no redirect leads a request into a network that only we can reach (SSRF).
import { BlockList, isIP } from 'node:net';

/** IANA's special-purpose registries: every range that is not globally reachable unicast. */
const SPECIAL = {
  ipv4: [
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
    ['192.88.99.0', 24],
    ['192.168.0.0', 16],
    ['198.18.0.0', 15],
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
    ['224.0.0.0', 4],
    ['240.0.0.0', 4],
  ],
  ipv6: [
    // Everything outside of 2000::/3: loopback, mapped, translated, unique local, link-local and multicast addresses.
    ['::', 3],
    ['4000::', 2],
    ['8000::', 1],
    ['2001::', 23],
    ['2001:db8::', 32],
    ['2002::', 16],
    ['3fff::', 20],
  ],
} as const;
const LOOPBACK = { ipv4: [['127.0.0.0', 8]], ipv6: [['::1', 128]] } as const;

type Family = keyof typeof SPECIAL;
type Networks = Readonly<Record<Family, readonly (readonly [network: string, bits: number])[]>>;

/** A list for each family: in a list of both, Node treats every IPv4 address like the IPv6 address that maps it. */
function listOf(networks: Networks): (address: string) => boolean {
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const family of ['ipv4', 'ipv6'] as const)
    for (const [network, bits] of networks[family]) lists[family].addSubnet(network, bits, family);
  return (address) => {
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    return lists[family].check(address, family);
  };
}

const isSpecial = listOf(SPECIAL);
const isLoopback = listOf(LOOPBACK);

export type Reach = 'public' | 'private' | 'loopback';

/** The addresses that a URL may connect to: plain HTTP never leaves the machine. */
export const reachOf = (url: URL, network: 'public' | 'private'): Reach =>
  url.protocol === 'http:' ? 'loopback' : network;

export function mayConnect(address: string, reach: Reach): boolean {
  if (isIP(address) === 0) return false;
  if (reach === 'loopback') return isLoopback(address);
  return reach === 'private' || !isSpecial(address);
}

/** @returns the fault of a URL that we are to fetch, as far as its text shows; undefined if it has none */
export function urlProblem(text: string, network: 'public' | 'private'): string | undefined {
  if (!URL.canParse(text)) return 'is not an absolute URL. Write one such as https://login.example.com';
  const url = new URL(text);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (url.username !== '' || url.password !== '' || url.hash !== '')
    return 'holds a user name or a fragment. Remove it';
  if (url.protocol === 'http:') {
    const local = host === 'localhost' || mayConnect(host, 'loopback');
    return local && network === 'private'
      ? undefined
      : 'is http, which is for loopback with allowPrivateNetwork: true only. Write https';
  }
  if (url.protocol !== 'https:') return 'is not https. Write an https URL';
  if (isIP(host) !== 0 && !mayConnect(host, reachOf(url, network)))
    return 'is an address of a private network, which needs allowPrivateNetwork: true';
  return undefined;
}
