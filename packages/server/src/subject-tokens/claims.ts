// Reads the claims that several token types share. A malformed claim refuses the token.
import { type Confirmation, parseConfirmation } from '../primitives/confirmation.ts';
import { type Chain, isName, parseAct, type Voucher } from '../primitives/principal.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { profileClaim } from '../primitives/sub-profile.ts';

/** Reads the actors of `act`. @param voucher whose claim it is @throws TokenRefusal claims, act_not_vouched */
export function actClaim({ act }: JsonObject, voucher: Voucher): Chain {
  const chain = parseAct(act, voucher);
  if (chain === 'malformed') throw new TokenRefusal('claims', 'act is malformed');
  if (chain === 'not vouched')
    throw new TokenRefusal('act_not_vouched', `${voucher.issuer} can vouch only for its own subjects`);
  return chain;
}

/** Members without a meaning in `may_act` (RFC 8693 section 4.4). */
const MEANINGLESS = new Set(['exp', 'nbf', 'aud', 'iat', 'jti']);

/** Reads `may_act` and adds its issuer, so that a copy keeps its meaning. @throws TokenRefusal claims */
export function mayActClaim(claims: JsonObject, issuer: string): JsonObject | undefined {
  const value = claims.may_act;
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TokenRefusal('claims', 'may_act is not an object');
  const members = Object.entries(value).filter(([name]) => !MEANINGLESS.has(name));
  const named = Object.fromEntries([['iss', issuer], ...members]);
  if (members.length === 0 || !isName(named.iss) || ('sub' in named && !isName(named.sub))) {
    throw new TokenRefusal('claims', 'may_act does not name an actor');
  }
  return named;
}

/** Claims about the subject and the chain of a token of ours, which stay true in what derives from it. */
export const carriedClaims = (claims: JsonObject): JsonObject => ({
  ...profileClaim(claims),
  ...incompleteChain(claims),
});

/** Actors are missing in the chain, as its issuer says (actor profile): then they are missing in every copy. */
export const incompleteChain = ({ chain_complete: complete }: JsonObject): JsonObject =>
  complete === false ? { chain_complete: false } : {};

/** RFC 7800 section 3.1. @returns undefined if the token is not bound to a key @throws TokenRefusal bound */
export function confirmationClaim({ cnf }: JsonObject): Confirmation | undefined {
  const confirmation = cnf === undefined ? undefined : parseConfirmation(cnf);
  if (cnf !== undefined && confirmation === undefined)
    throw new TokenRefusal('bound', 'its cnf is not exactly one of jkt and x5t#S256');
  return confirmation;
}

/** `acr`, `amr` and `auth_time`, each only if it has the form of OpenID Connect Core section 2. */
export function authenticationClaims(claims: JsonObject): JsonObject {
  const { acr, amr, auth_time } = claims;
  return {
    ...(isName(acr) && { acr }),
    ...(Array.isArray(amr) && amr.every(isName) && { amr }),
    ...(typeof auth_time === 'number' && { auth_time }),
  };
}
