// Makes text of others safe to print. Every command and every log line prints through it.

/** Control, format, private and unassigned characters, lone surrogates (Unicode category C), and separators of lines. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;
/** The same, without the ends of lines. */
const UNPRINTABLE_IN_LINES = /(?!\r?\n)[\p{C}\p{Zl}\p{Zp}]/gu;

/** The escape of JavaScript and JSON: in JSON, the escaped text has the same value as before. */
const escapeUnits = (char: string): string =>
  char
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');

/**
 * Escapes each character that could steer a terminal, hide text or begin a line: for one value that somebody else wrote, such
 * as a cell of a table. Colours of our own are added afterwards.
 */
export const printable = (text: string): string => text.replace(UNPRINTABLE, escapeUnits);

/** The same for whole output, of which we wrote the ends of lines: JSON, CSV, a report. JSON and CSV stay what they are. */
export const printableLines = (text: string): string => text.replace(UNPRINTABLE_IN_LINES, escapeUnits);
