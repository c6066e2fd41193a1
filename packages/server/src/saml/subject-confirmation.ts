// May whoever brings a SAML 2.0 assertion be believed to be meant by it? (SAML 2.0 profiles section 3.3, RFC 7522
// section 3 item 5)
import { type TokenFault, TokenRefusal } from '../primitives/refusal.ts';
import type { Reader } from './addressing.ts';
import { attribute, childrenOf, elementsOf, optionalChild, shown, type XmlElement } from './element.ts';
import type { SamlContext } from './identity.ts';
import { SAML2 } from './names.ts';
import { optionalInstant, requireWindow } from './validity.ts';

const BEARER = 'urn:oasis:names:tc:SAML:2.0:cm:bearer';

export interface SubjectConfirmation {
  readonly reader: Reader;
  readonly notOnOrAfter: number;
  /** The end of the longest of all confirmations, whether or not it holds now and for us. */
  readonly latest: number;
}

/**
 * The first confirmation of the subject that holds, all of it. One that holds is enough (section 2.4.1).
 * @param readers those whom the audience restrictions name
 * @throws TokenRefusal with the fault of the first confirmation, and with what is wrong with each
 */
export function confirmedUntil(
  subject: XmlElement,
  readers: readonly Reader[],
  context: SamlContext,
): SubjectConfirmation {
  const refusals: TokenRefusal[] = [];
  const confirmations = childrenOf(subject, SAML2, 'SubjectConfirmation');
  const latest = Math.max(...confirmations.map(endOf));
  for (const confirmation of confirmations) {
    try {
      return { ...confirm(confirmation, readers, context), latest };
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

/** One that states no end is never accepted. */
function endOf(confirmation: XmlElement): number {
  const ends = childrenOf(confirmation, SAML2, 'SubjectConfirmationData').map((data) =>
    optionalInstant(data, 'NotOnOrAfter'),
  );
  return Math.max(0, ...ends.filter((end) => end !== undefined));
}

function confirm(
  confirmation: XmlElement,
  readers: readonly Reader[],
  context: SamlContext,
): Omit<SubjectConfirmation, 'latest'> {
  const method = attribute(confirmation, 'Method') ?? 'missing';
  // Of a key holder we have seen no proof; for a sender that vouches nobody vouches.
  if (method !== BEARER) throw new TokenRefusal('claims', `SubjectConfirmation Method is not bearer: ${shown(method)}`);
  const data = optionalChild(confirmation, SAML2, 'SubjectConfirmationData');
  if (data === undefined) throw new TokenRefusal('claims', 'SubjectConfirmation has no SubjectConfirmationData');
  // A name beside the data would say who may bring the assertion, a key in it who holds it: we know neither.
  if (elementsOf(confirmation).length > 1 || elementsOf(data).length > 0)
    throw new TokenRefusal('claims', 'SubjectConfirmation names a presenter or a key');
  const notOnOrAfter = requireWindow(data, context);
  const recipient = attribute(data, 'Recipient');
  if (recipient === undefined) throw new TokenRefusal('audience', 'SubjectConfirmationData has no Recipient');
  const reader = readers.find((one) => one.recipient === recipient);
  if (reader === undefined) throw new TokenRefusal('audience', `Recipient is another: ${shown(recipient)}`);
  return { reader, notOnOrAfter };
}
