// How does a person hand a token to a command? As text, as @FILE, or as - for standard input.
import { readFileSync } from 'node:fs';
import { isOpaqueToken } from '../issuing/opaque-token.ts';
import { isRefreshToken } from '../issuing/refresh-token.ts';
import { decodeBase64url } from '../primitives/base64url.ts';
import { parseJsonObject } from '../primitives/strict-json.ts';

/** A file's last line feed is the editor's, not the token's. */
export function readToken(argument: string): string {
  if (argument === '-') return readFileSync(0, 'utf8').replace(/\r?\n$/, '');
  return argument.startsWith('@') ? readFileSync(argument.slice(1), 'utf8').replace(/\r?\n$/, '') : argument;
}

/** The short name under which a token is presented where the person does not say. */
export function guessType(token: string, issuer: string): string {
  if (isRefreshToken(token)) return 'refresh_token';
  if (isOpaqueToken(token)) return 'access_token';
  if (assertionText(token) !== undefined) return 'saml2';
  const [, payload = ''] = token.split('.');
  const claims = parseJsonObject(decodeBase64url(payload)?.toString('utf8') ?? '');
  return claims?.iss === issuer ? 'access_token' : 'jwt';
}

/** The XML of a SAML assertion, as RFC 8693 section 3 carries it; undefined for anything else. */
export function assertionText(token: string): string | undefined {
  const text = decodeBase64url(token)?.toString('utf8').trimStart();
  return text?.startsWith('<') ? text : undefined;
}
