// refresh_token: one that we issued. Exchanging it does not use it up, and only the current one of its family counts.
import type { RefreshFamily, RememberedGrant } from '../issuing/family.ts';
import { parseRefreshToken } from '../issuing/refresh-token.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import { refuseDisabled } from './access-token.ts';
import { asValidated, type SubjectTokenType, type ValidationContext } from './validated-token.ts';

export const refreshToken = {
  name: 'refresh_token',
  validate: async (token, context) => {
    const name = parseRefreshToken(token, context.refreshKey);
    if (name === undefined) throw new TokenRefusal('malformed', 'it is no refresh token of this server');
    const family = await context.findFamily(name.family);
    if (family === undefined) throw new TokenRefusal('expired', 'its family is gone');
    if (family.generation !== name.generation) throw new TokenRefusal('revoked', 'a newer one has taken its place');
    refuseDeadFamily(family, context);
    const { grant, clientId } = family;
    return asValidated({
      principal: { iss: context.issuer, sub: grant.sub },
      sub: grant.sub,
      origin: grant.origin,
      type: 'refresh_token',
      clientId,
      audiences: [],
      chain: grant.chain,
      claims: grant.subject.claims,
      id: family.id,
      lineage: grant.lineage,
      actorLineage: grant.actorLineage,
      scope: new Set(grant.scope),
      issuedAt: Math.floor(family.rotatedAt / 1000),
      expiresAt: family.expiresAt,
      confirmation: family.confirmation,
      mayAct: grant.mayAct,
      authentication: grant.authentication,
      extraClaims: grant.extraClaims,
    });
  },
} as const satisfies SubjectTokenType;

/**
 * Nobody speaks through an old grant who could not speak anew: no disabled client, and no issuer that is trusted no more.
 * @throws TokenRefusal expired, client_disabled, unknown_issuer, not_accepted
 */
export function refuseDeadFamily(
  { expiresAt, clientId, grant }: RefreshFamily,
  { now, issuer, issuers, saml, clients }: Pick<ValidationContext, 'now' | 'issuer' | 'issuers' | 'saml' | 'clients'>,
): void {
  if (expiresAt <= now) throw new TokenRefusal('expired');
  refuseDisabled({ sub: grant.sub, clientId, chain: grant.chain, issuer, clients });
  for (const { iss, type } of speakersOf(grant)) {
    if (iss === issuer) continue;
    const entry = issuers.byPrincipal(iss) ?? saml.get(iss);
    if (entry === undefined)
      throw new TokenRefusal('unknown_issuer', 'it goes back to an issuer that is trusted no more');
    if (type !== undefined && !entry.accepts.has(type)) throw new TokenRefusal('not_accepted');
  }
}

/** Whose words the grant rests on, and of which type they were where the token itself was presented. */
const speakersOf = ({ origin, subject, actor }: RememberedGrant): { iss: string; type?: string }[] => [
  ...(origin ? [{ iss: origin.iss }] : []),
  ...[subject, ...(actor ? [actor] : [])].map(({ principal, type }) => ({ iss: principal.iss, type })),
];
