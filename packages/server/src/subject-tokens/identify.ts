// Finds the id of a token in lineage and revocations from its text, even if the token has expired or was revoked.
import { isAccessToken } from '../issuing/access-token-form.ts';
import { claimedIdOf, isOpaqueToken } from '../issuing/opaque-token.ts';
import { isRefreshToken, parseRefreshToken } from '../issuing/refresh-token.ts';
import type { Revocations } from '../issuing/revocations.ts';
import { type CompactJws, readCompact, verifyPresented } from '../keys/jws.ts';
import { isName } from '../primitives/principal.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import { sha256 } from '../primitives/secret.ts';
import { parseJsonObject } from '../primitives/strict-json.ts';
import { foreignTokenId, issuerOf } from './foreign.ts';
import { assertionText } from './guess-type.ts';
import type { ValidationContext } from './validated-token.ts';

export type IdentifyContext = Pick<
  ValidationContext,
  'issuer' | 'keys' | 'issuers' | 'findOpaque' | 'findFamily' | 'refreshKey' | 'signatures'
> & { readonly revocations: Pick<Revocations, 'ids'> };

/** A token that this server issued: its id, and the client that it was issued to. */
export interface IssuedHere {
  readonly id: string;
  readonly clientId: string | undefined;
}

/**
 * Finds the token by our key or record. An expired token counts: tokens exchanged for it may outlive it.
 * @returns undefined for anything else, such as a token signed by a resource's secret: the resource may have made up its `jti`
 */
export async function findIssuedHere(
  text: string,
  context: Pick<IdentifyContext, 'issuer' | 'keys' | 'findOpaque' | 'findFamily' | 'refreshKey' | 'signatures'>,
): Promise<IssuedHere | undefined> {
  if (isRefreshToken(text)) {
    const name = parseRefreshToken(text, context.refreshKey);
    return name && context.findFamily(name.family);
  }
  const claims = isOpaqueToken(text)
    ? parseJsonObject((await context.findOpaque(sha256(text))) ?? '')
    : signedHere(text, context);
  const { jti, client_id: clientId } = claims ?? {};
  return isName(jti) && isName(clientId) ? { id: jti, clientId } : undefined;
}

function signedHere(
  text: string,
  { issuer, keys, signatures }: Pick<IdentifyContext, 'issuer' | 'keys' | 'signatures'>,
) {
  try {
    const jws = readCompact(text);
    const key = jws.kid === undefined ? undefined : keys.verifying(jws.kid);
    if (key === undefined || jws.payload.iss !== issuer || !isAccessToken(jws)) return undefined;
    verifyPresented(jws, key, signatures);
    return jws.payload;
  } catch (error) {
    if (error instanceof TokenRefusal) return undefined;
    throw error;
  }
}

/** For operators. Foreign tokens are not verified: revoking a made-up one affects no other token. */
export async function identifyToken(text: string, context: IdentifyContext): Promise<string | undefined> {
  const found = await findIssuedHere(text, context);
  if (found !== undefined || isRefreshToken(text)) return found?.id;
  if (isOpaqueToken(text)) return expiredOpaqueId(text, context);
  try {
    const jws = readCompact(text);
    return jws.payload.iss === context.issuer ? idMadeHere(jws, context) : foreignId(jws, context);
  } catch (error) {
    if (error instanceof TokenRefusal) return undefined;
    throw error;
  }
}

/** The record of an opaque token is deleted after it expires. The id in its text shows that it was made here. */
function expiredOpaqueId(text: string, { revocations }: IdentifyContext): string | undefined {
  const id = claimedIdOf(text);
  return id !== undefined && revocations.ids.epochOf(id) !== undefined ? id : undefined;
}

/** The signing key may be gone, or a resource's secret. The id itself shows that it was made here. */
const idMadeHere = ({ payload: { jti } }: CompactJws, { revocations }: IdentifyContext): string | undefined =>
  typeof jti === 'string' && revocations.ids.epochOf(jti) !== undefined ? jti : undefined;

/** @throws TokenRefusal unknown_issuer */
function foreignId({ payload, signingInput }: CompactJws, { issuers }: IdentifyContext): string | undefined {
  const { issuer } = issuerOf(payload, issuers);
  if (payload.jti === undefined) return sha256(signingInput);
  return isName(payload.jti) ? foreignTokenId(issuer, payload.jti) : undefined;
}

/** Foreign tokens and agreements have digests as ids. Which of them were used here is not stored. */
const DIGEST = /^[\w-]{43}$/;

/** Could a token have this id: one that was made here, or a digest? */
export const mayBeTokenId = async (
  id: string,
  { revocations, findFamily, issuers }: Pick<IdentifyContext, 'findFamily' | 'revocations' | 'issuers'>,
): Promise<boolean> =>
  revocations.ids.epochOf(id) !== undefined ||
  // If an issuer has opaque tokens, the digest could be the text of one.
  (DIGEST.test(id) && issuers.introspecting === undefined) ||
  (await findFamily(id)) !== undefined;

/** Longer than every id: a shorter text may begin like an assertion by chance. */
const MAX_ID_CHARACTERS = 64;

/** Is it the text of a token, valid or not? If so, it must not be recorded anywhere. */
export const looksLikeToken = (text: string): boolean =>
  isRefreshToken(text) ||
  isOpaqueToken(text) ||
  /^(?:ey[JA]|ew[o0k])[\w-]{8,}\./.test(text) ||
  (text.length > MAX_ID_CHARACTERS && assertionText(text) !== undefined);
