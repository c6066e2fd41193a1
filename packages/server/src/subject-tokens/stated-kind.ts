// Checks what a foreign token, or the answer about it, says of its own kind: an access token, an ID token, or neither.
import { TokenRefusal } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { tokenTypeName } from '../primitives/token-type.ts';

/**
 * Where issuers say it, and what may stand there, in lower case: `typ` as Keycloak writes it, `token_use` as Cognito and Hydra
 * do, `token_type` of RFC 7662 section 2.2.
 */
const ACCESS = new Set(['access', 'access_token', 'bearer', 'dpop', 'at+jwt', 'jwt']);
const IDENTITY = new Set(['id', 'id_token', 'jwt']);
const MEMBERS = ['typ', 'token_use', 'token_type'] as const;

/** What only ID tokens and security events hold (OpenID Connect Core section 2, RFC 8417 section 2.2). */
const NOT_OF_ACCESS = ['at_hash', 'c_hash', 'events'] as const;

/** @throws TokenRefusal wrong_type where a member says that it is not an access token, or is not a text */
export function refuseStatedOther(claims: JsonObject, kind: 'access_token' | 'id_token' | 'jwt'): void {
  for (const member of MEMBERS) {
    if (member in claims && !allows(kind, member, claims[member]))
      throw new TokenRefusal('wrong_type', `its ${member} says that it is of another kind`);
  }
  if (kind !== 'access_token') return;
  const member = NOT_OF_ACCESS.find((name) => name in claims);
  if (member !== undefined) throw new TokenRefusal('wrong_type', `it has ${member}, which no access token has`);
}

function allows(kind: Parameters<typeof refuseStatedOther>[1], member: string, value: unknown): boolean {
  if (typeof value !== 'string') return false;
  const stated = (tokenTypeName(value) ?? value).toLowerCase();
  if (kind === 'access_token') return ACCESS.has(stated);
  if (kind === 'id_token') return IDENTITY.has(stated);
  // A JWT of any kind may be presented, and call itself what it likes, but for what is for its issuer alone.
  return (
    ACCESS.has(stated) || IDENTITY.has(stated) || (member === 'token_type' && !/refresh|offline|logout/.test(stated))
  );
}
