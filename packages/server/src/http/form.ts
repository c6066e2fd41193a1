// What did the body say? A strict reading of application/x-www-form-urlencoded (RFC 6749 appendix B): what a lenient parser
// would mend (bad percent encoding, bytes that are not UTF-8, NUL) is refused, for two readers could mend it differently.
import { type Parameters, parametersOf } from '../primitives/parameters.ts';
import { Refusal } from '../primitives/refusal.ts';

const MAX_PARAMETERS = 256;

/** @throws Refusal form_malformed */
export function parseForm(contentType: string | undefined, body: Uint8Array): Parameters {
  const mediaType = contentType?.split(';', 1)[0]?.trim().toLowerCase();
  if (mediaType !== 'application/x-www-form-urlencoded')
    throw new Refusal('form_malformed', { detail: 'another content type' });
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
  const values: [string, string][] = [];
  let count = 0;
  for (let start = 0; start <= bytes.length; ) {
    const ampersand = bytes.indexOf(AMPERSAND, start);
    const end = ampersand === -1 ? bytes.length : ampersand;
    if (++count > MAX_PARAMETERS)
      throw new Refusal('form_malformed', { detail: `more than ${MAX_PARAMETERS} parameters` });
    const equals = bytes.subarray(start, end).indexOf(EQUALS);
    const nameEnd = equals === -1 ? end : start + equals;
    if (end > start) values.push([decode(cut(bytes, start, nameEnd)), decode(cut(bytes, nameEnd + 1, end))]);
    start = end + 1;
  }
  return parametersOf(values);
}

const AMPERSAND = '&'.charCodeAt(0);
const EQUALS = '='.charCodeAt(0);

/**
 * Each text is made of the bytes. A slice of the whole body's text would keep all of it alive for as long as a short value is
 * held. Latin-1 keeps every byte as one character, so that decoding sees the bytes.
 */
const cut = (bytes: Buffer, start: number, end: number): string =>
  start < end ? bytes.toString('latin1', start, end) : '';

/** Visible ASCII and blanks, without `%` and `+`: stands for itself. */
const PLAIN = /^[ -$&-*,-~]*$/;
const BROKEN_ESCAPE = /%(?![0-9A-Fa-f]{2})/;
/** Characters stand for bytes here. */
const NOT_ASCII = /[\x80-\xff]/g;

function decode(text: string): string {
  if (PLAIN.test(text)) return text;
  if (BROKEN_ESCAPE.test(text))
    throw new Refusal('form_malformed', { detail: 'a percent sign without two hexadecimal digits' });
  const escaped = text.replaceAll('+', ' ').replace(NOT_ASCII, (byte) => `%${byte.charCodeAt(0).toString(16)}`);
  const decoded = decodeEscapes(escaped);
  if (decoded.includes('\0')) throw new Refusal('form_malformed', { detail: 'a NUL' });
  return decoded;
}

function decodeEscapes(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Refusal('form_malformed', { detail: 'bytes that are not UTF-8' });
  }
}
