// Finds a token of this server of any kind, for introspection and revocation, which do not know its type.

import { decoyClient } from '../client-auth/authenticate.ts';
import { claimedIdOf, parseOpaqueToken } from '../issuing/opaque-token.ts';
import { claimedFamilyOf, isRefreshToken } from '../issuing/refresh-token.ts';
import type { Revocations } from '../issuing/revocations.ts';
import type { Resource } from '../model/resource.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import { refuseOtherRegion } from '../regions/elsewhere.ts';
import { indexIssuers } from '../trust/issuer.ts';
import { accessToken } from './access-token.ts';
import { findIssuedHere, type IssuedHere } from './identify.ts';
import { refreshToken } from './refresh-token.ts';
import { type ResourceToken, readResourceToken } from './resource-token.ts';
import type { ValidatedToken, ValidationContext } from './validated-token.ts';

/** Without a presenting client: the token is validated for the caller of an endpoint. */
export interface OwnTokenContext extends Omit<ValidationContext, 'client' | 'role'> {
  readonly revocations: Revocations;
  readonly resources: readonly Resource[];
}

/**
 * @returns the valid token of this server; undefined for anything else
 * @throws Refusal store_unavailable
 */
export const findOwnToken = (token: string, context: OwnTokenContext): Promise<ValidatedToken | undefined> =>
  unlessRefused(async () => {
    const found = await (isRefreshToken(token) ? refreshToken : accessToken).validate(token, ownOnly(context));
    return context.revocations.whyRefused(found) === undefined ? found : undefined;
  });

/** Finds a token signed by a resource's secret, which is valid only for that resource. @throws Refusal store_unavailable */
export const findResourceToken = (token: string, context: OwnTokenContext): Promise<ResourceToken | undefined> =>
  unlessRefused(async () => {
    const found = readResourceToken(token, { ...ownOnly(context), resources: context.resources });
    return context.revocations.whyRefused(found.facts) === undefined ? found : undefined;
  });

async function unlessRefused<T>(find: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await find();
  } catch (error) {
    if (error instanceof TokenRefusal) return undefined;
    throw error;
  }
}

/** Like `findOwnToken`, but only access tokens, which is what APIs get. */
export const findOwnAccessToken = async (
  token: string,
  context: OwnTokenContext,
): Promise<ValidatedToken | undefined> => (isRefreshToken(token) ? undefined : findOwnToken(token, context));

/**
 * Finds the id to revoke and the client it belongs to; for a refresh token the family, even if the token was rotated. Expired and
 * otherwise invalid tokens count: their descendants may still be valid.
 */
export async function findRevocable(
  token: string,
  clientId: string,
  context: OwnTokenContext,
): Promise<IssuedHere | undefined> {
  const found = (await findIssuedHere(token, context)) ?? parseOpaqueToken(token, clientId, context.refreshKey);
  const { regionOf } = context.elsewhere;
  if (found === undefined) {
    refuseOtherRegion(regionOf(claimedFamilyOf(token) ?? claimedIdOf(token) ?? ''));
    return undefined;
  }
  // The region that issued it may not know yet what is revoked here.
  return regionOf(found.id) === undefined && context.revocations.anyOf([found.id]) ? undefined : found;
}

/** No other issuer is asked about the token. */
const ownOnly = ({ issuers, ...context }: OwnTokenContext): ValidationContext => ({
  client: decoyClient,
  role: 'subject',
  ...context,
  issuers: { ...noIssuers, byPrincipal: issuers.byPrincipal },
});
const noIssuers = indexIssuers([]);
