// What did the body say? A strict reading of application/x-www-form-urlencoded (RFC 6749 appendix B): what a lenient parser
// would mend (bad percent encoding, bytes that are not UTF-8, NUL) is refused, for two readers could mend it differently.
import { type Parameters, parametersOf } from '../primitives/parameters.ts';
import { Refusal } from '../primitives/refusal.ts';

const MAX_PARAMETERS = 256;
const PERCENT = 0x25;
const PLUS = 0x2b;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws Refusal form_malformed */
export function parseForm(contentType: string | undefined, body: Uint8Array | undefined): Parameters {
  const mediaType = contentType?.split(';', 1)[0]?.trim().toLowerCase();
  if (mediaType !== 'application/x-www-form-urlencoded')
    throw new Refusal('form_malformed', { detail: 'another content type' });
  // Latin-1 keeps every byte as one character, so that decoding sees the bytes.
  const pairs = Buffer.from(body ?? [])
    .toString('latin1')
    .split('&');
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

/** Visible ASCII and blanks, without `%` and `+`: stands for itself. */
const PLAIN = /^[ -$&-*,-~]*$/;

function decode(text: string): string {
  if (PLAIN.test(text)) return text;
  const bytes = Buffer.alloc(text.length);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === PERCENT) {
      const hex = text.slice(i + 1, i + 3);
      if (!/^[0-9A-Fa-f]{2}$/.test(hex))
        throw new Refusal('form_malformed', { detail: 'a percent sign without two hexadecimal digits' });
      bytes[length++] = Number.parseInt(hex, 16);
      i += 2;
    } else bytes[length++] = char === PLUS ? 0x20 : char;
  }
  const decoded = bytes.subarray(0, length);
  if (decoded.includes(0)) throw new Refusal('form_malformed', { detail: 'a NUL' });
  try {
    return utf8.decode(decoded);
  } catch {
    throw new Refusal('form_malformed', { detail: 'bytes that are not UTF-8' });
  }
}
