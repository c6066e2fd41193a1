// Finds the id of an assertion that a client may have redeemed, so that the client can revoke what came of it.
import { type CompactJws, readCompact, verifyPresented } from '../keys/jws.ts';
import { type Client, isPublic } from '../model/client.ts';
import { mayTake } from '../policy/match.ts';
import { stringList } from '../primitives/claims.ts';
import { isName } from '../primitives/principal.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import { findIssuerOf, type TrustedIssuer } from '../trust/issuer.ts';
import { chainingGrant } from './chaining-grant.ts';
import { foreignTokenId } from './foreign.ts';
import { idJag } from './id-jag.ts';
import type { IssuedHere } from './identify.ts';
import type { ValidationContext } from './validated-token.ts';

type Context = Pick<ValidationContext, 'issuer' | 'issuers' | 'policy' | 'signatures' | 'tokenEndpoint'>;

/**
 * An expired assertion counts: what came of it may still be valid.
 * @returns undefined if the issuer did not sign it for this client and this server @throws Refusal issuer_unavailable
 */
export async function findRevocableAssertion(
  text: string,
  client: Client,
  context: Context,
): Promise<IssuedHere | undefined> {
  try {
    const jws = readCompact(text);
    const issuer = findIssuerOf(jws.payload, context.issuers);
    if (issuer === undefined || !mayRedeem(jws, issuer, client, context)) return undefined;
    verifyPresented(jws, await issuer.keySource.find(jws), context.signatures);
    const { jti } = jws.payload;
    return isName(jti) ? { id: foreignTokenId(issuer.issuer, jti), clientId: client.id } : undefined;
  } catch (error) {
    if (error instanceof TokenRefusal) return undefined;
    throw error;
  }
}

/** A chaining grant need not name a client here: one that authenticates, and whose rules take such grants, could have redeemed it. */
function mayRedeem(jws: CompactJws, issuer: TrustedIssuer, client: Client, context: Context): boolean {
  const { aud, client_id: named } = jws.payload;
  const type = [idJag, chainingGrant].find((one) => one.hasHeader(jws) && one.givenBy(issuer) !== undefined);
  if (type === undefined || !(issuer.algorithms as ReadonlySet<string>).has(jws.alg)) return false;
  const [audience, ...others] = stringList(aud) ?? [];
  if (others.length > 0 || ![context.issuer, context.tokenEndpoint].some((one) => one === audience)) return false;
  if (type === idJag || (named !== undefined && issuer.grants.chaining_grant?.clientId === 'ours'))
    return named === client.id;
  const rules = context.policy.byClient.get(client.id)?.all ?? [];
  return !isPublic(client) && rules.some((rule) => mayTake(rule, 'subject', issuer.issuer, type.name));
}
