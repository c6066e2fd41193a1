// Reads a token that is given as facts, in a test of a rule or in a simulated exchange, like a real one but without a signature.
import type { TokenFacts } from '../model/token-facts.ts';
import { isName, parsePrincipal } from '../primitives/principal.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { isRedeemed, type RedeemedTypeName } from '../primitives/token-type.ts';
import { missingName } from '../saml/subject-name.ts';
import { originClaim } from '../subject-tokens/access-token.ts';
import { checkImagined } from '../subject-tokens/assertion.ts';
import { actClaim, authenticationClaims, confirmationClaim, mayActClaim } from '../subject-tokens/claims.ts';
import { readForeign } from '../subject-tokens/foreign.ts';
import { refuseInvalidParties } from '../subject-tokens/parties.ts';
import { mapAssertion } from '../subject-tokens/saml.ts';
import type { ValidationContext } from '../subject-tokens/validated-token.ts';
import type { TrustedIssuer } from '../trust/issuer.ts';
import type { SamlIssuerEntry } from '../trust/saml-issuer.ts';
import { simulatedToken } from './simulate.ts';

/** The facts of a token, in the form that tests of rules have in the file. */
export interface UnsignedToken {
  /** Its short name or its `iss`; `self` is this server. */
  readonly issuer: string;
  /** Short name of the token type. */
  readonly type: string;
  /** The client that the token was issued to. Default for tokens of this server: the calling client. */
  readonly client?: string | undefined;
  readonly audiences: readonly string[];
  readonly scope?: readonly string[] | undefined;
  /** Seconds. */
  readonly expiresIn: number;
  /** Must contain `sub`. */
  readonly claims: JsonObject;
}

/** In a test of a rule, people need no accounts. */
const ownerHere = (): string => 'a person of the test';

interface Context
  extends Pick<ValidationContext, 'issuer' | 'issuers' | 'names' | 'saml' | 'clients' | 'client' | 'now'> {
  /** The people that our tokens may be about: anybody, or those that this server knows. */
  readonly people: 'any' | 'known';
}

/** @throws TokenRefusal if a real token with these claims would be refused */
export function readUnsignedToken(token: UnsignedToken, context: Context): TokenFacts {
  const { issuer: name, type } = token;
  if (name === 'self') return readOwnToken(token, context);
  const saml = [...context.saml.values()].find((one) => one.name === name || one.entityId === name);
  if (saml !== undefined) return readUnsignedAssertion(token, saml, context);
  const issuer = context.issuers.byName(name) ?? context.issuers.byIssuer(name);
  if (issuer === undefined) throw new TokenRefusal('unknown_issuer');
  const { audiences, scope } = token;
  if (isRedeemed(type)) return readImagined({ ...token, type }, issuer, context);
  if (!issuer.accepts.has(type)) throw new TokenRefusal('not_accepted');
  // A test that names no audience does not test the audience.
  const aud = audiences.length === 0 ? [...issuer.audiences].slice(0, 1) : audiences;
  const own = { iss: issuer.issuer, aud, jti: 'imagined', ...(scope && { scope: scope.join(' ') }) };
  return readForeign({ ...own, ...timesOf(token, context), ...token.claims }, issuer, type, context, '');
}

type RedeemedToken = UnsignedToken & { readonly type: RedeemedTypeName };

/** An assertion is addressed to this server, and an ID-JAG is for the client of the test. */
function readImagined(token: RedeemedToken, issuer: TrustedIssuer, context: Context): TokenFacts {
  const { type, scope, claims } = token;
  const own = { iss: issuer.issuer, aud: context.issuer, jti: 'imagined', ...(scope && { scope: scope.join(' ') }) };
  const named = type === 'id_jag' && { client_id: context.client.id };
  return checkImagined({ ...own, ...named, ...timesOf(token, context), ...claims }, type, issuer, context);
}

const timesOf = ({ expiresIn }: UnsignedToken, { now }: Context) => ({ iat: now, exp: now + expiresIn });

function readOwnToken(token: UnsignedToken, { issuer, clients, client, names, now, people }: Context): TokenFacts {
  const { claims, audiences, scope, type } = token;
  // RFC 8693 section 3: a JWT of ours is an access token, unless it is declared as an ID token; we issue no assertions.
  if (type !== 'access_token' && type !== 'jwt' && type !== 'refresh_token' && type !== 'id_token')
    throw new TokenRefusal('wrong_type');
  const { client: clientId = client.id } = token;
  const principal = parsePrincipal(claims, issuer);
  if (principal?.iss !== issuer) throw new TokenRefusal('claims');
  const chain = actClaim(claims, { issuer, vouchesFor: 'everyone' });
  const origin = originClaim(claims);
  const parties = { clientId, sub: principal.sub, origin, chain, actorLineage: [] };
  refuseInvalidParties(parties, { issuer, clients, names: people === 'any' ? { ...names, ownerHere } : names });
  const own = { iss: issuer, aud: audiences, client_id: clientId, ...(scope && { scope: scope.join(' ') }) };
  return {
    ...simulatedToken,
    principal,
    sub: principal.sub,
    origin,
    type: type === 'jwt' ? 'access_token' : type,
    clientId,
    audiences: type === 'id_token' ? [clientId] : audiences,
    // A token of this server without a scope may do nothing. A test without a scope means a token that may do everything.
    scope: scope === undefined ? 'unbounded' : new Set(scope),
    agreedAudiences: 'unbounded',
    expiresAt: now + token.expiresIn,
    chain,
    confirmation: confirmationClaim(claims),
    claims: { ...own, ...timesOf(token, { now } as Context), ...claims },
    mayAct: mayActClaim(claims, issuer),
    authentication: authenticationClaims(claims),
    extraClaims: {},
  };
}

function readUnsignedAssertion(token: UnsignedToken, issuer: SamlIssuerEntry, context: Context): TokenFacts {
  const { claims, audiences, type, expiresIn } = token;
  if (!issuer.accepts.has(type)) throw new TokenRefusal('not_accepted');
  const facts: JsonObject = { attributes: {}, ...claims };
  const { nameId } = claims;
  const name = isName(nameId)
    ? ({ kind: 'lasting', nameId, nameIdFormat: undefined } as const)
    : missingName('the claims of the test have no nameId');
  const { principal, sub, extraClaims } = mapAssertion(name, facts, issuer, context);
  return {
    ...simulatedToken,
    principal,
    sub,
    origin: principal,
    type,
    clientId: undefined,
    audiences,
    scope: 'unbounded',
    agreedAudiences: 'unbounded',
    expiresAt: context.now + expiresIn,
    confirmation: undefined,
    chain: [],
    claims: facts,
    mayAct: undefined,
    authentication: {},
    extraClaims,
  };
}
