// Validates refresh_token: one of this server. Exchanging it does not rotate it, and only the newest one of its family is valid.
import { accessTokenClaims } from '../issuing/access-token-claims.ts';
import type { Granted } from '../issuing/authorization.ts';
import { claimedFamilyOf, parseRefreshToken } from '../issuing/refresh-token.ts';
import type { Party } from '../model/party.ts';
import { agreedAudiencesOf, type RefreshFamily, type RememberedGrant } from '../model/refresh-family.ts';
import { expired } from '../primitives/claims.ts';
import { isAccountEntry, isActorAccountEntry } from '../primitives/principal.ts';
import { isUndecided, Refusal, TokenRefusal } from '../primitives/refusal.ts';
import { refuseOtherRegion } from '../regions/elsewhere.ts';
import { carriedClaims } from './claims.ts';
import { refuseInvalidParties, refuseInvalidParty } from './parties.ts';
import {
  asValidated,
  type SubjectTokenType,
  type ValidationContext,
  type ValidationServices,
} from './validated-token.ts';

export const refreshToken = {
  name: 'refresh_token',
  validate: async (token, context) => {
    const name = parseRefreshToken(token, context.refreshKey);
    if (name === undefined) refuseOtherRegion(context.elsewhere.regionOf(claimedFamilyOf(token) ?? ''));
    if (name === undefined) throw new TokenRefusal('malformed', 'it is not a refresh token of this server');
    const family = await context.findFamily(name.family);
    if (family === undefined) throw new TokenRefusal('expired', 'its family does not exist any more');
    if (family.generation !== name.generation)
      throw new TokenRefusal('revoked', 'it was rotated: send the newest refresh token');
    refuseInvalidFamily(family, context.now, context);
    const granted = await regranted(family, context);
    const { grant, clientId, expiresAt, confirmation } = family;
    const { issuer, now } = context;
    const about = { issuer, id: family.id, family: undefined, now, expiresAt };
    const content = { ...granted, clientId, sub: grant.sub, origin: grant.origin, confirmation };
    const lineage = { lineage: [family.id, ...grant.lineage], actorLineage: grant.actorLineage };
    const claims = accessTokenClaims({ ...content, ...lineage }, about);
    return asValidated({
      principal: { iss: issuer, sub: grant.sub },
      sub: grant.sub,
      origin: grant.origin,
      namedBy: grant.actorLineage.filter(isAccountEntry),
      actorsNamedBy: grant.actorLineage.filter(isActorAccountEntry),
      type: 'refresh_token',
      clientId,
      audiences: granted.targets.map(({ audience }) => audience),
      chain: granted.chain,
      claims,
      id: family.id,
      lineage: grant.lineage,
      actorLineage: grant.actorLineage,
      scope: granted.scope,
      agreedAudiences: agreedAudiencesOf(grant),
      issuedAt: Math.floor(family.rotatedAt / 1000),
      expiresAt,
      confirmation,
      mayAct: granted.mayAct,
      authentication: granted.authentication,
      // Like an access token, it does not pass on the claims that its issuer's mapping added.
      extraClaims: carriedClaims(claims),
    });
  },
} as const satisfies SubjectTokenType;

/** Grants what an access token would have now, so that both have the same claims when exchanged. @throws TokenRefusal not_granted */
async function regranted(family: RefreshFamily, { regrant, now }: ValidationContext): Promise<Granted> {
  try {
    return await regrant(family, now);
  } catch (error) {
    if (!(error instanceof Refusal) || isUndecided(error)) throw error;
    throw new TokenRefusal('not_granted', error.reason, error);
  }
}

/** What the validity of a family depends on. */
export type FamilyServices = Pick<
  ValidationServices,
  'issuer' | 'issuers' | 'saml' | 'clients' | 'names' | 'findFamily' | 'refreshKey'
>;

/**
 * A family is refused if its parties could not get a new one: a client is disabled, or an issuer is not trusted any more.
 * @throws TokenRefusal expired, client_disabled, party_gone, unknown_issuer, name_taken, not_accepted
 */
export function refuseInvalidFamily(
  { expiresAt, clientId, grant }: RefreshFamily,
  now: number,
  { issuer, issuers, saml, clients, names }: FamilyServices,
): void {
  if (expiresAt <= now) throw expired(expiresAt, now);
  refuseInvalidParties({ ...grant, clientId }, { issuer, clients, names });
  for (const party of partiesOf(grant)) {
    refuseInvalidParty(party, { issuer, names });
    const { iss } = party.principal;
    if (iss === issuer) continue;
    const entry = issuers.byPrincipal(iss) ?? saml.get(iss);
    if (entry === undefined)
      throw new TokenRefusal('unknown_issuer', 'it derives from an issuer that is not trusted any more');
    if (!entry.accepts.has(party.type)) throw new TokenRefusal('not_accepted');
  }
}

/** The parties whose tokens were presented for the grant. The grant holds the subject's origin. */
const partiesOf = ({ subject, origin, actor }: RememberedGrant): readonly Party[] => [
  { ...subject, origin: subject.origin ?? origin },
  ...(actor ? [actor] : []),
];
