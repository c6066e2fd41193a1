// Refuses documents with elements that another parser could mistake for the assertion or its signature.
import { TokenRefusal } from '../primitives/refusal.ts';
import { everyElement, excerpt, type XmlAttribute, type XmlElement } from './element.ts';
import { XINCLUDE, XSI } from './names.ts';

/** In any namespace: confusing namespaces is an attack of its own ("The Fragile Lock"). */
const DECOYS = new Set(['Assertion', 'EncryptedAssertion', 'Response', 'Signature']);
const ID = /^(?:id|assertionid)$/i;

/**
 * Refuses signature wrapping and repeated ids. Defence in depth: this verifier resolves no ids and searches for no elements.
 * @param part the assertion without its signature, a decrypted part, or the signature
 * @param id the id of the assertion
 * @param idAttribute the attribute of `part` that holds the id, if `part` is the assertion
 * @throws TokenRefusal malformed
 */
export function refuseDecoys(part: XmlElement, id: string, idAttribute?: 'ID' | 'AssertionID'): void {
  for (const element of everyElement(part)) {
    if (element !== part && DECOYS.has(element.name))
      throw malformed(`it holds a second ${excerpt(element.name)} (${excerpt(element.namespace)})`);
    if (element.namespace === XINCLUDE) throw malformed('it holds an XInclude');
    for (const attribute of element.attributes) {
      // A parser that loads schemas would let the document choose one.
      if (attribute.namespace === XSI && /schemaLocation$/i.test(attribute.name))
        throw malformed('it names a schema location');
      if (attribute.value === id && !(element === part && attribute.name === idAttribute))
        refuseSecondId(attribute, element);
    }
  }
}

function refuseSecondId({ name }: XmlAttribute, element: XmlElement): void {
  if (ID.test(name)) throw malformed(`its id occurs twice: also as ${excerpt(name)} of ${excerpt(element.name)}`);
}

const malformed = (detail: string) => new TokenRefusal('malformed', detail);
