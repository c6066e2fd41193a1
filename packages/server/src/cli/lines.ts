// Reads the lines of a file strictly as UTF-8, for commands that read an export.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { decodeUtf8 } from '../primitives/utf8.ts';

interface Line {
  /** Undefined if the line is not UTF-8. */
  readonly text: string | undefined;
  /** The file and the number of the line. */
  readonly place: string;
}

/**
 * Skips empty lines.
 * @param file a path, or `-` for standard input
 * @throws Error of the system if the file cannot be read
 */
export async function* readLines(file: string): AsyncGenerator<Line> {
  // Read as latin1, one character for each byte, and decode each whole line.
  const input = file === '-' ? process.stdin.setEncoding('latin1') : createReadStream(file, 'latin1');
  let number = 0;
  for await (const bytes of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number++;
    if (bytes.trim() !== '') yield { text: decodeUtf8(Buffer.from(bytes, 'latin1')), place: `${file}:${number}` };
  }
}
