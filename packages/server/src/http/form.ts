// Parses application/x-www-form-urlencoded strictly (RFC 6749 appendix B). Refuses input that lenient parsers repair, since two
// of them could repair it differently: bad percent encoding, bytes that are not UTF-8, NUL.
import { type Parameters, parametersOf } from '../primitives/parameters.ts';
import { Refusal } from '../primitives/refusal.ts';
import { decodeUtf8 } from '../primitives/utf8.ts';

const MAX_PARAMETERS = 256;

/** @throws Refusal form_malformed */
export function parseForm(contentType: string | undefined, body: Uint8Array): Parameters {
  const mediaType = contentType?.split(';', 1)[0]?.trim().toLowerCase();
  if (mediaType !== 'application/x-www-form-urlencoded')
    throw new Refusal('form_malformed', {
      detail: mediaType === undefined ? 'there is no Content-Type' : 'another Content-Type',
      sent: { 'Content-Type': mediaType },
    });
  return parametersOf(readPairs(body));
}

/** @throws Refusal form_malformed */
export function readPairs(body: Uint8Array): readonly [name: string, value: string][] {
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
    if (end > start) values.push([decode(bytes.subarray(start, nameEnd)), decode(bytes.subarray(nameEnd + 1, end))]);
    start = end + 1;
  }
  return values;
}

const AMPERSAND = '&'.charCodeAt(0);
const EQUALS = '='.charCodeAt(0);

const PLUS = '+'.charCodeAt(0);
const SPACE = ' '.charCodeAt(0);
const PERCENT = '%'.charCodeAt(0);

/** Visible ASCII and blanks, without `%` and `+`: needs no decoding. */
const PLAIN = /^[ -$&-*,-~]*$/;

/**
 * Makes each text from its bytes. A slice of the text of the whole body would retain all of it for as long as a short value is
 * held.
 */
function decode(bytes: Buffer): string {
  const plain = bytes.toString('latin1');
  if (PLAIN.test(plain)) return plain;
  const decoded = Buffer.allocUnsafe(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    let byte = bytes[at] ?? 0;
    if (byte === PLUS) byte = SPACE;
    else if (byte === PERCENT) {
      byte = 16 * hexDigit(bytes[at + 1]) + hexDigit(bytes[at + 2]);
      at += 2;
    }
    if (byte === 0) throw new Refusal('form_malformed', { detail: 'a NUL' });
    decoded[length++] = byte;
  }
  const text = decodeUtf8(decoded.subarray(0, length));
  if (text === undefined) throw new Refusal('form_malformed', { detail: 'bytes that are not UTF-8' });
  return text;
}

function hexDigit(byte = 0): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  if (letter >= 0x61 && letter <= 0x66) return letter - 0x57;
  throw new Refusal('form_malformed', { detail: 'a percent sign without two hexadecimal digits' });
}
