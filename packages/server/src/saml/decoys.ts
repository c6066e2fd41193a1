// Does the document hold something that a second reader could take for the assertion or for its signature?
import { TokenRefusal } from '../primitives/refusal.ts';
import { everyElement, shown, type XmlAttribute, type XmlElement } from './element.ts';
import { XINCLUDE, XSI } from './names.ts';

/** In whatever namespace: to confuse the namespaces is an attack of its own ("The Fragile Lock"). */
const DECOYS = new Set(['Assertion', 'EncryptedAssertion', 'Response', 'Signature']);
const ID = /^(?:id|assertionid)$/i;

/**
 * Our reading needs none of this, since it follows no id and searches for nothing. What is refused here could be read in
 * another way by somebody else: signature wrapping in all its forms, ids that stand twice.
 * @param part the assertion without its signature, or a part of the signature
 * @param id the assertion's
 * @param idAttribute where the assertion itself has it
 * @throws TokenRefusal malformed
 */
export function refuseDecoys(part: XmlElement, id: string, idAttribute?: 'ID' | 'AssertionID'): void {
  for (const element of everyElement(part)) {
    if (element !== part && DECOYS.has(element.name))
      throw malformed(`it holds a second ${shown(element.name)} (${shown(element.namespace)})`);
    if (element.namespace === XINCLUDE) throw malformed('it asks for an XInclude');
    for (const attribute of element.attributes) {
      // We load no schema; whoever does would let the document choose it.
      if (attribute.namespace === XSI && /schemaLocation$/i.test(attribute.name))
        throw malformed('it names a schema location');
      if (attribute.value === id && !(element === part && attribute.name === idAttribute))
        refuseSecondId(attribute, element);
    }
  }
}

function refuseSecondId({ name }: XmlAttribute, element: XmlElement): void {
  if (ID.test(name)) throw malformed(`its id stands twice: also as ${shown(name)} of ${shown(element.name)}`);
}

const malformed = (detail: string) => new TokenRefusal('malformed', detail);
