// Collects what a refresh family remembers, so that the rules can be evaluated again at every refresh.
import type { TokenDecision } from '../issuing/authorization.ts';
import type { Party } from '../model/party.ts';
import type { RememberedGrant } from '../model/refresh-family.ts';
import type { TokenFacts } from '../model/token-facts.ts';

/** @param mapped whether the rule maps the scope of the subject token to other names */
export function rememberGrant(
  decision: TokenDecision,
  subject: TokenFacts,
  actor: TokenFacts | undefined,
  mapped: boolean,
): RememberedGrant {
  return {
    type: decision.type === 'jwt' ? 'jwt' : 'access_token',
    sub: decision.sub,
    origin: decision.origin,
    scope: [...decision.scope],
    ...(mapped && { subjectScope: subject.scope === 'unbounded' ? subject.scope : [...subject.scope] }),
    targets: decision.targets.map(({ audience }) => audience),
    chain: decision.chain,
    mayAct: decision.mayAct,
    lineage: decision.lineage,
    actorLineage: decision.actorLineage,
    authentication: decision.authentication,
    delegation: decision.delegation,
    extraClaims: subject.extraClaims,
    subject: party(subject),
    actor: actor && party(actor),
    agreedAudiences: subject.agreedAudiences,
    bound: { subject: subject.confirmation, actor: actor?.confirmation },
  };
}

/** The facts of a token, without its text. */
const party = ({
  principal,
  origin,
  namedBy,
  actorsNamedBy,
  type,
  clientId,
  audiences,
  chain,
  claims,
}: TokenFacts): Party => ({
  principal,
  origin,
  ...(namedBy !== undefined && namedBy.length > 0 && { namedBy }),
  ...(actorsNamedBy !== undefined && actorsNamedBy.length > 0 && { actorsNamedBy }),
  type,
  clientId,
  audiences,
  chain,
  claims,
});
