// Validates access_token: a token of this server (RFC 8693 section 3), either a JWT of RFC 9068 or opaque. A foreign one is
// accepted only if the entry of its issuer lists access_token under `accepts`.

import { requireAccessToken } from '../issuing/access-token-form.ts';
import { claimedIdOf, isOpaqueToken } from '../issuing/opaque-token.ts';
import { type CompactJws, readCompact, verifyPresented } from '../keys/jws.ts';
import type { TokenFacts } from '../model/token-facts.ts';
import { expired, refuseFuture, stringList, timeClaim } from '../primitives/claims.ts';
import { isAccountEntry, isActorAccountEntry, isName, type Principal, parseOrigin } from '../primitives/principal.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import { parseScope } from '../primitives/scope.ts';
import { sha256 } from '../primitives/secret.ts';
import { type JsonObject, parseJsonObject } from '../primitives/strict-json.ts';
import { refuseOtherRegion } from '../regions/elsewhere.ts';
import { actClaim, authenticationClaims, carriedClaims, confirmationClaim, mayActClaim } from './claims.ts';
import { issuerOf, readForeign, validateForeign } from './foreign.ts';
import { introspectOpaque, mayBeForeignOpaque } from './introspected.ts';
import { refuseInvalidParties } from './parties.ts';
import { asValidated, type SubjectTokenType, type ValidatedToken, type ValidationContext } from './validated-token.ts';

/** Tolerated clock difference between nodes. `exp` gets no leeway, because leeways would add up along a chain. */
const NODE_SKEW_SECONDS = 30;

export const accessToken = {
  name: 'access_token',
  validate: async (token, context) => {
    if (isOpaqueToken(token)) return validateOpaque(token, context);
    if (context.issuers.introspecting !== undefined && mayBeForeignOpaque(token))
      return validateByIntrospection(token, context);
    const jws = readCompact(token);
    if (jws.payload.iss === context.issuer) return validateOwnJwt(jws, context);
    return validateForeign(jws, issuerOf(jws.payload, context.issuers), 'access_token', context);
  },
} as const satisfies SubjectTokenType;

/** Validates a token signed by a key of this server. For tokens signed by a resource's secret see resource-token.ts. @throws TokenRefusal */
export function validateOwnJwt(jws: CompactJws, context: ValidationContext): ValidatedToken {
  requireAccessToken(jws);
  const key = jws.kid === undefined ? undefined : context.keys.verifying(jws.kid);
  if (key === undefined) throw unknownOwnKey(jws);
  verifyPresented(jws, key, context.signatures);
  return asValidated(readOwnClaims(jws.payload, context));
}

/** The key was retired, or another installation with the same issuer name made the token. */
export const unknownOwnKey = ({ kid }: CompactJws): TokenRefusal =>
  new TokenRefusal(
    'unknown_key',
    kid === undefined
      ? 'it has no kid'
      : 'its iss is this server, but this server does not have a key with its kid (any more)',
  );

async function validateOpaque(token: string, context: ValidationContext): Promise<ValidatedToken> {
  const claims = parseJsonObject((await context.findOpaque(sha256(token))) ?? '');
  if (claims === undefined) {
    refuseOtherRegion(context.elsewhere.regionOf(claimedIdOf(token) ?? ''));
    throw new TokenRefusal('unknown_key', 'no such opaque token');
  }
  return asValidated(readOwnClaims(claims, context));
}

async function validateByIntrospection(token: string, context: ValidationContext): Promise<ValidatedToken> {
  const issuer = context.issuers.introspecting;
  if (issuer === undefined || !issuer.accepts.has('access_token')) throw new TokenRefusal('not_accepted');
  return readForeign(await introspectOpaque(token, issuer, context), issuer, 'access_token', context, token);
}

/** Reads the claims of an access token in our form. The caller has verified who vouches for them. @throws TokenRefusal */
export function readOwnClaims(
  claims: JsonObject,
  { issuer, clients, names, now }: Pick<ValidationContext, 'issuer' | 'clients' | 'names' | 'now'>,
): TokenFacts {
  const { sub, jti, client_id: clientId, aud } = claims;
  const audiences = stringList(aud);
  const expiresAt = timeClaim(claims, 'exp');
  const issuedAt = timeClaim(claims, 'iat');
  if (expiresAt === undefined || issuedAt === undefined) throw new TokenRefusal('claims', 'exp or iat is missing');
  if (expiresAt <= now) throw expired(expiresAt, now);
  refuseFuture({ iat: issuedAt, nbf: timeClaim(claims, 'nbf') }, now, NODE_SKEW_SECONDS);
  if (!isName(sub) || !isName(jti) || !isName(clientId) || audiences === undefined) {
    throw new TokenRefusal('claims', 'sub, jti, client_id or aud is missing or malformed');
  }
  const chain = actClaim(claims, { issuer, vouchesFor: 'everyone' });
  const { scope: text = '' } = claims;
  const scope = text === '' ? new Set<string>() : typeof text === 'string' ? parseScope(text) : undefined;
  if (scope === undefined) throw new TokenRefusal('claims', 'scope is malformed');
  const lineage = idList(claims.lineage);
  const actorLineage = idList(claims.actor_lineage);
  const origin = originClaim(claims);
  refuseInvalidParties({ clientId, sub, origin, chain, actorLineage }, { issuer, clients, names });
  return {
    principal: { iss: issuer, sub },
    sub,
    origin,
    namedBy: actorLineage.filter(isAccountEntry),
    actorsNamedBy: actorLineage.filter(isActorAccountEntry),
    type: 'access_token',
    clientId,
    audiences,
    chain,
    claims,
    id: jti,
    lineage,
    actorLineage,
    scope,
    agreedAudiences: 'unbounded',
    issuedAt,
    expiresAt,
    confirmation: confirmationClaim(claims),
    mayAct: mayActClaim(claims, issuer),
    authentication: authenticationClaims(claims),
    extraClaims: carriedClaims(claims),
  };
}

export function idList(value: unknown): readonly string[] {
  if (value === undefined) return [];
  const list = Array.isArray(value) ? stringList(value) : undefined;
  if (list === undefined) throw new TokenRefusal('claims', 'its lineage is malformed');
  return list;
}

/** RFC 9493 section 3.2.2. @throws TokenRefusal claims */
export function originClaim({ sub_id: subId }: JsonObject): Principal | undefined {
  const origin = parseOrigin(subId);
  if (origin === 'malformed') throw new TokenRefusal('claims', 'sub_id is malformed');
  return origin;
}
