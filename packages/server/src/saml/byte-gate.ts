// Are these bytes plain enough to be shown to an XML parser? Everything by which two readers of XML ever came to two
// readings, or one of them to its knees, is refused here, in one pass over the bytes.
import { TokenRefusal } from '../primitives/refusal.ts';
import { decodeUtf8 } from '../primitives/utf8.ts';

/** Bytes of an assertion. Real ones have 2 to 20 KiB, with hundreds of groups 60. */
const MAX_BYTES = 131_072;
const MAX_TOKEN = 4 * Math.ceil(MAX_BYTES / 3);
/** Real assertions nest 7 elements deep, encrypted ones 9; canonicalization recurses. */
const MAX_DEPTH = 32;
const MAX_ELEMENTS = 4096;
/** Of one element, namespace declarations included: canonicalization sorts them by insertion. */
const MAX_ATTRIBUTES = 32;
/**
 * Pairs of attributes of one element, added up over all elements: canonicalization compares them, by the whole names of their
 * namespaces. Real elements have up to five attributes, 25 pairs.
 */
const MAX_PAIRS = 65_536;
/** Characters of the name of a namespace, which canonicalization repeats and compares. Real ones have up to 70. */
const MAX_NAMESPACE_NAME = 256;
/**
 * Namespace declarations in scope, added up over all elements. Canonicalization looks at each of them for each element and
 * each listed prefix. Real assertions with hundreds of groups have 10,000.
 */
const MAX_DECLARATIONS_SEEN = 65_536;

/** UTF-8 is the only encoding, so that no declaration can contradict the bytes. */
const DECLARATION =
  /^<\?xml\s+version=(["'])1\.0\1(\s+encoding=(["'])[Uu][Tt][Ff]-8\3)?(\s+standalone=(["'])(yes|no)\5)?\s*\?>/;
/** Below the blank XML allows these three only. */
const CONTROL = /[^\t\n\r -\uffff]/;
/** Anything but the five entities that XML itself defines, and character references. */
const ENTITY = /&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});)/;

/**
 * The bytes of a `subject_token` (RFC 8693 section 3, RFC 7522 section 2.1): base64url without line breaks. Padding is let
 * through, since RFC 7522 only says SHOULD NOT; nothing is ever inflated (ruby-saml CVE-2025-25293).
 * @throws TokenRefusal malformed
 */
export function decodeCarriage(token: string): Buffer {
  if (token.length > MAX_TOKEN) throw malformed(`it has more than ${MAX_TOKEN} characters`);
  const text = token.length % 4 === 0 ? token.replace(/={1,2}$/, '') : token;
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.toString('base64url') === text) return bytes;
  if (token.startsWith('<')) throw malformed('it is XML as it is: a SAML token is sent in base64url');
  if (/[+/]/.test(token)) throw malformed('it is base64 with + or /: a SAML token is sent in base64url');
  if (/\s/.test(token)) throw malformed('it holds white space');
  throw malformed('it is not canonical base64url');
}

/**
 * Lets through UTF-8 without byte order mark and control characters, with no DOCTYPE, CDATA section, comment, processing
 * instruction or entity of its own, of bounded size, depth and width. What is well-formed is left to the parser.
 * @throws TokenRefusal malformed
 */
export function passByteGate(bytes: Buffer): void {
  if (bytes.length > MAX_BYTES) throw malformed(`it has more than ${MAX_BYTES} bytes`);
  const text = decodeXml(bytes);
  scanTags(text, DECLARATION.exec(text)?.[0].length ?? 0);
}

/** The text that every XML parser reads in these bytes, whatever encoding they declare. @throws TokenRefusal malformed */
export function decodeXml(bytes: Uint8Array): string {
  const text = decodeUtf8(bytes);
  if (text === undefined) throw malformed('it is not UTF-8');
  if (!text.startsWith('<')) throw malformed('it does not begin with an XML element');
  if (text.startsWith('<?') && !DECLARATION.test(text)) throw malformed(`it holds ${nameOfMarkup(text, 0)}`);
  if (CONTROL.test(text)) throw malformed('it holds a control character');
  if (text.includes('&') && ENTITY.test(text)) throw malformed('it refers to an entity that XML does not define');
  return text;
}

/** In well-formed XML a bare `<` stands nowhere but at the start of a tag or of one of the things refused here. */
function scanTags(text: string, start: number): void {
  let elements = 0;
  let seen = 0;
  let pairs = 0;
  /** By depth: how many declarations are in scope there. */
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
      if (pairs > MAX_PAIRS) throw malformed('it has too many elements of many attributes');
      const inScope = (scopes.at(-1) ?? 0) + declarations;
      seen += inScope;
      if (seen > MAX_DECLARATIONS_SEEN) throw malformed('it declares too many namespaces');
      if (text.charCodeAt(end - 1) !== SLASH && scopes.push(inScope) > MAX_DEPTH + 1)
        throw malformed(`its elements nest more than ${MAX_DEPTH} deep`);
      at = end;
    }
  }
}

/** @returns where the start tag at `start` has its `>`, which attribute values may also hold, and what it holds */
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
      if (end - at > MAX_NAMESPACE_NAME + 1)
        throw malformed(`the name of a namespace has more than ${MAX_NAMESPACE_NAME} characters`);
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
    ? 'an XML declaration of something else than XML 1.0 in UTF-8'
    : 'a processing instruction';
}

const malformed = (detail: string) => new TokenRefusal('malformed', detail);

const EXCLAMATION = 0x21;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;
const SLASH = 0x2f;
const GREATER = 0x3e;
const QUESTION = 0x3f;
