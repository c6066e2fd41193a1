// Refuses documents with elements that another parser could mistake for the assertion or its signature.
import { TokenRefusal } from '../primitives/refusal.ts';
import { everyElement, excerpt, is, type XmlAttribute, type XmlElement } from './element.ts';
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
    refuseInclusion(element);
    for (const attribute of element.attributes)
      if (attribute.value === id && !(element === part && attribute.name === idAttribute))
        refuseSecondId(attribute, element);
  }
}

/**
 * Removes Advice, so that nothing can read it. It may hold whole assertions with signatures of their own (SAML 2.0 core section
 * 2.6.1), but neither the id of this one, by which another parser could mistake them for it, nor an inclusion.
 * @param assertion from the signed bytes
 * @throws TokenRefusal malformed
 */
export function withoutAdvice(assertion: XmlElement, id: string): XmlElement {
  const isAdvice = (child: XmlElement): boolean => is(child, assertion.namespace, 'Advice');
  for (const element of assertion.children.filter(isAdvice).flatMap((advice) => everyElement(advice))) {
    refuseInclusion(element);
    for (const attribute of element.attributes) if (attribute.value === id) refuseSecondId(attribute, element);
  }
  return { ...assertion, children: assertion.children.filter((child) => !isAdvice(child)) };
}

function refuseInclusion({ namespace, attributes }: XmlElement): void {
  if (namespace === XINCLUDE) throw malformed('it holds an XInclude');
  // A parser that loads schemas would let the document choose one.
  if (attributes.some((one) => one.namespace === XSI && /schemaLocation$/i.test(one.name)))
    throw malformed('it names a schema location');
}

function refuseSecondId({ name }: XmlAttribute, element: XmlElement): void {
  if (ID.test(name)) throw malformed(`its id occurs twice: also as ${excerpt(name)} of ${excerpt(element.name)}`);
}

const malformed = (detail: string) => new TokenRefusal('malformed', detail);
