// The one place where bytes become text: they are UTF-8, or refused. A decoder that mends writes U+FFFD for what it cannot read, so
// that two subjects become one.

/** A byte order mark is a character like any other. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws TypeError where the bytes are not UTF-8 */
export const decodeUtf8 = (bytes: Uint8Array): string => decoder.decode(bytes);

/** @throws TypeError where the body is not UTF-8 */
export const readText = async (response: Response): Promise<string> =>
  decodeUtf8(new Uint8Array(await response.arrayBuffer()));
