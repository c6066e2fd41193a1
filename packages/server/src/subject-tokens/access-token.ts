// access_token: one that we issued ourselves (RFC 8693 section 3), a JWT of RFC 9068 or an opaque one. Another issuer's only
// where its entry lists access_token under `accepts`.

import { isOpaqueToken } from '../issuing/opaque-token.ts';
import { isRefreshToken } from '../issuing/refresh-token.ts';
import { type CompactJws, readCompact, verifyPresented } from '../keys/jws.ts';
import type { TokenFacts } from '../model/token-facts.ts';
import { mayTake } from '../policy/match.ts';
import { expired, refuseFuture, stringList, timeClaim } from '../primitives/claims.ts';
import { isName, type Principal, parseOrigin } from '../primitives/principal.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import { parseScope } from '../primitives/scope.ts';
import { sha256 } from '../primitives/secret.ts';
import { type JsonObject, parseJsonObject } from '../primitives/strict-json.ts';
import { introspectAt } from '../trust/introspection.ts';
import { actClaim, authenticationClaims, confirmationClaim, mayActClaim } from './claims.ts';
import { issuerOf, readForeign, validateForeign } from './foreign.ts';
import { refuseLostParties } from './parties.ts';
import { refuseStatedOther } from './stated-kind.ts';
import { asValidated, type SubjectTokenType, type ValidatedToken, type ValidationContext } from './validated-token.ts';

/** How far the clocks of our own nodes may disagree, in seconds. `exp` gets no leeway: it would add up along a chain. */
const NODE_SKEW = 30;

export const accessToken = {
  name: 'access_token',
  validate: async (token, context) => {
    if (isOpaqueToken(token)) return validateOpaque(token, context);
    if (context.issuers.introspecting !== undefined && mayBeForeignOpaque(token))
      return validateByIntrospection(token, context);
    const jws = readCompact(token);
    if (jws.payload.iss === context.issuer) return validateOwnJwt(jws, context);
    const issuer = issuerOf(jws.payload, context.issuers);
    refuseOtherThanAccess(jws);
    return validateForeign(jws, issuer, 'access_token', context);
  },
} as const satisfies SubjectTokenType;

/** What may be told to another issuer, to ask whether it is its token: no JWT, nothing of ours, nothing longer than a name. */
const mayBeForeignOpaque = (token: string): boolean => /^[\w~+/=-]{1,2048}$/.test(token) && !isRefreshToken(token);

/** Signed by our own key: a token that a resource's secret signed is of another type (resource-token.ts). @throws TokenRefusal */
export function validateOwnJwt(jws: CompactJws, context: ValidationContext): ValidatedToken {
  if (jws.typ !== 'at+jwt') throw new TokenRefusal('wrong_type', 'its typ is not at+jwt');
  const key = jws.kid === undefined ? undefined : context.keys.verifying(jws.kid);
  if (key === undefined) throw unknownOwnKey(jws);
  verifyPresented(jws, key, context.signatures);
  return asValidated(readOwnClaims(jws.payload, context));
}

/** Its key was retired, or the token comes from another installation that has our name. */
export const unknownOwnKey = ({ kid }: CompactJws): TokenRefusal =>
  new TokenRefusal(
    'unknown_key',
    kid === undefined ? 'it has no kid' : 'its iss is this server, whose keys do not have its kid (any more)',
  );

async function validateOpaque(token: string, context: ValidationContext): Promise<ValidatedToken> {
  const claims = parseJsonObject((await context.findOpaque(sha256(token))) ?? '');
  if (claims === undefined) throw new TokenRefusal('unknown_key', 'no such opaque token');
  return asValidated(readOwnClaims(claims, context));
}

async function validateByIntrospection(token: string, context: ValidationContext): Promise<ValidatedToken> {
  const issuer = context.issuers.introspecting;
  if (issuer === undefined || !issuer.accepts.has('access_token')) throw new TokenRefusal('not_accepted');
  const { client, policy, role } = context;
  // Whoever asks an endpoint makes it work: a client does so only for tokens that it could exchange.
  const rules = policy.byClient.get(client.id)?.all ?? [];
  if (!rules.some((rule) => mayTake(rule, role, issuer.issuer, 'access_token')))
    throw new TokenRefusal('not_accepted', `no rule lets this client bring tokens of ${issuer.name}`);
  const answer = await introspectAt(issuer, token, client.id);
  if (answer === undefined) throw new TokenRefusal('inactive');
  // An answer that names another issuer, or none, or no client, may speak of another token.
  if (answer.iss !== issuer.issuer)
    throw new TokenRefusal('unknown_issuer', 'the introspection answer names another issuer');
  refuseStatedOther(answer, 'access_token');
  if (!isName(answer.client_id)) throw new TokenRefusal('claims', 'the introspection answer names no client_id');
  return readForeign(answer, issuer, 'access_token', context, token);
}

/** A foreign access token says so: by its `typ` (RFC 9068), or by what only access tokens hold and ID tokens do not. */
function refuseOtherThanAccess({ typ, payload }: CompactJws): void {
  refuseStatedOther(payload, 'access_token');
  if (typ === 'at+jwt') return;
  const plain = typ === undefined || typ === 'jwt';
  const access = 'scope' in payload || 'scp' in payload || 'client_id' in payload || payload.typ === 'Bearer';
  if (!plain || !access || 'nonce' in payload)
    throw new TokenRefusal('wrong_type', 'nothing says that it is an access token');
}

/** The claims of an access token in our form. Whoever calls it knows who vouches for them. @throws TokenRefusal */
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
  refuseFuture({ iat: issuedAt, nbf: timeClaim(claims, 'nbf') }, now, NODE_SKEW);
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
  refuseLostParties({ clientId, sub, origin, chain, actorLineage }, { issuer, clients, names });
  return {
    principal: { iss: issuer, sub },
    sub,
    origin,
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
    extraClaims: {},
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
