// Writes the facts of a token in the form that tests of rules have in the file.
import type { TokenFacts } from '../model/token-facts.ts';
import { formatAct } from '../primitives/principal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';

/** Members of their own in a test, or without meaning there. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  ...['iss', 'aud', 'exp', 'iat', 'nbf', 'jti', 'scope', 'client_id', 'azp', 'auth_time'],
  ...['lineage', 'actor_lineage', 'cnf', 'typ', 'sid', 'sub_id'],
]);

/** @param nameOf the name of an issuer in the file; `self` for this server */
export function testTokenOf(
  { principal, type, clientId, audiences, scope, claims, chain }: TokenFacts,
  nameOf: (iss: string) => string,
): JsonObject {
  const issuer = nameOf(principal.iss);
  const kept = Object.entries(claims).filter(([name]) => !LEFT_OUT.has(name));
  return {
    issuer,
    type,
    ...(clientId !== undefined && { client: clientId }),
    ...(audiences.length > 0 && { audiences }),
    ...(scope !== 'unbounded' && { scope: [...scope] }),
    claims: {
      sub: principal.sub,
      ...Object.fromEntries(kept),
      ...(chain.length > 0 && !Object.hasOwn(claims, 'act') && { act: formatAct(chain) }),
    },
  };
}
