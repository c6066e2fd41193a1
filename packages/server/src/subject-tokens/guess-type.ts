// Guesses the type of a token from its text, for people and programs that do not state it.
import { isOpaqueToken } from '../issuing/opaque-token.ts';
import { isRefreshToken } from '../issuing/refresh-token.ts';
import { isJose } from '../keys/jws.ts';
import { decodeBase64url } from '../primitives/base64url.ts';
import { parseJsonObject } from '../primitives/strict-json.ts';
import { decodeUtf8 } from '../primitives/utf8.ts';

/** @returns the short name of the type */
export function guessType(token: string, issuer: string): string {
  if (isRefreshToken(token)) return 'refresh_token';
  if (isOpaqueToken(token)) return 'access_token';
  if (assertionText(token) !== undefined) return 'saml2';
  // An opaque token of another issuer.
  if (!isJose(token)) return 'access_token';
  const [header = '', payload = ''] = token.split('.');
  const claims = parseJsonObject(textOf(payload));
  if (claims?.iss !== issuer) return 'jwt';
  // Our access tokens have a typ of their own, in the header or as a claim.
  const { typ } = parseJsonObject(textOf(header)) ?? {};
  return typ === 'JWT' && claims.typ === undefined ? 'id_token' : 'access_token';
}

function textOf(base64url: string): string {
  const bytes = decodeBase64url(base64url);
  return (bytes && decodeUtf8(bytes)) ?? '';
}

/** The XML of a SAML assertion, as RFC 8693 section 3 carries it; undefined for anything else. */
export function assertionText(token: string): string | undefined {
  const text = textOf(token).trimStart();
  return text.startsWith('<') ? text : undefined;
}
