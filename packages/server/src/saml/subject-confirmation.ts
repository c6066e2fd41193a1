// Checks the bearer confirmation of the subject of a SAML 2.0 assertion (SAML 2.0 profiles section 3.3, RFC 7522 section 3 item 5).
import { type TokenFault, TokenRefusal } from '../primitives/refusal.ts';
import type { AcceptedAudience } from './addressing.ts';
import { attribute, childrenOf, elementsOf, excerpt, optionalChild, type XmlElement } from './element.ts';
import type { TimedSamlContext } from './identity.ts';
import { SAML2 } from './names.ts';
import { optionalInstant, requireWindow } from './validity.ts';

const BEARER = 'urn:oasis:names:tc:SAML:2.0:cm:bearer';

export interface SubjectConfirmation {
  readonly accepted: AcceptedAudience;
  readonly notOnOrAfter: number;
  /** The latest end of all confirmations, including those that are not valid now or not for us. */
  readonly latest: number;
}

/**
 * Returns the first confirmation that is valid. One is enough (SAML 2.0 core section 2.4.1).
 * @param accepted those that the audience restrictions name
 * @throws TokenRefusal with the fault of the first confirmation and the details of all
 */
export function confirmSubject(
  subject: XmlElement,
  accepted: readonly AcceptedAudience[],
  context: TimedSamlContext,
): SubjectConfirmation {
  const refusals: TokenRefusal[] = [];
  const confirmations = childrenOf(subject, SAML2, 'SubjectConfirmation');
  const latest = Math.max(...confirmations.map(endOf));
  for (const confirmation of confirmations) {
    try {
      return { ...confirm(confirmation, accepted, context), latest };
    } catch (error) {
      if (!(error instanceof TokenRefusal)) throw error;
      refusals.push(error);
    }
  }
  const fault: TokenFault = refusals[0]?.fault ?? 'claims';
  throw new TokenRefusal(
    fault,
    refusals.map(({ detail }) => detail).join('; ') || 'Subject has no SubjectConfirmation',
  );
}

/** 0 if the confirmation has no end: it is never accepted. */
function endOf(confirmation: XmlElement): number {
  const ends = childrenOf(confirmation, SAML2, 'SubjectConfirmationData').map((data) =>
    optionalInstant(data, 'NotOnOrAfter'),
  );
  return Math.max(0, ...ends.filter((end) => end !== undefined));
}

function confirm(
  confirmation: XmlElement,
  accepted: readonly AcceptedAudience[],
  context: TimedSamlContext,
): Omit<SubjectConfirmation, 'latest'> {
  const method = attribute(confirmation, 'Method') ?? 'missing';
  // holder-of-key would need a proof of the key, and sender-vouches would need a trusted sender.
  if (method !== BEARER)
    throw new TokenRefusal('claims', `SubjectConfirmation Method is not bearer: ${excerpt(method)}`);
  const data = optionalChild(confirmation, SAML2, 'SubjectConfirmationData');
  if (data === undefined) throw new TokenRefusal('claims', 'SubjectConfirmation has no SubjectConfirmationData');
  // A name beside the data restricts who may present the assertion, and a key in it requires a proof. Neither is checked here.
  if (elementsOf(confirmation).length > 1 || elementsOf(data).length > 0)
    throw new TokenRefusal('claims', 'SubjectConfirmation names a presenter or a key');
  const notOnOrAfter = requireWindow(data, context);
  const recipient = attribute(data, 'Recipient');
  if (recipient === undefined) throw new TokenRefusal('audience', 'SubjectConfirmationData has no Recipient');
  const match = accepted.find((one) => one.recipient === recipient);
  if (match === undefined) {
    const expected = accepted.map((one) => one.recipient).join(' or ');
    throw new TokenRefusal('audience', `Recipient is ${excerpt(recipient)}, not ${expected}`);
  }
  return { accepted: match, notOnOrAfter };
}
