// access_token: one that we issued ourselves (RFC 8693 section 3), a JWT of RFC 9068.

import type { Clients } from '../client-auth/client.ts';
import { readCompact, verifyCompact } from '../keys/jws.ts';
import { type Chain, isName, parseAct, parsePrincipal } from '../primitives/principal.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import { parseScope } from '../primitives/scope.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { authenticationClaims, mayActClaim, stringList, timeClaim } from './claims.ts';
import { asValidated, type SubjectTokenType, type ValidatedToken, type ValidationContext } from './validated-token.ts';

/** How far the clocks of our own nodes may disagree, in seconds. `exp` gets no leeway: it would add up along a chain. */
const NODE_SKEW = 30;

export const accessToken = {
  name: 'access_token',
  validate: async (token, context) => {
    const jws = readCompact(token);
    if (jws.typ !== 'at+jwt') throw new TokenRefusal('wrong_type', 'its typ is not at+jwt');
    if (jws.payload.iss !== context.issuer)
      throw new TokenRefusal('unknown_issuer', 'an access_token must be one of ours');
    const key = jws.kid === undefined ? undefined : context.keys.verifying(jws.kid);
    if (key === undefined) throw new TokenRefusal('unknown_key');
    verifyCompact(jws, key);
    return readClaims(jws.payload, context);
  },
} as const satisfies SubjectTokenType;

function readClaims(claims: JsonObject, { issuer, clients, now }: ValidationContext): ValidatedToken {
  const { sub, jti, client_id: clientId, aud } = claims;
  const audiences = stringList(aud);
  const expiresAt = timeClaim(claims, 'exp');
  const issuedAt = timeClaim(claims, 'iat');
  if (expiresAt === undefined || issuedAt === undefined) throw new TokenRefusal('claims', 'exp or iat is missing');
  if (expiresAt <= now) throw new TokenRefusal('expired');
  if (issuedAt > now + NODE_SKEW) throw new TokenRefusal('not_yet_valid');
  if (!isName(sub) || !isName(jti) || !isName(clientId) || audiences === undefined) {
    throw new TokenRefusal('claims', 'sub, jti, client_id or aud is missing or malformed');
  }
  const chain = parseAct(claims.act, issuer);
  const scope =
    claims.scope === undefined
      ? new Set<string>()
      : typeof claims.scope === 'string'
        ? parseScope(claims.scope)
        : undefined;
  if (chain === undefined || scope === undefined) throw new TokenRefusal('claims', 'act or scope is malformed');
  refuseDisabled({ sub, clientId, chain, issuer, clients });
  return asValidated({
    principal: { iss: issuer, sub },
    sub,
    origin: originClaim(claims.sub_id),
    type: 'access_token',
    clientId,
    audiences,
    chain,
    claims,
    id: jti,
    lineage: stringList(claims.lineage) ?? [],
    actorLineage: stringList(claims.actor_lineage) ?? [],
    scope,
    expiresAt,
    mayAct: mayActClaim(claims, issuer),
    authentication: authenticationClaims(claims),
  });
}

/** Disabling a client kills its tokens: those issued to it, those about it, and those in which it acts now. */
function refuseDisabled(token: {
  sub: string;
  clientId: string;
  chain: Chain;
  issuer: string;
  clients: Clients;
}): void {
  const { sub, clientId, chain, issuer, clients } = token;
  if (!clients.has(clientId)) throw new TokenRefusal('client_disabled', 'the client that it was issued to is unknown');
  const actor = chain[0]?.iss === issuer ? chain[0].sub : undefined;
  const disabled = [clientId, sub, actor].find((id) => id !== undefined && clients.get(id)?.disabled);
  if (disabled !== undefined) throw new TokenRefusal('client_disabled', `${disabled} is disabled`);
}

const originClaim = (subId: unknown) => (subId === undefined ? undefined : parsePrincipal(subId, ''));
