// Prints: the one place through which commands write to a terminal. Text of others stays text (`primitives/printable.ts`).
import { printableLines } from '../primitives/printable.ts';
import { redactTokens } from '../primitives/redact.ts';

/** A line, or several. */
export const print = (text: string): void => console.log(printableLines(text));

/** A part of a line, or lines with their ends: rows that are printed as they are found. */
export const printPart = (text: string): void => void process.stdout.write(printableLines(text));

export const printError = (text: string): void => console.error(printableLines(redactTokens(text)));

/** Lines whose values are printable already, with colours of our own. */
export const printFormatted = (text: string): void => console.log(text);

/** Lines of CSV, which end as RFC 4180 has it. */
export const printCsv = (lines: readonly string[]): void => console.log(`${printableLines(lines.join('\r\n'))}\r`);
