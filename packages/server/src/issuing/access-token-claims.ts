// Builds the claims of an access token: RFC 9068 section 2.2, with `act` and `may_act` of RFC 8693 section 4.
import { formatDelegation } from '../model/delegation.ts';
import { formatAct, formatOrigin } from '../primitives/principal.ts';
import { formatScope } from '../primitives/scope.ts';
import { foldMemberName, type JsonObject } from '../primitives/strict-json.ts';
import { typeClaim } from './access-token-form.ts';
import type { TokenContent } from './authorization.ts';

/** Claims that no mapping or rule may set. */
const RESERVED_CLAIMS: ReadonlySet<string> = new Set([
  ...['iss', 'sub', 'sub_id', 'aud', 'client_id', 'azp', 'iat', 'nbf', 'exp', 'jti', 'scope', 'act', 'may_act', 'cnf'],
  ...[
    'lineage',
    'actor_lineage',
    'chain_complete',
    'delegation',
    'acr',
    'amr',
    'auth_time',
    'typ',
    'events',
    'nonce',
    'at_hash',
    'c_hash',
  ],
]);

/** May no mapping and no rule set the claim, because an API could read it as one of ours? */
export const isReservedClaim = (name: string): boolean => RESERVED_CLAIMS.has(foldMemberName(name));

/** Omits members without a value. @param about.family the refresh family issued with the token */
export function accessTokenClaims(
  decision: TokenContent,
  about: { issuer: string; id: string; family: string | undefined; now: number; expiresAt: number },
): JsonObject {
  const { sub, origin, targets, clientId, scope, chain, mayAct, actorLineage, authentication, extraClaims } = decision;
  const { confirmation, delegation } = decision;
  const audiences = targets.map(({ audience }) => audience);
  const lineage = about.family === undefined ? decision.lineage : [about.family, ...decision.lineage];
  return {
    ...extraClaims,
    ...typeClaim(targets[0]),
    iss: about.issuer,
    sub,
    ...(origin && { sub_id: formatOrigin(origin) }),
    aud: audiences.length === 1 ? audiences[0] : audiences,
    client_id: clientId,
    iat: about.now,
    exp: about.expiresAt,
    jti: about.id,
    ...(scope.size > 0 && { scope: formatScope(scope) }),
    ...authentication,
    ...(confirmation && { cnf: confirmation }),
    ...(chain.length > 0 && { act: formatAct(chain) }),
    ...(mayAct && { may_act: mayAct }),
    ...(lineage.length > 0 && { lineage }),
    ...(actorLineage.length > 0 && { actor_lineage: actorLineage }),
    ...(delegation && formatDelegation(delegation)),
  };
}
