// Validates an assertion that the jwt-bearer grant redeems (RFC 7523 section 3): algorithm, key, audience, times, single use. Each
// profile adds what it asks for.
import { type CompactJws, verifyPresented } from '../keys/jws.ts';
import type { TokenFacts } from '../model/token-facts.ts';
import { stringList } from '../primitives/claims.ts';
import { MAX_LEEWAY_SECONDS } from '../primitives/clock.ts';
import { formatDuration } from '../primitives/duration.ts';
import { grantVoucherEntry } from '../primitives/principal.ts';
import { redactValue } from '../primitives/redact.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import type { RedeemedTypeName } from '../primitives/token-type.ts';
import { type GrantEntry, type IssuerGrants, MAX_AGE_SECONDS, type TrustedIssuer } from '../trust/issuer.ts';
import { HASHES } from '../trust/profiles.ts';
import { readFacts } from './foreign.ts';
import type { ValidationContext } from './validated-token.ts';
import { refuseOtherKinds } from './weigh.ts';

/** What the checks of a verified assertion need. */
export type CheckContext = Pick<ValidationContext, 'issuer' | 'names' | 'saml' | 'client'>;

/** A profile of the grant: what one kind of assertion must be. */
interface Profile<N extends RedeemedTypeName> {
  /** The short name of the type, in rules and in `grants` of an issuer. */
  readonly name: N;
  /** Is the header that of an assertion of this kind? */
  readonly hasHeader: (jws: CompactJws) => boolean;
  /** The names of this server that `aud` may have. */
  readonly audiences: (context: Pick<ValidationContext, 'issuer' | 'tokenEndpoint'>) => readonly string[];
  /** Refuses tokens of another kind with the same header. @throws TokenRefusal wrong_type */
  readonly refuseOthers: (jws: CompactJws, issuer: TrustedIssuer) => void;
  /** Checks verified claims, of an assertion or of a test of a rule. @throws TokenRefusal; Refusal assertion_client */
  readonly check: (facts: TokenFacts, entry: NonNullable<IssuerGrants[N]>, context: CheckContext) => TokenFacts;
}

export interface RedeemedType extends Omit<Profile<RedeemedTypeName>, 'check'> {
  /** @returns undefined if the issuer's entry gives no assertions of this type */
  readonly givenBy: (issuer: TrustedIssuer) => GivenType | undefined;
}

export interface GivenType {
  readonly entry: GrantEntry;
  /** @throws TokenRefusal; Refusal assertion_client */
  readonly check: (facts: TokenFacts, context: CheckContext) => TokenFacts;
}

export const redeemedType = <N extends RedeemedTypeName>({ check, ...profile }: Profile<N>): RedeemedType => ({
  ...profile,
  givenBy: ({ grants }) => {
    const entry = grants[profile.name];
    return entry === undefined ? undefined : { entry, check: (facts, context) => check(facts, entry, context) };
  },
});

/** @throws TokenRefusal; Refusal issuer_unavailable, assertion_client */
export async function validateRedeemed(
  jws: CompactJws,
  issuer: TrustedIssuer,
  type: RedeemedType,
  { entry, check }: GivenType,
  context: ValidationContext,
): Promise<TokenFacts> {
  type.refuseOthers(jws, issuer);
  const facts = check(await readRedeemed(jws, issuer, { type, entry }, context), context);
  // What comes of it is good only while the issuer may give assertions of this kind.
  return { ...facts, actorLineage: [...facts.actorLineage, grantVoucherEntry(issuer.issuer, type.name)] };
}

async function readRedeemed(
  jws: CompactJws,
  issuer: TrustedIssuer,
  { type, entry }: { readonly type: RedeemedType; readonly entry: GrantEntry },
  context: ValidationContext,
): Promise<TokenFacts> {
  const { payload: claims, alg } = jws;
  if (!(issuer.algorithms as ReadonlySet<string>).has(alg))
    throw new TokenRefusal('algorithm', `${issuer.issuer} may sign with ${[...issuer.algorithms].join(', ')}`);
  verifyPresented(jws, await issuer.keySource.find(jws), context.signatures);
  const limits = asRedeemedIssuer(issuer, entry, claims);
  const audiences = () => forUsAlone(claims, type.audiences(context));
  const facts = readFacts(claims, limits, type.name, audiences, context, jws.signingInput);
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

/** An assertion with actors is redeemed once, whatever the entry says, unless it is bound to a key (actor profile). */
const reuseOf = ({ reuse }: GrantEntry, { cnf, act }: JsonObject): 'never' | 'always' =>
  (reuse === 'always' && (act === undefined || cnf !== undefined)) || (reuse === 'bound' && cnf !== undefined)
    ? 'always'
    : 'never';

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
