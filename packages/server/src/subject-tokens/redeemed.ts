// Validates an assertion that the jwt-bearer grant redeems (RFC 7523 section 3): algorithm, key, audience, times, single use. Each
// profile adds what it asks for.
import { type CompactJws, verifyPresented } from '../keys/jws.ts';
import type { TokenFacts } from '../model/token-facts.ts';
import { stringList } from '../primitives/claims.ts';
import { MAX_LEEWAY_SECONDS } from '../primitives/clock.ts';
import { formatDuration } from '../primitives/duration.ts';
import { redactValue } from '../primitives/redact.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import type { RedeemedTypeName } from '../primitives/token-type.ts';
import { type GrantEntry, MAX_AGE_SECONDS, type TrustedIssuer } from '../trust/issuer.ts';
import { HASHES } from '../trust/profiles.ts';
import { readFacts } from './foreign.ts';
import type { ValidationContext } from './validated-token.ts';
import { refuseOtherKinds } from './weigh.ts';

/** A profile of the grant: what one kind of assertion must be. */
export interface RedeemedType {
  /** The short name of the type, in rules. */
  readonly name: RedeemedTypeName;
  /** Is the header that of an assertion of this kind? */
  readonly hasHeader: (jws: CompactJws) => boolean;
  /** @throws TokenRefusal; Refusal issuer_unavailable, assertion_client */
  readonly validate: (jws: CompactJws, issuer: TrustedIssuer, context: ValidationContext) => Promise<TokenFacts>;
}

/** Does the issuer's entry give assertions of this type? */
export const givesKind = ({ grants }: TrustedIssuer, { name }: Pick<RedeemedType, 'name'>): boolean =>
  grants[name] !== undefined;

/** @param audiences the names of this server that `aud` may have @throws TokenRefusal; Refusal issuer_unavailable */
export async function readRedeemed(
  jws: CompactJws,
  issuer: TrustedIssuer,
  { name: type, entry }: { readonly name: string; readonly entry: GrantEntry },
  audiences: readonly string[],
  context: ValidationContext,
): Promise<TokenFacts> {
  const { payload: claims, alg } = jws;
  if (!(issuer.algorithms as ReadonlySet<string>).has(alg))
    throw new TokenRefusal('algorithm', `${issuer.issuer} may sign with ${[...issuer.algorithms].join(', ')}`);
  verifyPresented(jws, await issuer.keySource.find(jws), context.signatures);
  const limits = asRedeemedIssuer(issuer, entry, claims);
  const facts = readFacts(claims, limits, type, () => forUsAlone(claims, audiences), context, jws.signingInput);
  const { singleUse, issuedAt = context.now, expiresAt } = facts;
  if (entry.reuse !== 'always' && expiresAt - issuedAt > entry.maxAge)
    throw new TokenRefusal(
      'too_old',
      `it is valid for ${formatDuration(expiresAt - issuedAt)}, and maxAge under grants of its issuer entry is ${formatDuration(entry.maxAge)}`,
    );
  // No entry accepts an older one, so its id need not stay used for longer.
  const usableUntil = Math.min(expiresAt, issuedAt + MAX_AGE_SECONDS) + MAX_LEEWAY_SECONDS;
  return { ...facts, ...(singleUse && { singleUse: { ...singleUse, expiresAt: usableUntil } }) };
}

/** The entry of the issuer, with the limits of its assertions in the place of those of its tokens. */
export const asRedeemedIssuer = (issuer: TrustedIssuer, entry: GrantEntry, claims: JsonObject): TrustedIssuer => ({
  ...issuer,
  maxAge: entry.maxAge,
  reuse: reuseOf(entry, claims),
  scopes: scopesOf(entry, claims),
});

/** An absent scope gives none, unless the entry says that the rules limit it. */
const scopesOf = ({ scope }: GrantEntry, claims: JsonObject): 'intersect' | 'ignore' =>
  scope === 'optional' && claims.scope === undefined && claims.scp === undefined ? 'ignore' : 'intersect';

const reuseOf = ({ reuse }: GrantEntry, { cnf }: JsonObject): 'never' | 'always' =>
  reuse === 'always' || (reuse === 'bound' && cnf !== undefined) ? 'always' : 'never';

/** Another party in `aud` could redeem the assertion here (draft-ietf-oauth-identity-assertion-authz-grant section 4.4.1). */
function forUsAlone({ aud }: JsonObject, ours: readonly string[]): readonly string[] {
  const named = stringList(aud) ?? [];
  if (named.length === 1 && named.every((one) => ours.includes(one))) return named;
  throw new TokenRefusal(
    'audience',
    `its aud is ${JSON.stringify(redactValue(aud ?? null))} and must be ${ours.join(' or ')}`,
  );
}

/** Members that a grant does not have: those of ID tokens, and of logout tokens and other security events. */
const OF_OTHERS = ['nonce', 'events', ...HASHES] as const;

/** A grant without a header type of its own must not say that it is something else. @throws TokenRefusal wrong_type */
export function refuseOtherAssertions(jws: CompactJws): void {
  refuseOtherKinds(jws, 'jwt', { profile: undefined });
  const { payload } = jws;
  const other = OF_OTHERS.find((member) => Object.hasOwn(payload, member));
  if (other !== undefined) throw new TokenRefusal('wrong_type', `it has ${other}, which no grant has`);
  for (const member of ['typ', 'token_use', 'token_type'])
    if (Object.hasOwn(payload, member))
      throw new TokenRefusal('wrong_type', `its ${member} says that it is another kind of token`);
}

/** Says for which client an assertion is. */
export const describeOtherClient = ({ client_id: id }: JsonObject, sender: string): string =>
  `${sender} sent it, and ${id === undefined ? 'it has no client_id' : `its client_id is ${JSON.stringify(redactValue(id))}`}`;
