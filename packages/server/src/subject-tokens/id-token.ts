// Validates id_token: a person's sign-in, attested to a client by this server or by a trusted OpenID provider (OpenID Connect
// Core sections 2 and 3.1.3.7).
import { isAccessToken } from '../issuing/access-token-form.ts';
import { type CompactJws, readCompact, verifyPresented } from '../keys/jws.ts';
import { expired, stringList, timeClaim } from '../primitives/claims.ts';
import { isName } from '../primitives/principal.ts';
import { redactValue } from '../primitives/redact.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import { parseScope } from '../primitives/scope.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { idList, originClaim, unknownOwnKey } from './access-token.ts';
import { authenticationClaims, confirmationClaim, mayActClaim } from './claims.ts';
import { issuerOf, validateForeign } from './foreign.ts';
import { refuseInvalidParties } from './parties.ts';
import { asValidated, type SubjectTokenType, type ValidatedToken, type ValidationContext } from './validated-token.ts';
import { refuseOtherKinds } from './weigh.ts';

export const idToken = {
  name: 'id_token',
  validate: async (token, context) => {
    const jws = readCompact(token);
    const { payload } = jws;
    if (payload.iss === context.issuer) return validateOwn(jws, context);
    const issuer = issuerOf(payload, context.issuers);
    // An access token does not prove a sign-in.
    refuseOtherKinds(jws, 'id_token', issuer);
    const { iat, azp } = payload;
    if (typeof iat !== 'number') throw new TokenRefusal('claims', 'iat is missing');
    if (azp === undefined && (stringList(payload.aud)?.length ?? 0) > 1) {
      throw new TokenRefusal('audience', 'it has several audiences, and no azp that names the client it was made for');
    }
    if (azp !== undefined && azp !== context.client.id && !(typeof azp === 'string' && issuer.audiences.has(azp))) {
      throw new TokenRefusal(
        'audience',
        `it was made for the client ${JSON.stringify(redactValue(azp))} (azp), not for ${context.client.id}`,
      );
    }
    return validateForeign(jws, issuer, 'id_token', context);
  },
} as const satisfies SubjectTokenType;

/** Validates an ID token of this server: signed by a current key, for one client of the configuration. */
function validateOwn(
  jws: CompactJws,
  { keys, issuer, clients, names, signatures, now }: ValidationContext,
): ValidatedToken {
  const { payload: claims } = jws;
  if (isAccessToken(jws) || 'scope' in claims || 'client_id' in claims)
    throw new TokenRefusal('wrong_type', 'it is an access token');
  if (jws.typ !== 'jwt') throw new TokenRefusal('wrong_type', 'its typ is not JWT');
  if ('events' in claims) throw new TokenRefusal('wrong_type', 'it is a logout token or another security event');
  const key = jws.kid === undefined ? undefined : keys.verifying(jws.kid);
  if (key === undefined) throw unknownOwnKey(jws);
  verifyPresented(jws, key, signatures);
  const { sub, jti, aud } = claims;
  const expiresAt = timeClaim(claims, 'exp');
  if (!isName(sub) || !isName(jti) || !isName(aud) || expiresAt === undefined)
    throw new TokenRefusal('claims', 'sub, jti, aud or exp is missing or malformed');
  if (expiresAt <= now) throw expired(expiresAt, now);
  const origin = originClaim(claims);
  refuseInvalidParties({ clientId: aud, sub, origin, chain: [], actorLineage: [] }, { issuer, clients, names });
  const agreed = agreedClaim(claims);
  return asValidated({
    principal: { iss: issuer, sub },
    sub,
    origin,
    type: 'id_token',
    clientId: aud,
    audiences: [aud],
    chain: [],
    claims,
    id: jti,
    lineage: idList(claims.lineage),
    actorLineage: [],
    scope: agreed.scope,
    agreedAudiences: agreed.audiences,
    issuedAt: timeClaim(claims, 'iat'),
    expiresAt,
    mayAct: mayActClaim(agreed.claim, issuer),
    authentication: authenticationClaims(claims),
    confirmation: confirmationClaim(agreed.claim),
    extraClaims: {},
  });
}

/**
 * Reads what the person agreed to. It limits every token exchanged for this one, as it limits the access token issued with it.
 * @throws TokenRefusal claims if the claim is missing: without it the token would be unlimited
 */
function agreedClaim({ agreed }: JsonObject) {
  if (typeof agreed !== 'object' || agreed === null || Array.isArray(agreed))
    throw new TokenRefusal('claims', 'the claim agreed is missing: it states what the person agreed to');
  const claim = agreed as JsonObject;
  const scope = typeof claim.scope === 'string' ? parseScope(claim.scope) : undefined;
  const audiences = stringList(claim.aud);
  if (scope === undefined || audiences === undefined) throw new TokenRefusal('claims', 'agreed is malformed');
  return { claim, scope, audiences };
}
