// Describes errors of the YAML parser: the text at fault, and what to write instead.
import type { YAMLError } from 'yaml';

export interface SyntaxFault {
  readonly offset: number;
  readonly message: string;
}

type Word = (message: string, text: string, offset: number) => string | SyntaxFault;

const QUOTE = 'Put the whole value in quotes.';
const KEY = 'this is not a key with a value. Write KEY: VALUE, with a space after the colon.';
const ENDS_LINE = 'this line is not indented as the lines above it are. Give all keys of a map the same indentation.';

/** Messages by the error code of the parser. */
const WORDS: Readonly<Record<string, Word>> = {
  TAB_AS_INDENT: () => 'a tab indents this line. Indent it with spaces.',
  BAD_INDENT: (message, text, offset) => {
    const isMap = /Flow map/.test(message);
    if (!isMap && !/Flow sequence/.test(message)) return ENDS_LINE;
    const [opening, closing, other] = isMap ? ['{', '}', ']'] : ['[', ']', '}'];
    if (text[offset] === other && isMap) return `this ${other} closes nothing. Remove it.`;
    const where = lineAt(text, offset).before.includes(opening) ? 'in this line' : 'before this line';
    return `a ${opening} ${where} is not closed. Write the missing ${closing}.`;
  },
  BLOCK_AS_IMPLICIT_KEY: (message, text, offset) => {
    if (/block sequence/.test(message))
      return 'a list begins where a key is expected. Indent the list below the key that it belongs to, or write - before the first of the keys above.';
    const rest = text.slice(offset).split('\n', 1)[0] ?? '';
    if (/:\s/.test(rest)) return `a value that holds a colon and a space needs quotes. ${QUOTE}`;
    const next = text.indexOf('\n', offset) + 1;
    const indented = next + (/^\s*/.exec(text.slice(next))?.[0].length ?? 0);
    return { offset: indented, message: 'this line is indented too far. Indent it as the line above.' };
  },
  MULTILINE_IMPLICIT_KEY: () => KEY,
  MISSING_CHAR: (message, text, offset) => {
    if (/without -/.test(message))
      return 'this line is between a list and its entries. Begin it with "- ", or indent it as the keys of the entry above.';
    const [, quote] = /closing (["'])/.exec(message) ?? [];
    if (quote !== undefined) return openingOf(quote, text, offset);
    if (/Missing ,/.test(message)) return 'a comma is missing before this.';
    return KEY;
  },
  BAD_SCALAR_START: (_, text, offset) => `a value cannot begin with ${text[offset]}. Put the whole value in quotes.`,
  BLOCK_IN_FLOW: () => 'a comma is missing: between { and }, or [ and ], each entry ends with one.',
  UNEXPECTED_TOKEN: (message, text, offset) => {
    if (/flow-map-end/.test(message)) return 'this } closes nothing. Remove it.';
    if (/flow-seq-end/.test(message)) return 'this ] closes nothing. Remove it.';
    if (/block-seq-ind/.test(message)) return 'a list cannot begin on the line of its key. Begin it on the next line.';
    if (/[\]}]\s*$/.test(lineAt(text, offset).before))
      return 'a comma is missing before this. Write it, or remove the rest.';
    return `text follows a value that is complete. ${QUOTE}`;
  },
  MULTIPLE_DOCS: () => 'a second document begins here. A configuration is one document, without ---.',
  TAG_RESOLVE_FAILED: () =>
    'a value that begins with ! is a tag, which has no meaning here. Put the whole value in quotes.',
  BAD_DQ_ESCAPE: () => 'a \\ in double quotes begins an escape. Write \\\\, or use single quotes.',
};

/** @param text of the whole file */
export function describeSyntaxError({ code, message, pos: [offset] }: YAMLError, text: string): SyntaxFault {
  const found =
    describeLine(text, offset) ??
    WORDS[code]?.(message, text, offset) ??
    `this is not YAML (${code.toLowerCase().replaceAll('_', ' ')}).`;
  return typeof found === 'string' ? { offset: afterIndentation(text, offset), message: found } : found;
}

/** The parser reports the beginning of a line; people expect its first character. */
const afterIndentation = (text: string, offset: number): number =>
  text[offset - 1] === '\n' && text[offset] === ' '
    ? offset + (/^ */.exec(text.slice(offset))?.[0].length ?? 0)
    : offset;

/** The parser reports the end of the file. The fault is at the last quote that opens a value. */
function openingOf(quote: string, text: string, end: number): SyntaxFault | string {
  const message = `this ${quote} is not closed. Write another ${quote} at the end of the value.`;
  const openings = [...text.slice(0, end).matchAll(new RegExp(`(?<=[:-]\\s+|[,[{]\\s*)${quote}`, 'g'))];
  const opening = openings.at(-1);
  return opening === undefined ? message : { offset: opening.index, message };
}

function lineAt(
  text: string,
  offset: number,
): { readonly start: number; readonly before: string; readonly line: string } {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const end = text.indexOf('\n', offset);
  return { start, before: text.slice(start, offset), line: text.slice(start, end === -1 ? undefined : end) };
}

/** What nobody sees, or nobody means, in a line. */
const ODD_LINES: readonly (readonly [pattern: RegExp, message: string])[] = [
  [/(?<=^ *)\t/, 'a tab indents this line. Indent it with spaces.'],
  [
    /(?<=^ *)[\u00a0\u2000-\u200b\u202f\u3000]/,
    'this blank is not an ordinary one, such as a no-break space. Write spaces.',
  ],
  [/^(?:<{7}|={7}|>{7})(?= |\r?$)/, 'this is the mark of a merge conflict. Decide for one side, and remove the marks.'],
  [/(?<=^ *)-(?=[A-Za-z_]\w*:(?: |\r?$))/, 'a space is missing after this -. Write - KEY: VALUE.'],
];

/** The parser may report the line after the one that it does not understand. */
function describeLine(text: string, offset: number): SyntaxFault | undefined {
  const here = lineAt(text, offset);
  const above = here.start === 0 ? [] : [lineAt(text, here.start - 1)];
  for (const { start, line } of [here, ...above])
    for (const [pattern, message] of ODD_LINES) {
      const found = pattern.exec(line);
      if (found !== null) return { offset: start + found.index, message };
    }
  return undefined;
}
