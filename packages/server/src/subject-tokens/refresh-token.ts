// refresh_token: one that we issued. Exchanging it does not use it up, and only the current one of its family counts.
import { accessTokenClaims } from '../issuing/access-token-claims.ts';
import type { Granted } from '../issuing/authorization.ts';
import { parseRefreshToken } from '../issuing/refresh-token.ts';
import type { Party } from '../model/party.ts';
import { agreedAudiencesOf, type RefreshFamily, type RememberedGrant } from '../model/refresh-family.ts';
import { expired } from '../primitives/claims.ts';
import { Refusal, TokenRefusal } from '../primitives/refusal.ts';
import { refuseLostParties, refuseLostParty } from './parties.ts';
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
    if (name === undefined) throw new TokenRefusal('malformed', 'it is no refresh token of this server');
    const family = await context.findFamily(name.family);
    if (family === undefined) throw new TokenRefusal('expired', 'its family is gone');
    if (family.generation !== name.generation) throw new TokenRefusal('revoked', 'a newer one has taken its place');
    refuseDeadFamily(family, context.now, context);
    const granted = await regranted(family, context);
    const { grant, clientId, expiresAt, confirmation } = family;
    const { issuer, now } = context;
    const about = { issuer, id: family.id, family: undefined, now, expiresAt };
    const said = { ...granted, clientId, sub: grant.sub, origin: grant.origin, confirmation };
    const lineage = { lineage: [family.id, ...grant.lineage], actorLineage: grant.actorLineage };
    return asValidated({
      principal: { iss: issuer, sub: grant.sub },
      sub: grant.sub,
      origin: grant.origin,
      type: 'refresh_token',
      clientId,
      audiences: [],
      chain: granted.chain,
      claims: accessTokenClaims({ ...said, ...lineage }, about),
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
      // An access token hands on nothing of what its issuer added, and so does this.
      extraClaims: {},
    });
  },
} as const satisfies SubjectTokenType;

/** It says exactly what an access token would say that it is exchanged for now. @throws TokenRefusal not_granted */
async function regranted(family: RefreshFamily, { regrant, now }: ValidationContext): Promise<Granted> {
  try {
    return await regrant(family, now);
  } catch (error) {
    if (!(error instanceof Refusal) || error.reason === 'store_unavailable') throw error;
    throw new TokenRefusal('not_granted', error.reason, error);
  }
}

/** What tells whether a family is alive. */
export type FamilyServices = Pick<
  ValidationServices,
  'issuer' | 'issuers' | 'saml' | 'clients' | 'names' | 'findFamily' | 'refreshKey'
>;

/**
 * Nobody speaks through an old grant who could not speak anew: no disabled client, and no issuer that is trusted no more.
 * @throws TokenRefusal expired, client_disabled, party_gone, unknown_issuer, name_taken, not_accepted
 */
export function refuseDeadFamily(
  { expiresAt, clientId, grant }: RefreshFamily,
  now: number,
  { issuer, issuers, saml, clients, names }: FamilyServices,
): void {
  if (expiresAt <= now) throw expired(expiresAt, now);
  refuseLostParties({ ...grant, clientId }, { issuer, clients, names });
  for (const party of partiesOf(grant)) {
    refuseLostParty(party, { issuer, names });
    const { iss } = party.principal;
    if (iss === issuer) continue;
    const entry = issuers.byPrincipal(iss) ?? saml.get(iss);
    if (entry === undefined)
      throw new TokenRefusal('unknown_issuer', 'it goes back to an issuer that is trusted no more');
    if (!entry.accepts.has(party.type)) throw new TokenRefusal('not_accepted');
  }
}

/** Whose tokens were presented for the grant. Of the subject the grant itself says where it came from. */
const partiesOf = ({ subject, origin, actor }: RememberedGrant): readonly Party[] => [
  { ...subject, origin: subject.origin ?? origin },
  ...(actor ? [actor] : []),
];
