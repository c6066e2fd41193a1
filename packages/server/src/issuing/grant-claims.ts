// Builds the grants that other authorization servers redeem. They have a type of their own: no server, and no door of this one, takes
// them for an access token, an ID token or a logout token.
import { createHmac } from 'node:crypto';
import { scopeThere } from '../model/authorization-server.ts';
import type { Resource } from '../model/resource.ts';
import { formatAct, withoutOrigin } from '../primitives/principal.ts';
import { formatScope } from '../primitives/scope.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { accessTokenClaims } from './access-token-claims.ts';
import type { Decision, ServerGrantContent, TokenContent } from './authorization.ts';

/**
 * The `typ` of each kind (draft-ietf-oauth-identity-assertion-authz-grant section 3.1, draft-ietf-oauth-rfc7523bis). Identity chaining
 * prescribes none.
 */
export const GRANT_HEADER_TYPES = { id_jag: 'oauth-id-jag+jwt', chaining_grant: 'authorization-grant+jwt' } as const;

type GrantContent = Pick<TokenContent, 'targets' | 'scope' | 'chain' | 'confirmation' | 'extraClaims'> & {
  readonly grantFor: ServerGrantContent;
};

/** The URIs of the resources; none if the server itself is the target. */
const resourcesThere = ({ server }: ServerGrantContent, targets: readonly Resource[]): readonly string[] =>
  targets.map(({ audience }) => audience).filter((audience) => audience !== server.issuer);

/** `act` is copied, and `chain_complete: false` if actors are missing in it; `may_act`, the lineage and the origins of the subject and the actors are ours alone. @param about.sub the subject's name there */
export function grantClaims(
  { grantFor, targets, scope, chain, confirmation, extraClaims }: GrantContent,
  about: { issuer: string; id: string; sub: string; now: number; expiresAt: number },
): JsonObject {
  const { server, clientId, subjectId, claims } = grantFor;
  const resources = resourcesThere(grantFor, targets);
  const there = scopeThere(scope, server);
  return {
    ...claims,
    iss: about.issuer,
    sub: about.sub,
    ...(subjectId && { sub_id: subjectId }),
    aud: server.issuer,
    ...(clientId !== undefined && { client_id: clientId }),
    iat: about.now,
    exp: about.expiresAt,
    jti: about.id,
    ...(resources.length > 0 && { resource: resources.length === 1 ? resources[0] : resources }),
    ...(there.size > 0 && { scope: formatScope(there) }),
    ...(server.tenant !== undefined && { aud_tenant: server.tenant }),
    ...(confirmation && { cnf: confirmation }),
    ...(chain.length > 0 && { act: formatAct(chain.map(withoutOrigin)) }),
    ...(extraClaims.chain_complete === false && { chain_complete: false }),
  };
}

/** The subject's name there. A pairwise one differs for each server, and shows nothing of the name here. */
export function subjectThere({ sub, server }: ServerGrantContent, nameHere: string, key: string): string {
  if (sub !== 'pairwise') return sub.name;
  return createHmac('sha256', key)
    .update(JSON.stringify([server.issuer, nameHere]))
    .digest('base64url');
}

/** The claims of a decision that is not issued, for explanations and tests of rules. */
export function imaginedClaims(decision: Decision, about: { issuer: string; id: string; now: number }): JsonObject {
  const { grantFor, lifetime } = decision;
  const times = { ...about, expiresAt: about.now + lifetime };
  if (grantFor === undefined) return accessTokenClaims(decision, { ...times, family: undefined });
  const sub = grantFor.sub === 'pairwise' ? '(pairwise)' : grantFor.sub.name;
  return grantClaims({ ...decision, grantFor }, { ...times, sub });
}
