// Which attributes does an assertion state of its subject? (SAML 2.0 core section 2.7.3, SAML 1.1 core section 2.4.4)
import { TokenRefusal } from '../primitives/refusal.ts';
import {
  elementsOf,
  is,
  isNil,
  refuseOtherChildren,
  requiredAttribute,
  shown,
  textOf,
  type XmlElement,
} from './element.ts';
import type { SamlIdentity } from './identity.ts';
import { SAML2 } from './names.ts';

/**
 * @param elements `Attribute` elements, of all statements
 * @param nameAttribute where they have their name
 * @throws TokenRefusal malformed
 */
export function readAttributes(
  elements: readonly XmlElement[],
  nameAttribute: 'Name' | 'AttributeName',
): Pick<SamlIdentity, 'attributes' | 'repeatedAttributes'> {
  const attributes: Record<string, readonly string[]> = Object.create(null);
  const repeated = new Set<string>();
  for (const element of elements) {
    const name = requiredAttribute(element, nameAttribute);
    refuseOtherChildren(element, element.namespace, ['AttributeValue']);
    const values = elementsOf(element).filter((value) => !isNil(value) && !holdsNameId(value));
    if (name in attributes) repeated.add(name);
    attributes[name] = [...(attributes[name] ?? []), ...values.map((value) => readValue(value, name))];
  }
  return { attributes, repeatedAttributes: [...repeated] };
}

/** A NameID of SAML 2.0 is the value of eduPersonTargetedID, which federations release unasked: left out, it harms nobody. */
const holdsNameId = ({ children: [child, second], text }: XmlElement): boolean =>
  child !== undefined && second === undefined && is(child, SAML2, 'NameID') && text.trim() === '';

function readValue(value: XmlElement, name: string): string {
  if (value.children.length === 0) return textOf(value);
  throw new TokenRefusal('malformed', `a value of the attribute ${shown(name)} holds elements, not text`);
}
