// All output of commands goes through these functions, which escape control characters (`primitives/printable.ts`).
import { printableLines } from '../primitives/printable.ts';
import { redactTokens } from '../primitives/redact.ts';

/** Prints one or more lines. */
export const print = (text: string): void => console.log(printableLines(text));

/** Prints text without adding a line feed. */
export const printPart = (text: string): void => void process.stdout.write(printableLines(text));

export const printError = (text: string): void => console.error(printableLines(redactTokens(text)));

/** Prints lines with colours. Their values must be printable already. */
export const printFormatted = (text: string): void => console.log(text);

/** Prints lines of CSV, which end with CRLF (RFC 4180). */
export const printCsv = (lines: readonly string[]): void => console.log(`${printableLines(lines.join('\r\n'))}\r`);

/** Prints text for a program that needs each character as it is, such as a diff. A terminal gets it escaped. */
export const printExact = (text: string): void =>
  void process.stdout.write(process.stdout.isTTY ? printableLines(text) : text);
