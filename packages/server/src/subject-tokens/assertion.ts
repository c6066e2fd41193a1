// Validates the assertion of the jwt-bearer grant. Which profile it has is told by the type in its header and by the entry of its
// issuer; nothing is guessed.
import { type CompactJws, readCompact } from '../keys/jws.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import type { TrustedIssuer } from '../trust/issuer.ts';
import { chainingGrant } from './chaining-grant.ts';
import { issuerOf } from './foreign.ts';
import { idJag } from './id-jag.ts';
import { givesKind, type RedeemedType } from './redeemed.ts';
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
  return asValidated(await typeOf(headers, jws, issuer).validate(jws, issuer, context));
}

/** @throws TokenRefusal not_accepted */
function typeOf(types: readonly RedeemedType[], { typ }: CompactJws, issuer: TrustedIssuer): RedeemedType {
  const found = types.find((type) => givesKind(issuer, type));
  if (found === undefined)
    throw new TokenRefusal(
      'not_accepted',
      `grants of ${issuer.issuer} has no ${types.map(({ name }) => name).join(' and no ')}, which its typ (${typ ?? 'none'}) may be`,
    );
  return found;
}
