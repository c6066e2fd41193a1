// Writes edits of a text as a unified diff, which `patch -p0` and `git apply -p0` apply.

/** Replaces the text from one offset to another. */
export interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** Maximum number of lines that a hunk shows before and after its changes. */
const CONTEXT_LINES = 3;

/** Decides whether a line of the old text may be shown as context. The first line is 0. */
export type LineFilter = (line: string, index: number) => boolean;

/** Lines of the old text that are replaced. The first line is 0; `to` is the line after the last one. */
interface Change {
  readonly from: number;
  readonly to: number;
  readonly added: readonly string[];
}

/**
 * @param file the name in the header, or the names before and after
 * @param edits in order, without overlaps
 * @param mayShow limits the context. It must allow the line behind each change: without one, `git apply` applies a hunk at the end of the file
 * @returns an empty text if there are no edits
 */
export function unifiedDiff(
  file: string | readonly [before: string, after: string],
  text: string,
  edits: readonly Edit[],
  mayShow: LineFilter = () => true,
): string {
  const [before, after] = typeof file === 'string' ? [file, file] : file;
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  let shift = 0;
  const hunks = hunksOf(changesOf(text, edits)).map((changes) => {
    const hunk = formatHunk(changes, lines, { shift, mayShow });
    shift += hunk.growth;
    return hunk.text;
  });
  return hunks.length === 0 ? '' : `--- ${before}\n+++ ${after}\n${hunks.join('')}`;
}

/** Extends each edit to whole lines. Edits of one line become one change. */
function changesOf(text: string, edits: readonly Edit[]): readonly Change[] {
  const starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  const lineOf = createLineFinder(starts);
  const changes: { from: number; to: number; text: string; end: number }[] = [];
  for (const { from, to, text: other } of edits) {
    const line = lineOf(from);
    const last = changes.at(-1);
    // The offset up to which the last change has the old text, or the edit has removed it.
    if (last !== undefined && last.to > line) {
      last.text += text.slice(last.end, from) + other;
      last.end = to;
      last.to = lineAfter(to, last.to);
    } else {
      const start = starts[line] ?? 0;
      changes.push({ from: line, to: lineAfter(to, line), text: text.slice(start, from) + other, end: to });
    }
  }
  function lineAfter(offset: number, least: number): number {
    const line = lineOf(offset);
    return Math.max(least, starts[line] === offset && offset > 0 ? line : line + 1);
  }
  return changes.map(({ from, to, text: begun, end }) => {
    const whole = begun + text.slice(end, starts[to] ?? text.length);
    return { from, to, added: whole.match(/[^\n]*\n|[^\n]+$/g) ?? [] };
  });
}

/** @returns a function from an offset, not smaller than the one before, to its line */
function createLineFinder(starts: readonly number[]): (offset: number) => number {
  let line = 0;
  return (offset) => {
    while (line + 1 < starts.length && (starts[line + 1] ?? 0) <= offset) line++;
    return line;
  };
}

/** Joins changes whose context would overlap. */
function hunksOf(changes: readonly Change[]): readonly (readonly Change[])[] {
  const hunks: Change[][] = [];
  for (const change of changes) {
    const last = hunks.at(-1)?.at(-1);
    if (last !== undefined && change.from - last.to <= 2 * CONTEXT_LINES) hunks.at(-1)?.push(change);
    else hunks.push([change]);
  }
  return hunks;
}

function formatHunk(
  changes: readonly Change[],
  lines: readonly string[],
  { shift, mayShow }: { readonly shift: number; readonly mayShow: LineFilter },
): { readonly text: string; readonly growth: number } {
  const [begun = 0, done = 0] = [changes[0]?.from, changes.at(-1)?.to];
  const shows = (index: number): boolean => index >= 0 && index < lines.length && mayShow(lines[index] ?? '', index);
  let end = done;
  while (end < done + CONTEXT_LINES && shows(end)) end++;
  let first = begun;
  while (first > begun - CONTEXT_LINES && shows(first - 1)) first--;
  const shown: string[] = [];
  let [at, growth] = [first, 0];
  for (const { from, to, added } of changes) {
    shown.push(...lines.slice(at, from).map((line) => mark(' ', line)));
    shown.push(...lines.slice(from, to).map((line) => mark('-', line)), ...added.map((line) => mark('+', line)));
    growth += added.length - (to - from);
    at = to;
  }
  shown.push(...lines.slice(at, end).map((line) => mark(' ', line)));
  const [before, after] = [end - first, end - first + growth];
  const header = `@@ -${placeOf(first, before)} +${placeOf(first + shift, after)} @@\n`;
  return { text: header + shown.join(''), growth };
}

/** The first line is 1; of an empty range, the line before it. */
const placeOf = (first: number, count: number): string => `${count === 0 ? first : first + 1},${count}`;

const mark = (sign: string, line: string): string =>
  line.endsWith('\n') ? sign + line : `${sign}${line}\n\\ No newline at end of file\n`;
