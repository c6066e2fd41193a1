// How does a person hand a token to a command? As text, as @FILE, or as - for standard input.
import { readFileSync } from 'node:fs';

/** A file's last line feed is the editor's, not the token's. */
export function readToken(argument: string): string {
  if (argument === '-') return readFileSync(0, 'utf8').replace(/\r?\n$/, '');
  return argument.startsWith('@') ? readFileSync(argument.slice(1), 'utf8').replace(/\r?\n$/, '') : argument;
}
