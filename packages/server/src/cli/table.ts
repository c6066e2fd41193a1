// Lays out a table for people, with a header. Columns are as wide as their content, within the width of the terminal.
import { printable } from '../primitives/printable.ts';

/** By name of the column: reads the value of a cell from an item. */
export type Columns<T> = Readonly<Record<string, (item: T) => string | number | undefined>>;

interface Layout {
  /** Maximum number of characters in a line; infinite for a pipe. */
  readonly width: number;
  readonly head: (text: string) => string;
}

/** A table that grows as rows are found. The header comes with the first rows, which set the number of columns. */
export interface GrowingTable<T> {
  /** @returns lines without line feeds; every cell is safe to print */
  readonly add: (items: readonly T[]) => readonly string[];
}

type Row = readonly string[];

const GAP = '  ';
const INDENT = '    ';
/** The text of an empty cell, so that columns can be counted. */
const EMPTY = '-';

/** @returns lines without line feeds; every cell is safe to print */
export const layOut = <T>(columns: Columns<T>, items: readonly T[], layout: Layout): readonly string[] =>
  createTable(columns, layout).add(items);

/** Columns that do not fit are printed below the row with their names. Ids and times are never broken. */
export function createTable<T>(columns: Columns<T>, { width, head }: Layout): GrowingTable<T> {
  const readers = Object.values(columns);
  const titles = Object.keys(columns).map((name) => name.replaceAll(/[A-Z]/g, ' $&').toLowerCase());
  const heads = titles.map((title) => title.toUpperCase());
  let natural = heads.map(widthOf);
  let least = natural;
  let beside: number | undefined;
  return {
    add: (items) => {
      const rows = items.map((item) => readers.map((read) => printable(String(read(item) ?? '')) || EMPTY));
      natural = widest(natural, rows, widthOf);
      least = widest(least, rows, (cell) => Math.max(...piecesOf(cell).map(widthOf)));
      const isFirst = beside === undefined;
      beside ??= countFitting(least, width);
      const widths = fit(natural.slice(0, beside), least, width);
      const lines = (row: Row): Row => [
        ...linesOf(row.slice(0, beside), widths),
        ...linesBelow(titles.slice(beside), row.slice(beside), width),
      ];
      return [...(isFirst ? linesOf(heads.slice(0, beside), widths).map(head) : []), ...rows.flatMap(lines)];
    },
  };
}

const widest = (before: readonly number[], rows: readonly Row[], measure: (cell: string) => number) =>
  before.map((one, index) => rows.reduce((most, row) => Math.max(most, measure(row[index] ?? '')), one));

/** Returns the number of columns that fit on one line at their minimum widths. */
function countFitting(least: readonly number[], width: number): number {
  let used = -GAP.length;
  const none = least.findIndex((one) => {
    used += GAP.length + one;
    return used > width;
  });
  return none === -1 ? least.length : Math.max(1, none);
}

/** Reduces the widest column first. */
function fit(natural: readonly number[], least: readonly number[], width: number): readonly number[] {
  const widths = [...natural];
  const room = width - GAP.length * (widths.length - 1);
  for (let over = widths.reduce((sum, one) => sum + one, 0) - room; over > 0; over--) {
    const spare = widths.map((one, index) => (one > (least[index] ?? 0) ? one : 0));
    const index = spare.indexOf(Math.max(...spare));
    if (spare[index] === 0) break;
    widths[index] = (widths[index] ?? 0) - 1;
  }
  return widths;
}

function linesOf(cells: Row, widths: readonly number[]): Row {
  const wrapped = cells.map((cell, index) => wrap(cell, widths[index] ?? 0));
  const count = Math.max(...wrapped.map(({ length }) => length));
  return Array.from({ length: count }, (_, line) =>
    wrapped
      .map((parts, index) => pad(parts[line] ?? '', widths[index] ?? 0))
      .join(GAP)
      .trimEnd(),
  );
}

function linesBelow(titles: readonly string[], cells: Row, width: number): Row {
  const pairs = cells.flatMap((cell, index) => (cell === EMPTY ? [] : [`${titles[index]} ${cell}`]));
  return fill(pairs, GAP, width - INDENT.length).map((line) => INDENT + line);
}

const wrap = (text: string, width: number): Row =>
  widthOf(text) <= width ? [text] : fill(piecesOf(text), '', width).map((line) => line.trimEnd());

/** Puts as many parts on each line as fit. A part that is wider than a line gets its own. */
function fill(parts: readonly string[], between: string, width: number): Row {
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    const longer = `${last}${between}${part}`;
    if (last !== undefined && widthOf(longer.trimEnd()) <= width) lines[lines.length - 1] = longer;
    else lines.push(part);
  }
  return lines;
}

/** Splits a cell after spaces and slashes, where it may be broken. */
const piecesOf = (text: string): readonly string[] =>
  text.match(/[^ /]*(?:\/+| +|$)/g)?.filter((one) => one !== '') ?? [];

/** East Asian characters and emoji are two columns wide; combining marks have no width. */
const WIDE =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|\p{Emoji_Presentation}/u;
const charWidth = (char: string): number => (/^\p{M}$/u.test(char) ? 0 : WIDE.test(char) ? 2 : 1);
const widthOf = (text: string): number => [...text].reduce((sum, char) => sum + charWidth(char), 0);
const pad = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - widthOf(text)));
