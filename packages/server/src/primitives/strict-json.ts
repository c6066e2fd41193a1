// Is this JSON an object that every parser reads alike? Duplicate members are refused (RFC 7519 section 4), and so is
// nesting that would cost more to walk than the token is worth.

const MAX_DEPTH = 64;

export type JsonObject = Readonly<Record<string, unknown>>;

/** A null-prototype object, so that `constructor` and `__proto__` are members like any other; undefined when refused. */
export function parseJsonObject(text: string): JsonObject | undefined {
  if (!shallow(text)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  // What reads back to the same text had no duplicate member; only other spellings are scanned.
  if (JSON.stringify(value) !== text && hasDuplicateMember(text)) return undefined;
  return Object.assign(Object.create(null), value);
}

/** How deep it is, only text with very many brackets can leave open. */
const shallow = (text: string): boolean =>
  count(text, '{') + count(text, '[') <= MAX_DEPTH || depthOf(text) <= MAX_DEPTH;

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

/** The text is known to be valid JSON. */
function hasDuplicateMember(text: string): boolean {
  const objects: (Set<string> | undefined)[] = [];
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === OPEN_BRACE) objects.push(new Set());
    else if (char === OPEN_BRACKET) objects.push(undefined);
    else if (char === CLOSE_BRACE || char === CLOSE_BRACKET) objects.pop();
    else if (char === QUOTE) {
      const start = i;
      for (i++; text.charCodeAt(i) !== QUOTE; i++) if (text.charCodeAt(i) === BACKSLASH) i++;
      const end = i + 1;
      while (isBlank(text.charCodeAt(i + 1))) i++;
      const names = objects.at(-1);
      if (names === undefined || text.charCodeAt(i + 1) !== COLON) continue;
      const name = JSON.parse(text.slice(start, end));
      if (names.has(name)) return true;
      names.add(name);
    }
  }
  return false;
}

const isBlank = (char: number): boolean => char === 0x20 || char === 0x0a || char === 0x0d || char === 0x09;

const QUOTE = 0x22;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
