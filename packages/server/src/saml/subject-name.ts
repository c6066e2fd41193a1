// Reads the name of the subject, and refuses names that are not permanent.
import { hasInvisibleCharacters, isName } from '../primitives/principal.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import { attribute, excerpt, textOf, type XmlElement } from './element.ts';
import type { SamlIdentity } from './identity.ts';

/** SAML 2.0 core section 8.3.8, and the handle of Shibboleth 1.x. */
const TRANSIENT = ['urn:oasis:names:tc:SAML:2.0:nameid-format:transient', 'urn:mace:shibboleth:1.0:nameIdentifier'];

/**
 * Refuses a name whose NameQualifier is not the issuer: names of two qualifiers can be equal.
 * @param element NameID, or NameIdentifier in SAML 1.1
 * @throws TokenRefusal subject, malformed; its detail never holds the name
 */
export function readSubjectName(element: XmlElement, issuer: string): Pick<SamlIdentity, 'nameId' | 'nameIdFormat'> {
  const nameId = textOf(element);
  const nameIdFormat = attribute(element, 'Format');
  const qualifier = attribute(element, 'NameQualifier') ?? issuer;
  if (!isName(nameId) || hasInvisibleCharacters(nameId))
    throw new TokenRefusal('subject', `${element.name} is empty, too long, or does not print`);
  if (nameIdFormat !== undefined && TRANSIENT.includes(nameIdFormat))
    throw new TokenRefusal(
      'subject',
      `${element.name} is transient, so it cannot identify the subject again: have the identity provider send a persistent one`,
    );
  if (qualifier !== issuer) throw new TokenRefusal('subject', `NameQualifier is not its issuer: ${excerpt(qualifier)}`);
  return { nameId, nameIdFormat };
}
