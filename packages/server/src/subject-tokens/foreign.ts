// Validates JWTs of other issuers, whatever their declared type: the issuer's entry, keys, times, audience and subject.
import { type CompactJws, verifyPresented } from '../keys/jws.ts';
import type { TokenFacts } from '../model/token-facts.ts';
import { checkTimes, stringList, timeClaim } from '../primitives/claims.ts';
import { MAX_LEEWAY_SECONDS } from '../primitives/clock.ts';
import { formatDuration } from '../primitives/duration.ts';
import { hasInvisibleCharacters, isName, MAX_NAME_CHARACTERS, type Principal } from '../primitives/principal.ts';
import { redactValue } from '../primitives/redact.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import { parseScope, type Scope } from '../primitives/scope.ts';
import { sha256 } from '../primitives/secret.ts';
import { trustDomainOf } from '../primitives/spiffe-id.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { findIssuerOf, type Mapped, mapFacts, type TrustedIssuer, type TrustedIssuers } from '../trust/issuer.ts';
import type { DeclaredKind } from '../trust/profiles.ts';
import { actClaim, authenticationClaims, confirmationClaim, incompleteChain, mayActClaim } from './claims.ts';
import { introspectJwt } from './introspected.ts';
import { asValidated, type ValidatedToken, type ValidationContext } from './validated-token.ts';
import { refuseOtherKinds } from './weigh.ts';

/** Finds the issuer's entry by the unverified claims. No request is sent before it is found. @throws TokenRefusal unknown_issuer */
export function issuerOf(claims: JsonObject, issuers: TrustedIssuers): TrustedIssuer {
  const entry = findIssuerOf(claims, issuers);
  if (entry === undefined)
    throw new TokenRefusal('unknown_issuer', claims.iss === undefined ? describeNoIssuer(claims) : undefined);
  return entry;
}

function describeNoIssuer({ sub }: JsonObject): string {
  if (typeof sub !== 'string' || !/^spiffe:/i.test(sub)) return 'it has no iss';
  const domain = trustDomainOf(sub);
  return domain === undefined
    ? 'it has no iss, and its sub is not a valid SPIFFE ID'
    : 'it has no iss, and no entry has the trustDomain of its sub';
}

/** @param type the declared type @throws TokenRefusal; Refusal issuer_unavailable */
export async function validateForeign(
  jws: CompactJws,
  issuer: TrustedIssuer,
  type: DeclaredKind,
  context: ValidationContext,
): Promise<ValidatedToken> {
  refuseOtherKinds(jws, type, issuer);
  if (!issuer.accepts.has(type))
    throw new TokenRefusal('not_accepted', `${issuer.issuer} accepts ${[...issuer.accepts].join(', ')}`);
  if (authenticatesClient(jws.payload, context))
    throw new TokenRefusal(
      'wrong_type',
      'its only aud is this server: it authenticates a client, and is not a subject token',
    );
  if (!(issuer.algorithms as ReadonlySet<string>).has(jws.alg)) {
    throw new TokenRefusal('algorithm', `${issuer.issuer} may sign with ${[...issuer.algorithms].join(', ')}`);
  }
  verifyPresented(jws, await issuer.keySource.find(jws), context.signatures);
  // An ID token is for its client: no endpoint knows it.
  const introspects = issuer.introspection?.of === 'always' && type !== 'id_token';
  const claims = introspects ? await introspectJwt(jws, issuer, type, context) : jws.payload;
  // Not the signature: an ECDSA signature has two valid forms, and a revoked token must stay revoked.
  return readForeign(claims, issuer, type, context, jws.signingInput);
}

/** Is the JWT-SVID a client assertion? It is not a subject token: a recipient could act as the client with it. */
const authenticatesClient = ({ sub, aud }: JsonObject, { issuer, clientIndex }: ValidationContext): boolean => {
  const [audience, ...others] = stringList(aud) ?? [];
  return audience === issuer && others.length === 0 && clientIndex.bySpiffeId(String(sub)) !== undefined;
};

/** Reads verified claims. @param text identifies a token without a `jti` @throws TokenRefusal */
export const readForeign = (
  claims: JsonObject,
  issuer: TrustedIssuer,
  type: string,
  context: Pick<ValidationContext, 'now' | 'client' | 'names'>,
  text: string,
): ValidatedToken =>
  asValidated(
    readFacts(claims, issuer, type, () => audiencesOf(claims, issuer, type, context.client.id), context, text),
  );

/** @param checkAudiences returns the audiences of a token that is for this server @throws TokenRefusal */
export function readFacts(
  claims: JsonObject,
  issuer: TrustedIssuer,
  type: string,
  checkAudiences: () => readonly string[],
  context: Pick<ValidationContext, 'now' | 'names'>,
  text: string,
): TokenFacts {
  const { now } = context;
  const expiresAt = checkAge(claims, issuer, now);
  const audiences = checkAudiences();
  const { sub, jti } = claims;
  const authenticatedAt = authTimeOf(claims, now, issuer.leeway);
  if (!isName(sub)) throw new TokenRefusal('claims', 'sub is missing or malformed');
  const principal = { iss: issuer.issuer, sub };
  const chain = actClaim(claims, { issuer: issuer.issuer, vouchesFor: 'its own subjects' });
  if (jti !== undefined && !isName(jti)) throw new TokenRefusal('claims', 'jti is malformed');
  if (issuer.reuse === 'never' && jti === undefined) throw new TokenRefusal('claims', 'a single-use token needs a jti');
  const { subject, extraClaims, unmapped } = mapFacts(issuer, { claims });
  const id = jti === undefined ? sha256(text) : foreignTokenId(issuer.issuer, jti);
  return {
    principal,
    sub: nameSubject(subject ?? { value: `${issuer.name}:${sub}` }, { name: issuer.name, principal }, context),
    origin: principal,
    type,
    // A client id in a foreign token names a client of that issuer, not one of ours.
    clientId: undefined,
    audiences,
    chain,
    claims,
    id,
    lineage: [],
    actorLineage: [],
    scope: issuer.scopes === 'intersect' ? foreignScope(claims) : 'unbounded',
    agreedAudiences: 'unbounded',
    issuedAt: timeClaim(claims, 'iat'),
    leeway: issuer.leeway,
    expiresAt,
    confirmation: confirmationClaim(claims),
    mayAct: mayActClaim(claims, issuer.issuer),
    authentication: authenticationClaims({ acr: claims.acr, amr: claims.amr, auth_time: authenticatedAt }),
    extraClaims: { ...extraClaims, ...incompleteChain(claims) },
    unmapped,
    // The entry may get a larger leeway later. Until then the id must stay used.
    ...(issuer.reuse === 'never' && { singleUse: { id, expiresAt: expiresAt + MAX_LEEWAY_SECONDS } }),
  };
}

/** Checks whom a token is for. @returns its audiences; none if the entry names its client instead @throws TokenRefusal audience */
function audiencesOf(claims: JsonObject, issuer: TrustedIssuer, type: string, caller: string): readonly string[] {
  const { aud, client_id: client } = claims;
  if (aud === undefined && type === 'access_token' && issuer.clientIds.size > 0) {
    if (typeof client === 'string' && issuer.clientIds.has(client)) return [];
    const named = typeof client === 'string' ? `its client_id ${redactValue(client)}` : 'its client_id';
    throw new TokenRefusal('audience', `it has no aud, and ${named} is none of ${[...issuer.clientIds].join(', ')}`);
  }
  const audiences = stringList(aud);
  if (audiences === undefined) throw new TokenRefusal('audience', 'it has no aud');
  // An ID token is issued to a client; the audiences of other tokens are in the issuer's entry.
  const ours = (audience: string): boolean => issuer.audiences.has(audience) || (type !== 'jwt' && audience === caller);
  if (!audiences.some(ours))
    throw new TokenRefusal('audience', `its aud holds none of ${[...issuer.audiences].join(', ')}`);
  return audiences;
}

/**
 * An `auth_time` in the future would satisfy every limit on age. Within the leeway it counts as now.
 * @throws TokenRefusal claims, not_yet_valid
 */
function authTimeOf({ auth_time: at }: JsonObject, now: number, leeway: number): number | undefined {
  if (at === undefined) return undefined;
  if (typeof at !== 'number' || !Number.isSafeInteger(at) || at < 0)
    throw new TokenRefusal('claims', 'auth_time is not a time in whole seconds');
  if (at > now + leeway)
    throw new TokenRefusal(
      'not_yet_valid',
      `auth_time is ${formatDuration(at - now)} ahead of the clock of this server`,
    );
  return Math.min(at, now);
}

/** The id of a foreign token in lineage and revocations. */
export const foreignTokenId = (issuer: string, id: string): string => sha256(JSON.stringify([issuer, id]));

/** Refuses a token if its end, or its age where a limit applies, is unknown. */
function checkAge(claims: JsonObject, { maxAge, leeway }: TrustedIssuer, now: number): number {
  const { expiresAt, issuedAt } = checkTimes(claims, now, leeway);
  if (maxAge !== undefined && (issuedAt === undefined || now - issuedAt > maxAge + leeway))
    throw new TokenRefusal('too_old', describeAge(issuedAt, maxAge, now));
  return expiresAt;
}

/** @param issuedAt in seconds since 1970, like `now` @param maxAge in seconds */
export const describeAge = (issuedAt: number | undefined, maxAge: number, now: number): string =>
  issuedAt === undefined
    ? 'it has no iat, and its issuer entry has a maxAge'
    : `it was issued ${formatDuration(now - issuedAt)} ago, and maxAge of its issuer entry is ${formatDuration(maxAge)}`;

/**
 * Returns the name of the subject in our tokens. It must not belong to another subject.
 * @param mapped the name that the mapping of the issuer's entry gives @param by the issuer's name here, and the subject there
 * @throws TokenRefusal subject, name_taken
 */
export function nameSubject(
  mapped: Mapped,
  by: { readonly name: string; readonly principal: Principal },
  { names }: Pick<ValidationContext, 'names'>,
): string {
  const { name, principal } = by;
  if ('problem' in mapped)
    throw new TokenRefusal('subject', `subject of its issuer entry gives no name: ${mapped.problem}`);
  const { value } = mapped;
  const shown = value === `${name}:${principal.sub}` ? principal.sub : value;
  if (!isName(value) || hasInvisibleCharacters(String(shown)))
    throw new TokenRefusal('subject', `its subject does not have a name that can be used: it is ${whyNoName(value)}`);
  const owner = names.otherOwner(value, by);
  if (owner !== undefined) throw new TokenRefusal('name_taken', `the name belongs to ${owner}`);
  return value;
}

/** In words, without the value. */
function whyNoName(value: unknown): string {
  if (typeof value !== 'string')
    return value === null
      ? 'null'
      : `${Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'a map' : `a ${typeof value}`}, not a text`;
  if (value === '') return 'an empty text';
  if (value.length > MAX_NAME_CHARACTERS)
    return `a text of ${value.length} characters, and ${MAX_NAME_CHARACTERS} are allowed`;
  return 'a text with characters that cannot be seen or printed';
}

/** `scope` as RFC 8693 section 4.2 defines it, or a list, as some issuers write it. @throws TokenRefusal claims */
function foreignScope({ scope, scp }: JsonObject): Scope {
  const value = scope ?? scp ?? '';
  const text = Array.isArray(value) && value.every((name) => typeof name === 'string') ? value.join(' ') : value;
  const parsed = text === '' ? new Set<string>() : typeof text === 'string' ? parseScope(text) : undefined;
  if (parsed === undefined) throw new TokenRefusal('claims', 'scope is malformed');
  return parsed;
}
