// Reads IP addresses: whether one is loopback, and the network that it is counted as.
import { isIP } from 'node:net';

export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host === '[::1]' || (isIP(host) === 4 && host.startsWith('127.'));

/** Normalizes an address: IPv4 in IPv6 (`::ffff:192.0.2.1`) becomes IPv4, and a zone (`%eth0`) is removed. */
export const plainAddress = (address: string): string =>
  address.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');

/**
 * The network that requests are counted by: an IPv4 address, or the /64 of an IPv6 address, which is the smallest network of a
 * site. Text that is not an address is returned unchanged.
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const plain = plainAddress(address);
  if (isIP(plain) === 4) return plain;
  if (!URL.canParse(`http://[${plain}]`)) return address;
  // The URL parser normalizes the address.
  const [head = '', tail] = new URL(`http://[${plain}]`).hostname.slice(1, -1).split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail ? tail.split(':') : [];
  const zeros = Array<string>(tail === undefined ? 0 : 8 - before.length - after.length).fill('0');
  return `${[...before, ...zeros, ...after].slice(0, 4).join(':')}::/64`;
}
