// Reads the `cnf` claim (RFC 7800): the key that a token is bound to. A DPoP key is named by its thumbprint (RFC 9449 section
// 6.1), a TLS certificate by its digest (RFC 8705 section 3.1).
import type { JsonObject } from './strict-json.ts';

export type Confirmation = { readonly jkt: string } | { readonly 'x5t#S256': string };

/** SHA-256 in base64url. */
const DIGEST = /^[\w-]{43}$/;

/** @returns undefined if the claim names no key, several keys, or a key in an unknown way: the caller then refuses */
export function parseConfirmation(claim: unknown): Confirmation | undefined {
  if (typeof claim !== 'object' || claim === null || Object.keys(claim).length !== 1) return undefined;
  const { jkt, 'x5t#S256': certificate } = claim as JsonObject;
  if (isDigest(jkt)) return { jkt };
  return isDigest(certificate) ? { 'x5t#S256': certificate } : undefined;
}

const isDigest = (value: unknown): value is string => typeof value === 'string' && DIGEST.test(value);

export const sameKey = (a: Confirmation, b: Confirmation | undefined): boolean =>
  b !== undefined && describeKey(a) === describeKey(b);

/** Describes the key in words. */
export const describeKey = (confirmation: Confirmation): string =>
  'jkt' in confirmation ? `the DPoP key ${confirmation.jkt}` : `the TLS certificate ${confirmation['x5t#S256']}`;

/**
 * The token_type of a token. A token that is bound to a certificate is presented as Bearer (RFC 9449 section 7.1, RFC 8705
 * section 3).
 */
export const tokenTypeOf = (confirmation: Confirmation | undefined): 'Bearer' | 'DPoP' =>
  confirmation !== undefined && 'jkt' in confirmation ? 'DPoP' : 'Bearer';
