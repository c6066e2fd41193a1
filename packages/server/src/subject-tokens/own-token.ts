// What is this token of ours, whatever its kind? For introspection and revocation, which are not told.

import { nobody } from '../client-auth/authenticate.ts';
import { isRefreshToken, parseRefreshToken } from '../issuing/refresh-token.ts';
import type { Revocations } from '../issuing/revocations.ts';
import type { Resource } from '../model/resource.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import { indexIssuers } from '../trust/issuer.ts';
import { accessToken } from './access-token.ts';
import { refreshToken } from './refresh-token.ts';
import type { ValidatedToken, ValidationContext } from './validated-token.ts';

/** Nobody presents the token: it is looked at for whoever asks. */
export interface OwnTokenContext extends Omit<ValidationContext, 'client'> {
  readonly revocations: Revocations;
  readonly resources: readonly Resource[];
}

/** @returns the token where it is ours and good; undefined for anything else. @throws Refusal store_unavailable */
export async function findOwnToken(token: string, context: OwnTokenContext): Promise<ValidatedToken | undefined> {
  try {
    const found = await (isRefreshToken(token) ? refreshToken : accessToken).validate(token, ownOnly(context));
    return context.revocations.covers(found) ? undefined : found;
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

/** What revoking the token kills, and whose it is: of a refresh token the family, even where it was rotated since. */
export async function findRevocable(
  token: string,
  context: OwnTokenContext,
): Promise<{ readonly id: string; readonly clientId: string | undefined } | undefined> {
  if (!isRefreshToken(token)) return findOwnToken(token, context);
  const name = parseRefreshToken(token, context.refreshKey);
  return name && context.findFamily(name.family);
}

/** Nobody else is asked about the token. */
const ownOnly = ({ issuers, ...context }: OwnTokenContext): ValidationContext => ({
  client: nobody,
  ...context,
  issuers: { ...noIssuers, byPrincipal: issuers.byPrincipal },
  secretOf: (kid) => context.resources.map(({ token }) => token.secret).find((secret) => secret?.kid === kid),
});
const noIssuers = indexIssuers([]);
