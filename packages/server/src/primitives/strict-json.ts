// Parses JSON from outside, and refuses text that two parsers could read differently: duplicate members (RFC 7519 section 4) and
// numbers that a double would round (RFC 7493 section 2.2). Also refuses deep nesting, which is too costly to walk.

const MAX_DEPTH = 64;
/**
 * Maximum of commas and opening brackets, about the number of members and elements. Each costs up to a microsecond. Real texts
 * have some thousands.
 */
const MAX_ITEMS = 16_384;

export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * The form in which two names are equal for a parser that ignores case, such as those of Go and .NET: they read `SUB`, and Go even
 * `\u017fub`, as `sub`, and the last one counts.
 */
export const foldMemberName = (name: string): string => name.toUpperCase().toLowerCase();

/** @returns an object without prototype, so that `constructor` and `__proto__` are ordinary members; undefined if refused */
export const parseJsonObject = (text: string): JsonObject | undefined =>
  count(text, ',') + countBrackets(text) > MAX_ITEMS ? undefined : parseJsonFile(text);

/** The same for a file of the operator, which may have any number of members. */
export function parseJsonFile(text: string): JsonObject | undefined {
  if (!isShallow(text)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  // Text that JSON.stringify reproduces has no duplicate member, and its integers are exact up to 2^53. Other text is scanned.
  if ((JSON.stringify(value) !== text || LONG_NUMBER.test(text)) && isAmbiguous(text, value)) return undefined;
  return Object.setPrototypeOf(value, null);
}

/** Parses JSON that this server wrote itself, such as a row of its database. Never use it for other text. */
export const parseOwnJson = <T>(text: string): T => JSON.parse(text);

/**
 * Matches numbers that may be inexact, in text that JSON.stringify reproduces: 16 digits, or an exponent. Also matches inside
 * strings.
 */
const LONG_NUMBER = /[:,[]-?\d(?:\d{15}|(?:\.\d+)?e\+)/;

const DECIMAL = /^[-+]?(\d*)\.?(\d*)(?:[eE]([-+]?\d+))?$/;

/**
 * Does a double hold exactly this number? An integer must be within ±(2^53 - 1): beyond that, its neighbours are read as the same
 * number. A fraction must not be read as an integer: 0.99999999999999999999 is not 1.
 * @param literal a decimal number
 */
export function isExactNumber(literal: string): boolean {
  const value = Number(literal);
  if (!Number.isInteger(value)) return Number.isFinite(value);
  if (!Number.isSafeInteger(value)) return false;
  const [, whole = '', fraction = '', exponent = '0'] = DECIMAL.exec(literal) ?? [];
  const digits = whole + fraction;
  let significant = digits.length;
  while (significant > 0 && digits[significant - 1] === '0') significant--;
  return significant === 0 || Number(exponent) - fraction.length + digits.length - significant >= 0;
}

/** Text with few brackets cannot be deep. */
const isShallow = (text: string): boolean => countBrackets(text) <= MAX_DEPTH || depthOf(text) <= MAX_DEPTH;

const countBrackets = (text: string): number => count(text, '{') + count(text, '[');

function count(text: string, char: string): number {
  let found = 0;
  for (let at = text.indexOf(char); at !== -1; at = text.indexOf(char, at + 1)) found++;
  return found;
}

function depthOf(text: string): number {
  let deepest = 0;
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (quoted) {
      if (char === BACKSLASH) i++;
      else if (char === QUOTE) quoted = false;
    } else if (char === QUOTE) quoted = true;
    else if (char === OPEN_BRACE || char === OPEN_BRACKET) {
      deepest = Math.max(deepest, ++depth);
    } else if (char === CLOSE_BRACE || char === CLOSE_BRACKET) depth--;
  }
  return deepest;
}

/**
 * Does an object have a duplicate member, or would a number be rounded? JSON.parse keeps one of the members with the same name, so
 * the value then has fewer members than the text. Names are counted and not compared, so escapes in them do not matter.
 * @param text valid JSON
 * @param value the result of JSON.parse
 */
function isAmbiguous(text: string, value: object): boolean {
  let members = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === COLON) members++;
    else if (char === QUOTE) {
      for (i++; text.charCodeAt(i) !== QUOTE; i++) if (text.charCodeAt(i) === BACKSLASH) i++;
    } else if (char === MINUS || isDigit(char)) {
      const start = i;
      while (isNumeric(text.charCodeAt(i + 1))) i++;
      if (!isExactNumber(text.slice(start, i + 1))) return true;
    }
  }
  return members !== countMembers(value);
}

/** Counts the members of all objects in the value. */
function countMembers(value: object): number {
  const inside = Object.values(value);
  let members = Array.isArray(value) ? 0 : inside.length;
  for (const one of inside) if (typeof one === 'object' && one !== null) members += countMembers(one);
  return members;
}

const isDigit = (char: number): boolean => char >= 0x30 && char <= 0x39;
/** Digits, `+`, `-`, `.`, `E` and `e`. */
const isNumeric = (char: number): boolean =>
  isDigit(char) || char === 0x2b || char === MINUS || char === 0x2e || char === 0x45 || char === 0x65;

const QUOTE = 0x22;
const COLON = 0x3a;
const MINUS = 0x2d;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
