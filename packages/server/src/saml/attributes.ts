// Reads the attributes that an assertion states of its subject (SAML 2.0 core section 2.7.3, SAML 1.1 core section 2.4.4).
import { TokenRefusal } from '../primitives/refusal.ts';
import {
  attribute,
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

/** Where a version of SAML has the two parts of an attribute's name, and the formats whose attributes are read by name alone. */
export interface AttributeNaming {
  readonly name: 'Name' | 'AttributeName';
  readonly format: 'NameFormat' | 'AttributeNamespace';
  readonly usualFormats: readonly string[];
}

const FORMAT = 'urn:oasis:names:tc:SAML:2.0:attrname-format:';

export const attributeNaming: Readonly<Record<'saml1' | 'saml2', AttributeNaming>> = {
  saml2: {
    name: 'Name',
    format: 'NameFormat',
    // Absent is unspecified (SAML 2.0 core section 2.7.3.1).
    usualFormats: ['', `${FORMAT}unspecified`, `${FORMAT}basic`, `${FORMAT}uri`],
  },
  saml1: {
    name: 'AttributeName',
    format: 'AttributeNamespace',
    // Of Shibboleth and of AD FS.
    usualFormats: [
      'urn:mace:shibboleth:1.0:attributeNamespace:uri',
      'http://schemas.xmlsoap.org/claims',
      'http://schemas.xmlsoap.org/ws/2005/05/identity/claims',
      'http://schemas.microsoft.com/ws/2008/06/identity/claims',
    ],
  },
};

interface Stated {
  readonly name: string;
  readonly format: string;
  readonly values: string[];
  twice: boolean;
}

/**
 * An attribute is its name and its format together: a `role` of another format is another attribute. Its key is the name
 * where the format is one of those that count and no other of them has the name; else it is `{format}name`.
 * @param elements `Attribute` elements, of all statements
 * @param formats those whose attributes are read by name alone
 * @throws TokenRefusal malformed
 */
export function readAttributes(
  elements: readonly XmlElement[],
  naming: AttributeNaming,
  formats: ReadonlySet<string> = new Set(naming.usualFormats),
): Pick<SamlIdentity, 'attributes' | 'repeatedAttributes'> {
  const stated = new Map<string, Stated>();
  for (const element of elements) {
    const name = requiredAttribute(element, naming.name);
    const format = attribute(element, naming.format) ?? '';
    refuseOtherChildren(element, element.namespace, ['AttributeValue']);
    const values = elementsOf(element)
      .filter((value) => !isNil(value) && !holdsNameId(value))
      .map((value) => readValue(value, name));
    const key = `{${format}}${name}`;
    const before = stated.get(key);
    if (before === undefined) stated.set(key, { name, format, values, twice: false });
    else {
      before.values.push(...values);
      before.twice = true;
    }
  }
  const usual = Map.groupBy(
    [...stated.values()].filter(({ name, format }) => formats.has(format) && !name.startsWith('{')),
    ({ name }) => name,
  );
  const attributes: Record<string, readonly string[]> = Object.create(null);
  const repeated = new Set<string>();
  for (const [key, one] of stated) {
    const namesakes = usual.get(one.name) ?? [];
    const readAs = namesakes.length === 1 && namesakes[0] === one ? one.name : key;
    if (namesakes.length > 1) repeated.add(one.name);
    // Under both names: a mapping that reads either may mean it.
    if (one.twice) repeated.add(one.name).add(readAs);
    attributes[readAs] = one.values;
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
