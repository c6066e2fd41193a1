// How does a person hand a token to a command? As text, as @FILE, or as - for standard input.
import { readTextFile } from '../primitives/utf8.ts';

/** A file's last line feed is the editor's, not the token's. */
export function readToken(argument: string): string {
  if (argument === '-') return readTextFile(0).replace(/\r?\n$/, '');
  return argument.startsWith('@') ? readTextFile(argument.slice(1)).replace(/\r?\n$/, '') : argument;
}
