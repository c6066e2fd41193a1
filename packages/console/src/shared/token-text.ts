// Tells the text of a token from its id, so that no token gets into a URL or a request.
import { issuer } from '../location.ts';
import { type Entry, isObject } from './entry.ts';

/** The head of a JWT, and the beginning of our opaque tokens and refresh tokens. */
const LIKE_TOKEN = /(?:ey[JA]|ew[o0k])[\w-]{8,}\.|cambio_[ar]t_/;
/** A name is shorter. A SAML assertion is longer. */
const MAX_CHARACTERS = 1024;
const TOKEN_ID = /^[\w-]{1,64}$/;

export const looksLikeToken = (text: string): boolean => LIKE_TOKEN.test(text) || text.length > MAX_CHARACTERS;
export const mayBeTokenId = (text: string): boolean => TOKEN_ID.test(text) && !looksLikeToken(text);

/** @returns the id that the text is, or the `jti` of a JWT of this server; undefined for anything else */
export function tokenIdIn(typed: string): string | undefined {
  const text = typed.trim();
  if (mayBeTokenId(text)) return text;
  const { iss, jti } = decodeClaims(text) ?? {};
  return iss === issuer && typeof jti === 'string' && mayBeTokenId(jti) ? jti : undefined;
}

/** @returns the claims of a JWT, unverified: only the server verifies. undefined if the text is not a JWT */
export function decodeClaims(token: string): Entry | undefined {
  const [, payload = '', signature] = token.split('.');
  if (signature === undefined) return undefined;
  try {
    const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (one) => one.charCodeAt(0));
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isObject(claims) ? claims : undefined;
  } catch {
    return undefined;
  }
}
