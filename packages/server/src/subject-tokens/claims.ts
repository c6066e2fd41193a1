// Reading the claims that several token types share, each strictly: of the right form, or refused.
import { type Confirmation, parseConfirmation } from '../primitives/confirmation.ts';
import { type Chain, isName, parseAct, type Voucher } from '../primitives/principal.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';

/** Who acts already, by the word of somebody who may say so. @throws TokenRefusal claims, act_not_vouched */
export function actClaim({ act }: JsonObject, voucher: Voucher): Chain {
  const chain = parseAct(act, voucher);
  if (chain === 'malformed') throw new TokenRefusal('claims', 'act is malformed');
  if (chain === 'not vouched')
    throw new TokenRefusal('act_not_vouched', `${voucher.issuer} speaks for its own subjects alone`);
  return chain;
}

/** Members of `may_act` that mean nothing there (RFC 8693 section 4.4). */
const MEANINGLESS = new Set(['exp', 'nbf', 'aud', 'iat', 'jti']);

/** `may_act` with its issuer spelled out, so that it still means the same when copied. @throws TokenRefusal claims */
export function mayActClaim(claims: JsonObject, issuer: string): JsonObject | undefined {
  const value = claims.may_act;
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TokenRefusal('claims', 'may_act is no object');
  const members = Object.entries(value).filter(([name]) => !MEANINGLESS.has(name));
  const named = Object.fromEntries([['iss', issuer], ...members]);
  if (members.length === 0 || !isName(named.iss) || ('sub' in named && !isName(named.sub))) {
    throw new TokenRefusal('claims', 'may_act names nobody');
  }
  return named;
}

/** RFC 7800 section 3.1. @returns undefined where the token is bound to nothing. @throws TokenRefusal bound */
export function confirmationClaim({ cnf }: JsonObject): Confirmation | undefined {
  const confirmation = cnf === undefined ? undefined : parseConfirmation(cnf);
  if (cnf !== undefined && confirmation === undefined)
    throw new TokenRefusal('bound', 'its cnf names no key by jkt or x5t#S256 alone');
  return confirmation;
}

/** `acr`, `amr` and `auth_time`, where they have the form that OpenID Connect Core section 2 gives them. */
export function authenticationClaims(claims: JsonObject): JsonObject {
  const { acr, amr, auth_time } = claims;
  return {
    ...(isName(acr) && { acr }),
    ...(Array.isArray(amr) && amr.every(isName) && { amr }),
    ...(typeof auth_time === 'number' && { auth_time }),
  };
}
