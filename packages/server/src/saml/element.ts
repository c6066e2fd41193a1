// An XML element as plain data, and strict readers for it: each refuses unexpected content.
import { TokenRefusal } from '../primitives/refusal.ts';
import { XSI } from './names.ts';

export interface XmlAttribute {
  readonly name: string;
  /** Empty if the attribute has none. */
  readonly namespace: string;
  readonly value: string;
}

export interface XmlElement {
  /** Without prefix. */
  readonly name: string;
  readonly namespace: string;
  readonly attributes: readonly XmlAttribute[];
  readonly children: readonly XmlElement[];
  /** All text nodes directly inside, concatenated. */
  readonly text: string;
}

export const is = (element: XmlElement, namespace: string, name: string): boolean =>
  element.namespace === namespace && element.name === name;

/** Returns the value of the attribute with this name and no namespace. */
export const attribute = (element: XmlElement, name: string): string | undefined =>
  element.attributes.find((one) => one.namespace === '' && one.name === name)?.value;

/** @throws TokenRefusal malformed */
export function requiredAttribute(element: XmlElement, name: string): string {
  const value = attribute(element, name);
  if (value === undefined) throw new TokenRefusal('malformed', `${element.name} has no ${name}`);
  return value;
}

/** Returns the text of an element without children. @throws TokenRefusal malformed */
export function textOf(element: XmlElement): string {
  if (element.children.length > 0) throw new TokenRefusal('malformed', `${element.name} holds elements, not text`);
  return element.text;
}

/** Returns the children of an element without text. @throws TokenRefusal malformed */
export function elementsOf(element: XmlElement): readonly XmlElement[] {
  if (element.text !== '' && element.text.trim() !== '')
    throw new TokenRefusal('malformed', `${element.name} holds text between elements`);
  return element.children;
}

/** Returns the children with this name, and ignores the others. */
export const childrenOf = (element: XmlElement, namespace: string, name: string): readonly XmlElement[] =>
  elementsOf(element).filter((child) => is(child, namespace, name));

/** @returns undefined if there is none @throws TokenRefusal malformed if there are several */
export function optionalChild(element: XmlElement, namespace: string, name: string): XmlElement | undefined {
  const [child, second] = childrenOf(element, namespace, name);
  if (second !== undefined) throw new TokenRefusal('malformed', `${element.name} has more than one ${name}`);
  return child;
}

/** @throws TokenRefusal malformed */
export function onlyChild(element: XmlElement, namespace: string, name: string): XmlElement {
  const child = optionalChild(element, namespace, name);
  if (child === undefined) throw new TokenRefusal('malformed', `${element.name} has no ${name}`);
  return child;
}

/**
 * Returns the children of an element that has exactly these, in this order.
 * @throws TokenRefusal malformed
 */
export function sequenceOf<const Names extends readonly string[]>(
  element: XmlElement,
  namespace: string,
  names: Names,
): { readonly [Index in keyof Names]: XmlElement } {
  const children = elementsOf(element);
  if (children.length !== names.length || !children.every((child, at) => is(child, namespace, names[at] ?? ''))) {
    const found = children.map(({ name }) => excerpt(name)).join(', ') || 'nothing';
    throw new TokenRefusal('malformed', `${element.name} holds ${found}, and must hold ${names.join(', ')}`);
  }
  return children as unknown as { readonly [Index in keyof Names]: XmlElement };
}

/** Refuses children with other names, whose meaning is unknown. @throws TokenRefusal malformed */
export function refuseOtherChildren(element: XmlElement, namespace: string, names: readonly string[]): void {
  const other = elementsOf(element).find((child) => child.namespace !== namespace || !names.includes(child.name));
  if (other !== undefined)
    throw new TokenRefusal('malformed', `${element.name} holds ${excerpt(other.name)} (${excerpt(other.namespace)})`);
}

/** Returns the element and all its descendants, in document order. */
export function everyElement(element: XmlElement, found: XmlElement[] = []): readonly XmlElement[] {
  found.push(element);
  for (const child of element.children) everyElement(child, found);
  return found;
}

export const isNil = (element: XmlElement): boolean =>
  element.attributes.some(
    (one) => one.namespace === XSI && one.name === 'nil' && (one.value === 'true' || one.value === '1'),
  );

/** Shortens a value of the sender for a detail, and replaces characters that do not print. */
export function excerpt(value: string): string {
  const text = value.replace(/\p{C}/gu, '\ufffd');
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}

/** Decodes base64, which may hold white space (XML Schema part 2, section 3.2.16). @throws TokenRefusal malformed */
export function base64Of(element: XmlElement): Buffer {
  const text = textOf(element).replace(/[ \t\r\n]+/g, '');
  const bytes = Buffer.from(text, 'base64');
  if (text === '' || bytes.toString('base64') !== text)
    throw new TokenRefusal('malformed', `${element.name} is not canonical base64`);
  return bytes;
}
