// Checks the kind that a foreign token, or an introspection answer about it, states: access token, ID token, or another.
import { TokenRefusal } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { tokenTypeName } from '../primitives/token-type.ts';

/**
 * The members in which issuers state the kind, and the accepted values in lower case: `typ` (Keycloak), `token_use` (Cognito,
 * Hydra), `token_type` (RFC 7662 section 2.2).
 */
const ACCESS = new Set(['access', 'access_token', 'bearer', 'dpop', 'at+jwt', 'jwt']);
const IDENTITY = new Set(['id', 'id_token', 'jwt']);
const MEMBERS = ['typ', 'token_use', 'token_type'] as const;

/** Claims that only ID tokens and security events have (OpenID Connect Core section 2, RFC 8417 section 2.2). */
const NOT_OF_ACCESS = ['at_hash', 'c_hash', 'events'] as const;

/** @throws TokenRefusal wrong_type if a member states another kind, or is not a string */
export function refuseStatedOther(claims: JsonObject, kind: 'access_token' | 'id_token' | 'jwt'): void {
  for (const member of MEMBERS) {
    if (member in claims && !allows(kind, member, claims[member]))
      throw new TokenRefusal('wrong_type', `its ${member} states another kind of token`);
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
  // A JWT of any kind may be presented, except kinds that only their issuer may receive.
  return (
    ACCESS.has(stated) || IDENTITY.has(stated) || (member === 'token_type' && !/refresh|offline|logout/.test(stated))
  );
}
