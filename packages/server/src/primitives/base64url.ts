// Is this text base64url in the one way that RFC 7515 section 2 writes it?

const ALPHABET = /^[A-Za-z0-9_-]*$/;

/** The bytes, or undefined where the text is padded, holds other characters, or ends in bits that no encoder writes. */
export function decodeBase64url(text: string): Buffer | undefined {
  if (!ALPHABET.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}

export const encodeBase64url = (data: string | Uint8Array): string => Buffer.from(data as string).toString('base64url');
