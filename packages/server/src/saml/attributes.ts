// Reads the attributes of an assertion (SAML 2.0 core section 2.7.3, SAML 1.1 core section 2.4.4).
import type { Unreadable } from '../expression/elsewhere.ts';
import {
  attribute,
  elementsOf,
  is,
  isNil,
  refuseOtherChildren,
  requiredAttribute,
  type XmlElement,
} from './element.ts';
import type { SamlIdentity } from './identity.ts';
import { SAML2 } from './names.ts';

/** The XML attributes that hold the name and the format of an attribute, and the formats that are left out of its key. */
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
    // An absent format means unspecified (SAML 2.0 core section 2.7.3.1).
    usualFormats: ['', `${FORMAT}unspecified`, `${FORMAT}basic`, `${FORMAT}uri`],
  },
  saml1: {
    name: 'AttributeName',
    format: 'AttributeNamespace',
    // The first is from Shibboleth, the others are from AD FS.
    usualFormats: [
      'urn:mace:shibboleth:1.0:attributeNamespace:uri',
      'http://schemas.xmlsoap.org/claims',
      'http://schemas.xmlsoap.org/ws/2005/05/identity/claims',
      'http://schemas.microsoft.com/ws/2008/06/identity/claims',
    ],
  },
};

interface Statement {
  readonly name: string;
  readonly format: string;
  readonly values: string[];
  isRepeated: boolean;
  isStructured: boolean;
}

/**
 * Name and format together identify an attribute: a `role` of another format is another attribute. The key is the name alone if
 * the format is in `formats` and no second attribute with such a format has the name; otherwise it is `{format}name`. Elements
 * with the same key are one attribute: Keycloak writes one element for each role.
 * @param elements the `Attribute` elements of all statements
 * @throws TokenRefusal malformed
 */
export function readAttributes(
  elements: readonly XmlElement[],
  naming: AttributeNaming,
  formats: ReadonlySet<string> = new Set(naming.usualFormats),
): Pick<SamlIdentity, 'attributes' | 'repeatedAttributes' | 'unreadableAttributes'> {
  const stated = new Map<string, Statement>();
  for (const element of elements) {
    const name = requiredAttribute(element, naming.name);
    const format = attribute(element, naming.format) ?? '';
    refuseOtherChildren(element, element.namespace, ['AttributeValue']);
    const values = elementsOf(element).filter((value) => !isNil(value) && !holdsNameId(value));
    const isStructured = values.some(({ children }) => children.length > 0);
    const texts = values.map(({ text }) => text);
    const key = `{${format}}${name}`;
    const before = stated.get(key);
    if (before === undefined) stated.set(key, { name, format, values: texts, isRepeated: false, isStructured });
    else {
      before.values.push(...texts);
      before.isRepeated = true;
      before.isStructured ||= isStructured;
    }
  }
  const usual = Map.groupBy(
    [...stated.values()].filter(({ name, format }) => formats.has(format) && !name.startsWith('{')),
    ({ name }) => name,
  );
  const attributes: Record<string, readonly string[]> = Object.create(null);
  const repeated = new Set<string>();
  const unreadable: Record<string, Unreadable> = Object.create(null);
  for (const [key, one] of stated) {
    const namesakes = usual.get(one.name) ?? [];
    const readAs = namesakes.length === 1 && namesakes[0] === one ? one.name : key;
    if (namesakes.length > 1) unreadable[one.name] = 'formats';
    if (one.isRepeated) repeated.add(readAs);
    if (one.isStructured) unreadable[readAs] = 'elements';
    else attributes[readAs] = one.values;
  }
  return { attributes, repeatedAttributes: [...repeated], unreadableAttributes: unreadable };
}

/** The value of eduPersonTargetedID is a NameID. Federations send it by default, so it is ignored instead of refused. */
const holdsNameId = ({ children: [child, second], text }: XmlElement): boolean =>
  child !== undefined && second === undefined && is(child, SAML2, 'NameID') && text.trim() === '';
