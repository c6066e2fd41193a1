// Reads YAML as most files are written: maps and lists in blocks, values on one line. It is many times as fast as the parser, and leaves
// everything else to it. Where it is not certain that the parser reads a text in the same way, it gives up.

/** The parser must read the text. */
class Unusual extends Error {}

/** Printable ASCII. A tab may be indentation or not. */
const USUAL = /^[\n\x20-\x7e]*$/;
/** A colon that a space follows ends a key. */
const KEY = /([A-Za-z][\w.-]{0,99}):(?= |$)/y;
/** Within [ ] and { }. */
const IN_FLOW = /(?:[\w./+=@~*-]|:(?=[\w/]))+/y;
const SINGLE = /'((?:[^']|'')*)'/y;
const DOUBLE = /"([^"\\]*)"/y;
const SPACES = / */y;
/** What may follow a value on its line. */
const ENDS_LINE = /^ *(?: #.*)?$/;
/** Words that are not texts. */
const WORD = /^(?:null|true|false)$/i;
const WORDS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['null', null],
  ['true', true],
  ['false', false],
]);
/** The deepest indentation, and the deepest nesting of brackets: the reader is recursive. */
const MAX_DEPTH = 100;

interface Line {
  readonly indent: number;
  readonly text: string;
}

interface Cursor {
  readonly lines: Line[];
  at: number;
}

/** @returns undefined if the text has anything unusual, or is empty */
export function readPlain(text: string): { readonly value: object } | undefined {
  if (!USUAL.test(text) || text.includes('${')) return undefined;
  const lines = text.split('\n').flatMap((line) => {
    const indent = line.search(/[^ ]/);
    return indent === -1 || line[indent] === '#' ? [] : [{ indent, text: line.slice(indent) }];
  });
  try {
    const cursor = { lines, at: 0 };
    const value = readBlock(cursor, lines[0]?.indent ?? 0);
    return cursor.at === lines.length ? { value } : undefined;
  } catch (error) {
    if (error instanceof Unusual) return undefined;
    throw error;
  }
}

const isItem = ({ text }: Line): boolean => text.startsWith('- ');

/** @returns the line if it has this indentation */
function lineAt({ lines, at }: Cursor, indent: number): Line | undefined {
  const line = lines[at];
  if (line !== undefined && line.indent > indent) throw new Unusual();
  return line?.indent === indent ? line : undefined;
}

function readBlock(cursor: Cursor, indent: number): object {
  const line = lineAt(cursor, indent);
  if (line === undefined || indent > MAX_DEPTH) throw new Unusual();
  return isItem(line) ? readList(cursor, indent) : readMap(cursor, indent);
}

function readList(cursor: Cursor, indent: number): readonly unknown[] {
  const items: unknown[] = [];
  for (;;) {
    const line = lineAt(cursor, indent);
    if (line === undefined || !isItem(line)) return items;
    const rest = line.text.slice(1).trimStart();
    const inner = indent + line.text.length - rest.length;
    if (keyOf(rest) === undefined) items.push(readLine(cursor, rest));
    else {
      // A map that begins on the line of its `-`.
      cursor.lines[cursor.at] = { indent: inner, text: rest };
      items.push(readBlock(cursor, inner));
    }
  }
}

function readMap(cursor: Cursor, indent: number): object {
  const members = new Map<string, unknown>();
  for (;;) {
    const line = lineAt(cursor, indent);
    if (line === undefined) return Object.fromEntries(members);
    const key = keyOf(line.text);
    if (key === undefined || members.has(key)) throw new Unusual();
    const rest = line.text.slice(key.length + 1).trimStart();
    members.set(key, rest === '' ? readBelow(cursor, indent) : readLine(cursor, rest));
  }
}

/** Reads the value of a key that has none on its line. A list may have the indentation of the key. */
function readBelow(cursor: Cursor, indent: number): object {
  const next = cursor.lines[++cursor.at];
  if (next === undefined || next.indent < indent) throw new Unusual();
  if (next.indent > indent) return readBlock(cursor, next.indent);
  if (!isItem(next)) throw new Unusual();
  return readList(cursor, indent);
}

/** @returns the key at the beginning of a line */
function keyOf(text: string): string | undefined {
  const key = match(KEY, { text, at: 0 });
  if (key !== undefined && WORD.test(key)) throw new Unusual();
  return key;
}

interface Place {
  readonly text: string;
  at: number;
}

/** @returns the first group of the pattern, and goes on after it */
function match(pattern: RegExp, place: Place): string | undefined {
  pattern.lastIndex = place.at;
  const found = pattern.exec(place.text);
  if (found === null) return undefined;
  place.at = pattern.lastIndex;
  return found[1] ?? found[0];
}

/** Reads a value that ends on its line. */
function readLine(cursor: Cursor, text: string): unknown {
  cursor.at++;
  if (!/^['"[{]/.test(text)) return plainValue(text.replace(/ #.*$/, '').trimEnd());
  const place = { text, at: 0 };
  const value = readFlow(place, 0);
  if (!ENDS_LINE.test(text.slice(place.at))) throw new Unusual();
  return value;
}

/** Reads a value within brackets, or one that is in quotes or brackets. */
function readFlow(place: Place, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new Unusual();
  const first = place.text[place.at];
  if (first === '[' || first === '{') {
    place.at++;
    return first === '[' ? readItems(place, depth + 1) : readMembers(place, depth + 1);
  }
  const single = match(SINGLE, place);
  if (single !== undefined) return single.replaceAll("''", "'");
  const double = match(DOUBLE, place);
  return double ?? plainValue(match(IN_FLOW, place) ?? '');
}

function readItems(place: Place, depth: number): readonly unknown[] {
  const items: unknown[] = [];
  do {
    match(SPACES, place);
    if (items.length === 0 && place.text[place.at] === ']') break;
    items.push(readFlow(place, depth));
  } while (goesOn(place, ']'));
  if (items.length === 0) place.at++;
  return items;
}

function readMembers(place: Place, depth: number): object {
  const members = new Map<string, unknown>();
  do {
    match(SPACES, place);
    if (members.size === 0 && place.text[place.at] === '}') break;
    const key = match(KEY, place);
    if (key === undefined || WORD.test(key) || members.has(key)) throw new Unusual();
    match(SPACES, place);
    members.set(key, readFlow(place, depth));
  } while (goesOn(place, '}'));
  if (members.size === 0) place.at++;
  return Object.fromEntries(members);
}

/** Does a comma follow? Otherwise the end must. */
function goesOn(place: Place, end: string): boolean {
  match(SPACES, place);
  const next = place.text[place.at++];
  if (next !== ',' && next !== end) throw new Unusual();
  return next === ',';
}

const NUMBER = /^(?:0|[1-9]\d{0,14})$/;
/** A duration is a text, although it begins with a digit. */
const DURATION = /^\d+[smhdw]$/;
/** A text that cannot be of another type, and does not contain the end of a key. */
const TEXT = /^[A-Za-z/](?!.*:(?: |$))/;

function plainValue(text: string): unknown {
  if (NUMBER.test(text)) return Number(text);
  if (WORDS.has(text)) return WORDS.get(text);
  if (WORD.test(text) || !(TEXT.test(text) || DURATION.test(text))) throw new Unusual();
  return text;
}
