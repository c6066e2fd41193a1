// By what name does the issuer know the subject, and will it know it by that name tomorrow?
import { hasInvisibleCharacters, isName } from '../primitives/principal.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import { attribute, shown, textOf, type XmlElement } from './element.ts';
import type { SamlIdentity } from './identity.ts';

/** SAML 2.0 core section 8.3.8, and the handle of Shibboleth 1.x. */
const TRANSIENT = ['urn:oasis:names:tc:SAML:2.0:nameid-format:transient', 'urn:mace:shibboleth:1.0:nameIdentifier'];

/**
 * A name that says it is somebody else's for the subject is not taken for the issuer's own: two of them could be alike.
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
    throw new TokenRefusal('subject', `${element.name} is transient: nobody can be known by it again`);
  if (qualifier !== issuer) throw new TokenRefusal('subject', `NameQualifier is not its issuer: ${shown(qualifier)}`);
  return { nameId, nameIdFormat };
}
