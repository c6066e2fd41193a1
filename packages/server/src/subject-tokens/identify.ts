// Which token is this, whatever has become of it? Finds the id that lineage and revocation know it by, from its text.
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

/** A token that this server issued, however old: what names it, and the client that it was issued to. */
export interface IssuedHere {
  readonly id: string;
  readonly clientId: string | undefined;
}

/**
 * By our own key or record. An expired token counts: what was exchanged for it may live longer.
 * @returns undefined for anything else, such as a token that a resource's secret signed: its `jti` is the resource's word
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
    if (key === undefined || jws.payload.iss !== issuer || jws.typ !== 'at+jwt') return undefined;
    verifyPresented(jws, key, signatures);
    return jws.payload;
  } catch (error) {
    if (error instanceof TokenRefusal) return undefined;
    throw error;
  }
}

/** For an operator. A token of another issuer is not verified: with a made-up one dies nothing else. */
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

/** The record of an opaque token is deleted after it has expired: the id in its text shows where it was made. */
function expiredOpaqueId(text: string, { revocations }: IdentifyContext): string | undefined {
  const id = claimedIdOf(text);
  return id !== undefined && revocations.ids.epochOf(id) !== undefined ? id : undefined;
}

/** The signature may be of a key that is gone, or of a resource: the id itself shows where it was made. */
const idMadeHere = ({ payload: { jti } }: CompactJws, { revocations }: IdentifyContext): string | undefined =>
  typeof jti === 'string' && revocations.ids.epochOf(jti) !== undefined ? jti : undefined;

/** @throws TokenRefusal unknown_issuer */
function foreignId({ payload, signingInput }: CompactJws, { issuers }: IdentifyContext): string | undefined {
  const { issuer } = issuerOf(payload, issuers);
  if (payload.jti === undefined) return sha256(signingInput);
  return isName(payload.jti) ? foreignTokenId(issuer, payload.jti) : undefined;
}

/** Tokens of other issuers, and what people agreed to, are known by digests; nobody can tell which of them were seen here. */
const DIGEST = /^[\w-]{43}$/;

/** May a token have this id: one that was made here, or one that says nothing of where it was made? */
export const mayBeTokenId = async (
  id: string,
  { revocations, findFamily, issuers }: Pick<IdentifyContext, 'findFamily' | 'revocations' | 'issuers'>,
): Promise<boolean> =>
  revocations.ids.epochOf(id) !== undefined ||
  // Where an issuer has opaque tokens, it could be the text of one.
  (DIGEST.test(id) && issuers.introspecting === undefined) ||
  (await findFamily(id)) !== undefined;

/** An id is never longer; its first byte may be that of an assertion by chance. */
const LONGEST_ID = 64;

/** Is it the text of a token, good or not, and so not to be recorded anywhere? */
export const looksLikeToken = (text: string): boolean =>
  isRefreshToken(text) ||
  isOpaqueToken(text) ||
  /^(?:ey[JA]|ew[o0k])[\w-]{8,}\./.test(text) ||
  (text.length > LONGEST_ID && assertionText(text) !== undefined);
