// Decodes base64url strictly: accepts only the one text that RFC 7515 section 2 allows for given bytes.

const ALPHABET = /^[A-Za-z0-9_-]*$/;

/** The last characters allowed, by length modulo four: their unused bits are zero. A remainder of one is invalid. */
const LAST = [undefined, '', 'AQgw', 'AEIMQUYcgkosw048'];

/** @returns undefined if the text is padded, has other characters, or ends in unused bits that are not zero */
export function decodeBase64url(text: string): Buffer | undefined {
  const last = LAST[text.length % 4];
  if (last?.includes(text.charAt(text.length - 1)) === false || !ALPHABET.test(text)) return undefined;
  return Buffer.from(text, 'base64url');
}

export const encodeBase64url = (data: string | Uint8Array): string => Buffer.from(data as string).toString('base64url');
