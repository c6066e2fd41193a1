// Compares distinguished names, from text (RFC 4514) or from a certificate, as lists of sets of attributes. Values are compared
// as people read them (RFC 4517 section 4.2.15).

import { decodeUtf8 } from '../primitives/utf8.ts';
import { type Der, decodeText, readDer, readObjectIdentifier } from './der.ts';

/** The names of RFC 4514 section 3, and others that client certificates have. */
const ATTRIBUTES: Readonly<Record<string, string>> = {
  CN: '2.5.4.3',
  SN: '2.5.4.4',
  SERIALNUMBER: '2.5.4.5',
  C: '2.5.4.6',
  L: '2.5.4.7',
  ST: '2.5.4.8',
  STREET: '2.5.4.9',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  TITLE: '2.5.4.12',
  BUSINESSCATEGORY: '2.5.4.15',
  POSTALCODE: '2.5.4.17',
  GN: '2.5.4.42',
  GIVENNAME: '2.5.4.42',
  ORGANIZATIONIDENTIFIER: '2.5.4.97',
  UID: '0.9.2342.19200300.100.1.1',
  DC: '0.9.2342.19200300.100.1.25',
  EMAILADDRESS: '1.2.840.113549.1.9.1',
};

/** The type and the value of an attribute, prepared for comparing. */
type Attribute = readonly [type: string, value: string];

/** The order is that of RFC 4514, the most specific part first. The attributes of one part have no order. */
const canonical = (name: readonly (readonly Attribute[])[]): string =>
  JSON.stringify(name.map((part) => part.map((attribute) => attribute.join('=')).toSorted()));

/** RFC 4518 section 2: ignores case, width and the number of blanks. */
const prepare = (text: string): string => text.normalize('NFKC').toLowerCase().trim().replace(/\s+/g, ' ');

/** @param content of the `Name` in a certificate (RFC 5280 section 4.1.2.4) @throws RangeError, TypeError */
export function readName(content: Buffer): string {
  const parts = readDer(content).map((part) =>
    readDer(part.content).map(({ content: attribute }): Attribute => {
      const [type, value] = readDer(attribute);
      if (type === undefined || value === undefined) throw new RangeError('an attribute without a value');
      return [readObjectIdentifier(type.content), prepareValue(value)];
    }),
  );
  return canonical(parts.toReversed());
}

function prepareValue(value: Der): string {
  const text = decodeText(value);
  return text === undefined ? `#${value.tag} ${value.content.toString('hex')}` : prepare(text);
}

const TYPE = /\s*([A-Za-z][\w-]*|\d+(?:\.\d+)+)\s*=\s*/y;
const VALUE = /#(?:[0-9A-Fa-f]{2})+\s*|(?:\\[ "#+,;<=>\\]|\\[0-9A-Fa-f]{2}|[^\\",;<>+\0])+/y;
/** An escaped character, a byte in hexadecimal, or an unescaped character. */
const CHARACTER = /\\([^0-9A-Fa-f])|\\(..)|[^\\]/gsu;

/** Parses RFC 4514 section 3. @returns a form that is equal for equal names; undefined if the text is not a name */
export function parseDistinguishedName(text: string): string | undefined {
  const parts: Attribute[][] = [[]];
  for (let at = 0; ; at++) {
    const [typed = '', name = ''] = matchAt(TYPE, text, at) ?? [];
    const type = /^\d/.test(name) ? name : ATTRIBUTES[name.toUpperCase()];
    const [written] = matchAt(VALUE, text, at + typed.length) ?? [];
    const value = written === undefined ? undefined : parseValue(written);
    if (type === undefined || written === undefined || value === undefined) return undefined;
    parts.at(-1)?.push([type, value]);
    at += typed.length + written.length;
    if (at === text.length) return canonical(parts);
    if (text[at] === ',') parts.push([]);
    else if (text[at] !== '+') return undefined;
  }
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  const sticky = new RegExp(pattern);
  sticky.lastIndex = at;
  return sticky.exec(text);
}

/** @returns undefined if the value is not UTF-8, or not DER */
function parseValue(written: string): string | undefined {
  try {
    if (written.startsWith('#')) {
      const [value, ...others] = readDer(Buffer.from(written.slice(1), 'hex'));
      return value === undefined || others.length > 0 ? undefined : prepareValue(value);
    }
    const bytes = [...written.matchAll(CHARACTER)].map(([whole, escaped, hex]) =>
      hex === undefined ? Buffer.from(escaped ?? whole) : Buffer.from(hex, 'hex'),
    );
    const text = decodeUtf8(Buffer.concat(bytes));
    return text === undefined ? undefined : prepare(text);
  } catch {
    return undefined;
  }
}
