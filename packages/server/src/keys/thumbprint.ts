// Computes the id of a public key: the SHA-256 thumbprint of RFC 7638 over its required members in lexicographic order.
import { hash } from 'node:crypto';

/** RFC 7638 section 3.2, RFC 8037 section 2, RFC 9964 section 6, where `alg` is one of them for AKP. */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  AKP: ['alg', 'kty', 'pub'],
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
};

/** @param jwk a public key for signatures */
export function thumbprint(jwk: Readonly<Record<string, unknown>>): string {
  const members = MEMBERS[String(jwk.kty)]?.map((name) => [name, jwk[name]]);
  if (members === undefined) throw new Error(`cannot compute the thumbprint of a key with kty ${jwk.kty}`);
  return hash('sha256', JSON.stringify(Object.fromEntries(members)), 'base64url');
}
