// What is a public key called? RFC 7638: SHA-256 over the members that make it, in the order of their names.
import { hash } from 'node:crypto';

/** RFC 7638 section 3.2, RFC 8037 section 2, RFC 9964 section 6: with AKP, `alg` is one of them. */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  AKP: ['alg', 'kty', 'pub'],
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
};

/** @param jwk a key of a kind that signs */
export function thumbprint(jwk: Readonly<Record<string, unknown>>): string {
  const members = MEMBERS[String(jwk.kty)]?.map((name) => [name, jwk[name]]);
  if (members === undefined) throw new Error(`no thumbprint of a key of the kind ${jwk.kty}`);
  return hash('sha256', JSON.stringify(Object.fromEntries(members)), 'base64url');
}
