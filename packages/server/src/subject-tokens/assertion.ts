// Validates the assertion of the jwt-bearer grant. Which profile it has is told by the type in its header and by the entry of its
// issuer; nothing is guessed.
import { readCompact } from '../keys/jws.ts';
import type { TokenFacts } from '../model/token-facts.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import type { RedeemedTypeName } from '../primitives/token-type.ts';
import type { TrustedIssuer } from '../trust/issuer.ts';
import { chainingGrant } from './chaining-grant.ts';
import { issuerOf, readFacts } from './foreign.ts';
import { idJag } from './id-jag.ts';
import { asRedeemedIssuer, type CheckContext, type RedeemedType, validateRedeemed } from './redeemed.ts';
import { asValidated, type ValidatedToken, type ValidationContext } from './validated-token.ts';
import { workload } from './workload.ts';

/** An issuer gives only one of the kinds that have the same header. */
const assertionTypes: readonly RedeemedType[] = [idJag, chainingGrant, workload];

/** @throws TokenRefusal; Refusal issuer_unavailable, assertion_client */
export async function validateAssertion(text: string, context: ValidationContext): Promise<ValidatedToken> {
  const jws = readCompact(text);
  const headers = assertionTypes.filter(({ hasHeader }) => hasHeader(jws));
  if (headers.length === 0) throw new TokenRefusal('wrong_type', 'its typ is not that of a grant');
  const issuer = issuerOf(jws.payload, context.issuers);
  for (const type of headers) {
    const given = type.givenBy(issuer);
    if (given !== undefined) return asValidated(await validateRedeemed(jws, issuer, type, given, context));
  }
  throw new TokenRefusal(
    'not_accepted',
    `grants of ${issuer.issuer} has no ${headers.map(({ name }) => name).join(' and no ')}, which its typ (${jws.typ ?? 'none'}) may be`,
  );
}

/**
 * Checks claims that a test of a rule imagines, as those of a verified assertion. Its key, its age and its audience are not tested.
 * @throws TokenRefusal; Refusal assertion_client
 */
export function checkImagined(
  claims: JsonObject,
  name: RedeemedTypeName,
  issuer: TrustedIssuer,
  context: CheckContext & Pick<ValidationContext, 'now'>,
): TokenFacts {
  const given = assertionTypes.find((type) => type.name === name)?.givenBy(issuer);
  if (given === undefined) throw new TokenRefusal('not_accepted');
  const limits = asRedeemedIssuer(issuer, given.entry, claims);
  return given.check(
    readFacts(claims, limits, name, () => [context.issuer], context, ''),
    context,
  );
}
