// Decodes bytes as UTF-8 strictly. A decoder that repairs writes U+FFFD for invalid bytes, so that two different names become
// equal. Nothing else decodes bytes.
import { readFileSync } from 'node:fs';

/** Keeps a byte order mark: without it, two different texts would become equal. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @returns undefined if the bytes are not UTF-8 */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * @param file a path, or 0 for standard input
 * @throws Error of the system, or one that says that the file is not UTF-8
 */
export function readTextFile(file: string | 0): string {
  const text = decodeUtf8(readFileSync(file));
  if (text === undefined) throw new Error(`${file === 0 ? 'standard input' : file} is not text in UTF-8`);
  return text;
}

/** Reads the answer to a request of ours. @returns undefined if it is not UTF-8 */
export const readAnswerText = async (answer: Response): Promise<string | undefined> =>
  decodeUtf8(new Uint8Array(await answer.arrayBuffer()));
