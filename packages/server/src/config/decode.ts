// Decodes a file of the configuration, which is text in UTF-8.
import { decodeUtf8 } from '../primitives/utf8.ts';
import type { Fault } from './fault.ts';

/** @returns the text, or a fault with the first line that is not UTF-8 */
export function decodeFile(bytes: Uint8Array): string | Fault {
  const text = decodeUtf8(bytes);
  if (text !== undefined) return text;
  const lines = Buffer.from(bytes).toString('latin1').split('\n');
  const line = 1 + lines.findIndex((one) => decodeUtf8(Buffer.from(one, 'latin1')) === undefined);
  const message = 'this line is not text in UTF-8. Save the file in that encoding.';
  return { severity: 'fault', line, column: 1, path: '', message };
}
