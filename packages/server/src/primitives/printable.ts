// Escapes characters that are unsafe to print. Every command and every log line prints through it.

/** Control, format, private and unassigned characters, lone surrogates (Unicode category C), and line separators. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;
/** The same, without line ends. */
const UNPRINTABLE_IN_LINES = /(?!\r?\n)[\p{C}\p{Zl}\p{Zp}]/gu;

/** Escapes as JavaScript and JSON do: escaped JSON keeps its value. */
const escapeUnits = (char: string): string =>
  char
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');

/**
 * Escapes each character that could control a terminal, hide text or begin a line, in one value from outside, such as a cell of
 * a table. Our own colours are added afterwards.
 */
export const printable = (text: string): string => text.replace(UNPRINTABLE, escapeUnits);

/** The same for whole output that has our own line ends: JSON, CSV, a report. JSON and CSV stay valid. */
export const printableLines = (text: string): string => text.replace(UNPRINTABLE_IN_LINES, escapeUnits);
