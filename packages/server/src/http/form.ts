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
  // One character a byte, to find the ends of names and values.
  const text = bytes.toString('latin1');
  const pairs: [string, string][] = [];
  let count = 0;
  let equals = text.indexOf('=');
  for (let start = 0; start <= text.length; ) {
    const ampersand = text.indexOf('&', start);
    const end = ampersand === -1 ? text.length : ampersand;
    if (++count > MAX_PARAMETERS)
      throw new Refusal('form_malformed', { detail: `more than ${MAX_PARAMETERS} parameters` });
    if (equals !== -1 && equals < start) equals = text.indexOf('=', start);
    const hasValue = equals !== -1 && equals < end;
    if (end > start)
      pairs.push([decode(bytes, start, hasValue ? equals : end), hasValue ? decode(bytes, equals + 1, end) : '']);
    start = end + 1;
  }
  return pairs;
}

const PLUS = '+'.charCodeAt(0);
const SPACE = ' '.charCodeAt(0);
const PERCENT = '%'.charCodeAt(0);

/** Visible ASCII and blanks, without `%` and `+`: needs no decoding. */
const PLAIN = /^[ -$&-*,-~]*$/;
/** Longer text is decoded by its bytes: the way of a short one takes 20 ms for a megabyte of plus signs. */
const MAX_SHORT_CHARACTERS = 512;
/** ASCII without control characters, and escapes of ASCII. */
const ASCII = /^(?:[ -$&-~]|%[2-7][0-9A-Fa-f])*$/;

/**
 * Makes each text from its bytes. A slice of the text of the whole body would retain all of it for as long as a short value is
 * held.
 */
function decode(body: Buffer, start: number, end: number): string {
  const plain = body.toString('latin1', start, end);
  if (PLAIN.test(plain)) return plain;
  const isShortAscii = plain.length <= MAX_SHORT_CHARACTERS && ASCII.test(plain);
  return isShortAscii ? decodeURIComponent(plain.replaceAll('+', ' ')) : decodeBytes(body.subarray(start, end));
}

function decodeBytes(bytes: Buffer): string {
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
