// Decides whether bytes may be given to the XML parser. In one scan, it refuses the constructs that parsers disagree on or that
// overload them.
import { TokenRefusal } from '../primitives/refusal.ts';
import { decodeUtf8 } from '../primitives/utf8.ts';

/** Real assertions have 2 to 20 KiB, and 60 KiB with hundreds of groups. */
const MAX_BYTES = 131_072;
const MAX_TOKEN_CHARACTERS = 4 * Math.ceil(MAX_BYTES / 3);
/** Real assertions nest 7 elements deep, encrypted ones 9; canonicalization recurses. */
const MAX_DEPTH = 32;
const MAX_ELEMENTS = 4096;
/** Per element, including namespace declarations: canonicalization uses insertion sort. */
const MAX_ATTRIBUTES = 32;
/**
 * Pairs of attributes of one element, summed over all elements: canonicalization compares the namespace names of each pair. Real
 * elements have up to five attributes, which is 25 pairs.
 */
const MAX_PAIRS = 65_536;
/** Canonicalization repeats and compares the names of namespaces. Real ones have up to 70 characters. */
const MAX_NAMESPACE_NAME_CHARACTERS = 256;
/**
 * Namespace declarations in scope, summed over all elements. Canonicalization reads each of them for each element and each listed
 * prefix. Real assertions with hundreds of groups have 10,000.
 */
const MAX_DECLARATIONS_IN_SCOPE = 65_536;

/** Only UTF-8 is accepted, so that a declaration cannot contradict the bytes. */
const DECLARATION =
  /^<\?xml\s+version=(["'])1\.0\1(\s+encoding=(["'])[Uu][Tt][Ff]-8\3)?(\s+standalone=(["'])(yes|no)\5)?\s*\?>/;
/** XML allows only tab, line feed and carriage return below the space. */
const CONTROL = /[^\t\n\r -\uffff]/;
/** A reference that is neither one of the five entities of XML nor a character reference. */
const ENTITY = /&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});)/;

/**
 * Decodes a token (RFC 8693 section 3, RFC 7522 section 2.1): base64url without line breaks. Padding is accepted, since RFC 7522
 * only says SHOULD NOT. Compressed tokens are never inflated (ruby-saml CVE-2025-25293).
 * @throws TokenRefusal malformed
 */
export function decodeCarriage(token: string): Buffer {
  if (token.length > MAX_TOKEN_CHARACTERS) throw malformed(`it has more than ${MAX_TOKEN_CHARACTERS} characters`);
  const text = token.length % 4 === 0 ? token.replace(/={1,2}$/, '') : token;
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.toString('base64url') === text) return bytes;
  if (token.startsWith('<')) throw malformed('it is plain XML: encode the assertion in base64url');
  if (/[+/]/.test(token)) throw malformed('it is base64 with + or /: encode the assertion in base64url');
  if (/\s/.test(token)) throw malformed('it holds white space: send base64url without line breaks');
  throw malformed('it is not canonical base64url');
}

/**
 * Accepts UTF-8 of limited size, depth and width, without byte order mark, control characters, DOCTYPE, CDATA sections, comments,
 * processing instructions and custom entities. The parser checks that it is well-formed.
 * @throws TokenRefusal malformed
 */
export function passByteGate(bytes: Buffer): void {
  if (bytes.length > MAX_BYTES) throw malformed(`it has more than ${MAX_BYTES} bytes`);
  const text = decodeXml(bytes);
  scanTags(text, DECLARATION.exec(text)?.[0].length ?? 0);
}

/** Decodes the bytes, and refuses every declared encoding but UTF-8. @throws TokenRefusal malformed */
export function decodeXml(bytes: Uint8Array): string {
  const text = decodeUtf8(bytes);
  if (text === undefined) throw malformed('it is not UTF-8');
  if (!text.startsWith('<')) throw malformed('it does not begin with an XML element');
  if (text.startsWith('<?') && !DECLARATION.test(text)) throw malformed(`it holds ${nameOfMarkup(text, 0)}`);
  if (CONTROL.test(text)) throw malformed('it holds a control character');
  if (text.includes('&') && ENTITY.test(text)) throw malformed('it refers to an entity that XML does not define');
  return text;
}

/** In well-formed XML, `<` only starts a tag or one of the constructs that are refused here. */
function scanTags(text: string, start: number): void {
  let elements = 0;
  let totalInScope = 0;
  let pairs = 0;
  /** By depth: the number of declarations in scope. */
  const scopes = [0];
  for (let at = text.indexOf('<', start); at !== -1; at = text.indexOf('<', at + 1)) {
    const next = text.charCodeAt(at + 1);
    if (next === SLASH) {
      if (scopes.length > 1) scopes.pop();
    } else if (next === EXCLAMATION || next === QUESTION) throw malformed(`it holds ${nameOfMarkup(text, at)}`);
    else {
      const { end, attributes, declarations } = readTag(text, at);
      if (++elements > MAX_ELEMENTS) throw malformed(`it has more than ${MAX_ELEMENTS} elements`);
      pairs += attributes * attributes;
      if (pairs > MAX_PAIRS) throw malformed('it has too many elements with many attributes');
      const inScope = (scopes.at(-1) ?? 0) + declarations;
      totalInScope += inScope;
      if (totalInScope > MAX_DECLARATIONS_IN_SCOPE) throw malformed('it declares too many namespaces');
      if (text.charCodeAt(end - 1) !== SLASH && scopes.push(inScope) > MAX_DEPTH + 1)
        throw malformed(`its elements nest more than ${MAX_DEPTH} deep`);
      at = end;
    }
  }
}

/** @returns the position of the `>` that ends the start tag, and the number of attributes and declarations in it */
function readTag(
  text: string,
  start: number,
): { readonly end: number; readonly attributes: number; readonly declarations: number } {
  let attributes = 0;
  let declarations = 0;
  let nameAt = start + 1;
  for (let at = start + 1; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === GREATER) return { end: at, attributes, declarations };
    if (char !== DOUBLE_QUOTE && char !== SINGLE_QUOTE) continue;
    if (++attributes > MAX_ATTRIBUTES) throw malformed(`an element has more than ${MAX_ATTRIBUTES} attributes`);
    const end = text.indexOf(char === DOUBLE_QUOTE ? '"' : "'", at + 1);
    if (end === -1) break;
    if (text.slice(nameAt, at).includes('xmlns')) {
      declarations++;
      if (end - at > MAX_NAMESPACE_NAME_CHARACTERS + 1)
        throw malformed(`the name of a namespace has more than ${MAX_NAMESPACE_NAME_CHARACTERS} characters`);
    }
    at = end;
    nameAt = end + 1;
  }
  throw malformed('a tag does not end');
}

function nameOfMarkup(text: string, at: number): string {
  if (text.startsWith('<!--', at)) return 'a comment';
  if (text.startsWith('<![', at)) return 'a CDATA section';
  if (text.startsWith('<!', at)) return 'a DOCTYPE or another declaration';
  return at === 0 && text.startsWith('<?xml ')
    ? 'an XML declaration that is not for XML 1.0 in UTF-8'
    : 'a processing instruction';
}

const malformed = (detail: string) => new TokenRefusal('malformed', detail);

const EXCLAMATION = 0x21;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;
const SLASH = 0x2f;
const GREATER = 0x3e;
const QUESTION = 0x3f;
