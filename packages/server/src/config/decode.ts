// Reads a file of the configuration, which is text in UTF-8.

import { describeFailure } from '../primitives/failure.ts';
import { decodeUtf8 } from '../primitives/utf8.ts';
import { ConfigurationError, type Fault, faultOfFile } from './fault.ts';
import type { Texts } from './inputs.ts';

/** @returns the text, or a fault with the first line that is not UTF-8 */
export function decodeFile(bytes: Uint8Array): string | Fault {
  const text = decodeUtf8(bytes);
  if (text !== undefined) return text;
  const lines = Buffer.from(bytes).toString('latin1').split('\n');
  const line = 1 + lines.findIndex((one) => decodeUtf8(Buffer.from(one, 'latin1')) === undefined);
  const message = 'this line is not text in UTF-8. Save the file in that encoding.';
  return { severity: 'fault', line, column: 1, path: '', message };
}

/** Reads the main file. @throws ConfigurationError */
export function readText(file: string, inputs: Pick<Texts, 'read'>): string {
  const text = decodeFile(readBytes(file, inputs));
  if (typeof text !== 'string') throw new ConfigurationError(file, [text]);
  return text;
}

function readBytes(file: string, { read }: Pick<Texts, 'read'>): Buffer {
  try {
    return read(file);
  } catch (error) {
    throw new ConfigurationError(file, [faultOfFile(`cannot be read: ${describeFailure(error)}.`)]);
  }
}
