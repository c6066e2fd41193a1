// Is this text base64url in the one way that RFC 7515 section 2 writes it?

const ALPHABET = /^[A-Za-z0-9_-]*$/;

/** By the characters beyond groups of four: the last may be one of these, whose lowest bits are zero. One alone is none. */
const LAST = [undefined, '', 'AQgw', 'AEIMQUYcgkosw048'];

/** The bytes, or undefined where the text is padded, holds other characters, or ends in bits that no encoder writes. */
export function decodeBase64url(text: string): Buffer | undefined {
  const last = LAST[text.length % 4];
  if (last?.includes(text.charAt(text.length - 1)) === false || !ALPHABET.test(text)) return undefined;
  return Buffer.from(text, 'base64url');
}

export const encodeBase64url = (data: string | Uint8Array): string => Buffer.from(data as string).toString('base64url');
