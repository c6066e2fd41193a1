// Divides a text in YAML into its sections, and a section that is a list into its entries. Each part is YAML by itself. So the parser
// needs little memory at a time, an unchanged part is not parsed again, and the line of a fault is found in its part alone.
import type { Path } from './fault.ts';

export interface TextPart {
  /** Where its value stands: `['issuer']`, or `['rules', 3]`. The whole text: `[]`. */
  readonly path: Path;
  /** The offset of its first line. */
  readonly start: number;
  readonly text: string;
  /** The offset of the key of its section. */
  readonly section: number;
}

export const wholeOf = (text: string): TextPart => ({ path: [], start: 0, text, section: 0 });

/** A key of the file at the beginning of a line. A line may end with a carriage return. */
const SECTION = /^([A-Za-z_][\w-]*):(?=[ \r]|$)/;
/** A line that belongs to the section before it. A `-` begins an entry of a list that is not indented. */
const CONTINUES = /^(?:[ \r#]|-[ \r]|-?$)/;
const IS_EMPTY = /^ *(?:#.*)?\r?$/;
/** Keys that are not texts. */
const WORD = /^(?:null|true|false)$/i;

interface Line {
  readonly start: number;
  readonly text: string;
}

/**
 * @returns undefined for a text that only the parser can divide: a document with other lines than keys at its first column
 */
export function divide(text: string): readonly TextPart[] | undefined {
  const sections: { readonly name: string; readonly lines: Line[] }[] = [];
  for (const line of linesOf(text)) {
    const [, name] = SECTION.exec(line.text) ?? [];
    const section = sections.at(-1);
    if (name !== undefined) sections.push({ name, lines: [line] });
    else if (section === undefined ? !IS_EMPTY.test(line.text) : !CONTINUES.test(line.text)) return undefined;
    else section?.lines.push(line);
  }
  // The parser reports a key that stands twice.
  if (new Set(sections.map(({ name }) => name)).size < sections.length) return undefined;
  return sections.flatMap(({ name, lines }, index) => {
    const end = sections[index + 1]?.lines[0]?.start ?? text.length;
    const start = lines[0]?.start ?? 0;
    return (
      divideList(name, lines, end, text) ?? [{ path: [name], start, text: text.slice(start, end), section: start }]
    );
  });
}

function linesOf(text: string): readonly Line[] {
  const lines: Line[] = [];
  for (let start = 0; start < text.length; ) {
    const feed = text.indexOf('\n', start);
    const end = feed === -1 ? text.length : feed;
    lines.push({ start, text: text.slice(start, end) });
    start = end + 1;
  }
  return lines;
}

/** @returns undefined if the section is not a list that has each entry on lines of its own */
function divideList(
  name: string,
  [head, ...lines]: readonly Line[],
  end: number,
  text: string,
): readonly TextPart[] | undefined {
  if (head === undefined || WORD.test(name) || !IS_EMPTY.test(head.text.slice(name.length + 1))) return undefined;
  const starts: number[] = [];
  let indent: number | undefined;
  for (const line of lines) {
    if (IS_EMPTY.test(line.text)) continue;
    const spaces = line.text.search(/[^ ]/);
    const beginsEntry = /^-(?:[ \r]|$)/.test(line.text.slice(spaces));
    indent ??= beginsEntry ? spaces : undefined;
    if (indent === undefined || spaces < indent || (spaces === indent && !beginsEntry)) return undefined;
    if (spaces === indent) starts.push(line.start);
  }
  if (starts.length === 0) return undefined;
  return starts.map((start, index) => ({
    path: [name, index],
    start,
    text: text.slice(start, starts[index + 1] ?? end),
    section: head.start,
  }));
}

/** A path leads into a part, or to the key of a section whose entries are parts. */
type Found =
  | { readonly kind: 'part'; readonly part: TextPart; readonly within: Path }
  | { readonly kind: 'offset'; readonly offset: number };

export function partOf(parts: readonly TextPart[], path: Path): Found {
  const [section, index] = path;
  const [first] = parts;
  if (first?.path.length === 0) return { kind: 'part', part: first, within: path };
  const own = parts.filter((part) => part.path[0] === section);
  const part = own.find((one) => one.path.length === 1 || one.path[1] === index);
  if (part === undefined) return { kind: 'offset', offset: (own[0] ?? first)?.section ?? 0 };
  return { kind: 'part', part, within: part.path.length === 1 ? path : [0, ...path.slice(2)] };
}
