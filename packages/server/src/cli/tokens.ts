// Reads a token argument of a command: its text, @FILE, or - for standard input.
import { readTextFile } from '../primitives/utf8.ts';

/** Removes a trailing line feed, which an editor adds to a file. */
export function readToken(argument: string): string {
  if (argument === '-') return readTextFile(0).replace(/\r?\n$/, '');
  return argument.startsWith('@') ? readTextFile(argument.slice(1)).replace(/\r?\n$/, '') : argument;
}
