// What is this token of ours, whatever its kind? For introspection and revocation, which are not told.

import { decoyClient } from '../client-auth/authenticate.ts';
import { parseOpaqueToken } from '../issuing/opaque-token.ts';
import { isRefreshToken } from '../issuing/refresh-token.ts';
import type { Revocations } from '../issuing/revocations.ts';
import type { Resource } from '../model/resource.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import { indexIssuers } from '../trust/issuer.ts';
import { accessToken } from './access-token.ts';
import { findIssuedHere, type IssuedHere } from './identify.ts';
import { refreshToken } from './refresh-token.ts';
import { type ResourceToken, readResourceToken } from './resource-token.ts';
import type { ValidatedToken, ValidationContext } from './validated-token.ts';

/** Nobody presents the token: it is looked at for whoever asks. */
export interface OwnTokenContext extends Omit<ValidationContext, 'client' | 'role'> {
  readonly revocations: Revocations;
  readonly resources: readonly Resource[];
}

/**
 * @returns the token where it is ours, by our own key or record, and good; undefined for anything else
 * @throws Refusal store_unavailable
 */
export const findOwnToken = (token: string, context: OwnTokenContext): Promise<ValidatedToken | undefined> =>
  unlessRefused(async () => {
    const found = await (isRefreshToken(token) ? refreshToken : accessToken).validate(token, ownOnly(context));
    return context.revocations.covers(found) ? undefined : found;
  });

/** The token where a resource's secret signed it, for that resource alone. @throws Refusal store_unavailable */
export const findResourceToken = (token: string, context: OwnTokenContext): Promise<ResourceToken | undefined> =>
  unlessRefused(async () => {
    const found = readResourceToken(token, { ...ownOnly(context), resources: context.resources });
    return context.revocations.covers(found.facts) ? undefined : found;
  });

async function unlessRefused<T>(find: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await find();
  } catch (error) {
    if (error instanceof TokenRefusal) return undefined;
    throw error;
  }
}

/** The same for an access token alone, as APIs get them. */
export const findOwnAccessToken = async (
  token: string,
  context: OwnTokenContext,
): Promise<ValidatedToken | undefined> => (isRefreshToken(token) ? undefined : findOwnToken(token, context));

/**
 * What revoking the token revokes, and whose it is: of a refresh token the family, even where it was rotated since. An expired
 * token counts, and one that is refused for another reason: what derives from it may live.
 */
export async function findRevocable(
  token: string,
  clientId: string,
  context: OwnTokenContext,
): Promise<IssuedHere | undefined> {
  const found = (await findIssuedHere(token, context)) ?? parseOpaqueToken(token, clientId, context.refreshKey);
  return found === undefined || context.revocations.anyOf([found.id]) ? undefined : found;
}

/** Nobody else is asked about the token. */
const ownOnly = ({ issuers, ...context }: OwnTokenContext): ValidationContext => ({
  client: decoyClient,
  role: 'subject',
  ...context,
  issuers: { ...noIssuers, byPrincipal: issuers.byPrincipal },
});
const noIssuers = indexIssuers([]);
