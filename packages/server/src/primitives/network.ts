// What an address says: whether it is this machine, and which network it counts as.
import { isIP } from 'node:net';

export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host === '[::1]' || (isIP(host) === 4 && host.startsWith('127.'));

/** IPv4 in IPv6 (`::ffff:192.0.2.1`) is IPv4, and a zone (`%eth0`) names no other address. */
export const plainAddress = (address: string): string =>
  address.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');

/**
 * The network that requests are counted by: an IPv4 address, or the /64 of an IPv6 address, which is the least that a site has.
 * A text that is not an address stays as it is.
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const plain = plainAddress(address);
  if (isIP(plain) === 4) return plain;
  if (!URL.canParse(`http://[${plain}]`)) return address;
  // The URL parser writes each address in one way.
  const [head = '', tail] = new URL(`http://[${plain}]`).hostname.slice(1, -1).split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail ? tail.split(':') : [];
  const zeros = Array<string>(tail === undefined ? 0 : 8 - before.length - after.length).fill('0');
  return `${[...before, ...zeros, ...after].slice(0, 4).join(':')}::/64`;
}
