// Converts token types (RFC 8693 section 3): short names in programs, URNs on the wire.

import { scrub } from './scrub.ts';

const PREFIX = 'urn:ietf:params:oauth:token-type:';

const NAMES = ['access_token', 'refresh_token', 'id_token', 'jwt', 'saml1', 'saml2', 'id-jag'] as const;

/** A short name, or any URI. */
export type TokenType = (typeof NAMES)[number] | (string & `${string}:${string}`);

/** The types of which each token is for one caller: a refresh token rotates, and an assertion is accepted once. Neither opens an API. */
export const ONCE: readonly string[] = ['refresh_token', 'id-jag'] satisfies readonly (typeof NAMES)[number][];

/** @throws TypeError for a name that is neither known nor a URI */
export function tokenTypeUri(what: string, type: unknown): string {
  if (typeof type === 'string' && type.includes(':')) return type;
  if (NAMES.some((name) => name === type)) return PREFIX + type;
  const shown = typeof type === 'string' ? scrub(type, []) : type;
  throw new TypeError(`${what} is ${JSON.stringify(shown)}: it must be a URI, or one of ${NAMES.join(', ')}`);
}

/** The short name of one of our types, else the URI. */
export const tokenTypeName = (uri: string): string => (uri.startsWith(PREFIX) ? uri.slice(PREFIX.length) : uri);
