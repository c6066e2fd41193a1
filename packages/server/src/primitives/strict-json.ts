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
export const parseJsonObject = (text: string): JsonObject | undefined => parse(text, MAX_ITEMS);

/** The same for a file of the operator, which may have any number of members. */
export const parseJsonFile = (text: string): JsonObject | undefined => parse(text, Number.POSITIVE_INFINITY);

function parse(text: string, maxItems: number): JsonObject | undefined {
  const { items, members, depth } = scan(text, maxItems);
  if (items > maxItems || depth > MAX_DEPTH) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  // JSON.parse keeps one of the members with the same name, so the value then has fewer members than the text. Names are counted
  // and not compared, so escapes in them do not matter.
  return members === countMembers(value) ? Object.setPrototypeOf(value, null) : undefined;
}

/** Parses JSON that this server wrote itself, such as a row of its database. Never use it for other text. */
export const parseOwnJson = <T>(text: string): T => JSON.parse(text);

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
  if (String(value) === literal) return true;
  const [, whole = '', fraction = '', exponent = '0'] = DECIMAL.exec(literal) ?? [];
  const digits = whole + fraction;
  let significant = digits.length;
  while (significant > 0 && digits[significant - 1] === '0') significant--;
  return significant === 0 || Number(exponent) - fraction.length + digits.length - significant >= 0;
}

interface Scanned {
  /** Commas and opening brackets. */
  readonly items: number;
  readonly members: number;
  /** Infinite if a double would round a number, or if there are more numbers than items: the text is refused as well. */
  readonly depth: number;
}

/**
 * Reads the text once, outside its strings. It may be invalid JSON, which JSON.parse refuses afterwards. Stops above the maximum of
 * items. A valid object has at most one number for each item, so the maximum holds for numbers, too: they take the most time.
 */
function scan(text: string, maxItems: number): Scanned {
  let items = 0;
  let numbers = 0;
  let members = 0;
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < text.length && items <= maxItems; i++) {
    const char = text.charCodeAt(i);
    if (char === QUOTE) {
      for (i++; i < text.length && text.charCodeAt(i) !== QUOTE; i++) if (text.charCodeAt(i) === BACKSLASH) i++;
    } else if (char === COLON) members++;
    else if (char === COMMA) items++;
    else if (char === OPEN_BRACE || char === OPEN_BRACKET) {
      items++;
      deepest = Math.max(deepest, ++depth);
    } else if (char === CLOSE_BRACE || char === CLOSE_BRACKET) depth--;
    else if (char === MINUS || isDigit(char)) {
      const start = i;
      numbers++;
      while (isNumeric(text.charCodeAt(i + 1))) i++;
      if (numbers > items || !isExactNumber(text.slice(start, i + 1)))
        return { items, members, depth: Number.POSITIVE_INFINITY };
    }
  }
  return { items, members, depth: deepest };
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
const COMMA = 0x2c;
const MINUS = 0x2d;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
