// refresh_token: one that we issued. Exchanging it does not use it up, and only the current one of its family counts.
import { accessTokenClaims } from '../issuing/access-token-claims.ts';
import type { Granted } from '../issuing/authorization.ts';
import { parseRefreshToken } from '../issuing/refresh-token.ts';
import { agreedAudiencesOf, type RefreshFamily, type RememberedGrant } from '../model/refresh-family.ts';
import { Refusal, TokenRefusal } from '../primitives/refusal.ts';
import { refuseDisabled } from './access-token.ts';
import { refuseLostOrigin } from './origin.ts';
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
 * @throws TokenRefusal expired, client_disabled, unknown_issuer, name_taken, not_accepted
 */
export function refuseDeadFamily(
  { expiresAt, clientId, grant }: RefreshFamily,
  now: number,
  { issuer, issuers, saml, clients, names }: FamilyServices,
): void {
  if (expiresAt <= now) throw new TokenRefusal('expired');
  refuseDisabled({ sub: grant.sub, clientId, chain: grant.chain, issuer, clients });
  refuseLostOrigin(grant, { issuer, names });
  for (const { iss, type } of speakersOf(grant)) {
    if (iss === issuer) continue;
    const entry = issuers.byPrincipal(iss) ?? saml.get(iss);
    if (entry === undefined)
      throw new TokenRefusal('unknown_issuer', 'it goes back to an issuer that is trusted no more');
    if (!entry.accepts.has(type)) throw new TokenRefusal('not_accepted');
  }
}

/** Whose words the grant rests on, and of which type they were where the token itself was presented. */
const speakersOf = ({ subject, actor }: RememberedGrant): { iss: string; type: string }[] =>
  [subject, ...(actor ? [actor] : [])].map(({ principal, type }) => ({ iss: principal.iss, type }));
