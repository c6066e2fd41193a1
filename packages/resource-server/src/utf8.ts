// Decodes UTF-8 and refuses invalid bytes. A decoder that replaces them with U+FFFD would make two subjects equal.

/** A byte order mark is kept as a character. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws TypeError if the bytes are not UTF-8 */
export const decodeUtf8 = (bytes: Uint8Array): string => decoder.decode(bytes);

/** @throws TypeError if the body is not UTF-8 */
export const readText = async (response: Response): Promise<string> =>
  decodeUtf8(new Uint8Array(await response.arrayBuffer()));
