// What did the body say? A strict reading of application/x-www-form-urlencoded (RFC 6749 appendix B): what a lenient parser
// would mend (bad percent encoding, bytes that are not UTF-8, NUL) is refused, for two readers could mend it differently.
import { type Parameters, parametersOf } from '../primitives/parameters.ts';
import { Refusal } from '../primitives/refusal.ts';

const MAX_PARAMETERS = 256;

/** @throws Refusal form_malformed */
export function parseForm(contentType: string | undefined, body: Uint8Array | undefined): Parameters {
  const mediaType = contentType?.split(';', 1)[0]?.trim().toLowerCase();
  if (mediaType !== 'application/x-www-form-urlencoded')
    throw new Refusal('form_malformed', { detail: 'another content type' });
  // Latin-1 keeps every byte as one character, so that decoding sees the bytes.
  const pairs = body === undefined ? [] : latin1(body).split('&');
  if (pairs.length > MAX_PARAMETERS)
    throw new Refusal('form_malformed', { detail: `more than ${MAX_PARAMETERS} parameters` });
  const values: [string, string][] = [];
  for (const pair of pairs) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decode(equals === -1 ? pair : pair.slice(0, equals));
    values.push([name, equals === -1 ? '' : decode(pair.slice(equals + 1))]);
  }
  return parametersOf(values);
}

const latin1 = ({ buffer, byteOffset, length }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, length).toString('latin1');

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
