// Selects the claims about a person that a client's scope covers (OpenID Connect Core section 5.4).
import type { Scope } from '../primitives/scope.ts';
import type { JsonObject } from '../primitives/strict-json.ts';

const claimsOfScope: Readonly<Record<string, readonly string[]>> = {
  profile: [
    ...['name', 'family_name', 'given_name', 'middle_name', 'nickname', 'preferred_username', 'profile', 'picture'],
    ...['website', 'gender', 'birthdate', 'zoneinfo', 'locale', 'updated_at'],
  ],
  email: ['email', 'email_verified'],
};

/** All claims that a scope covers. */
export const identityClaimNames: readonly string[] = Object.values(claimsOfScope).flat();

export function identityClaims(claims: JsonObject, scope: Scope): JsonObject {
  const covered = Object.entries(claimsOfScope).flatMap(([name, members]) => (scope.has(name) ? members : []));
  return Object.fromEntries(covered.filter((name) => Object.hasOwn(claims, name)).map((name) => [name, claims[name]]));
}
