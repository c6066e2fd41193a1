// The one place where bytes become text: they are UTF-8, or there is no text. A decoder that mends writes U+FFFD for what it cannot
// read, so that two names of others become one.
import { readFileSync } from 'node:fs';

/** A byte order mark is a character like any other: left out, it would make two texts one. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @returns undefined where the bytes are not UTF-8 */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * @param file a path, or 0 for standard input
 * @throws Error of the system, or one that says that it is not UTF-8
 */
export function readTextFile(file: string | 0): string {
  const text = decodeUtf8(readFileSync(file));
  if (text === undefined) throw new Error(`${file === 0 ? 'standard input' : file} is not text in UTF-8`);
  return text;
}

/** Of the answer to a request of ours. @returns undefined where it is not UTF-8 */
export const readAnswerText = async (answer: Response): Promise<string | undefined> =>
  decodeUtf8(new Uint8Array(await answer.arrayBuffer()));
