// Lays out a table for people: a header, columns as wide as what they hold, and on a terminal no wider than it.
import { printable } from '../primitives/printable.ts';

/** By name: what a cell of the column says of an item. */
export type Columns<T> = Readonly<Record<string, (item: T) => string | number | undefined>>;

interface Layout {
  /** Characters of a line; a pipe has no end. */
  readonly width: number;
  readonly head: (text: string) => string;
}

/** A table that is printed as its rows are found. The header comes with the first rows, and sets the columns. */
export interface GrowingTable<T> {
  /** @returns lines without the ends of them; every cell is safe to print */
  readonly add: (items: readonly T[]) => readonly string[];
}

const GAP = '  ';
const LEAST_WIDTH = 8;
/** Stands in a cell that would be empty, so that columns can be counted. */
const EMPTY = '-';

/** @returns lines without the ends of them; every cell is safe to print */
export const layOut = <T>(columns: Columns<T>, items: readonly T[], layout: Layout): readonly string[] =>
  createTable(columns, layout).add(items);

export function createTable<T>(columns: Columns<T>, { width, head }: Layout): GrowingTable<T> {
  const readers = Object.values(columns);
  const titles = Object.keys(columns).map(titleOf);
  let natural = titles.map(widthOf);
  let isFirst = true;
  return {
    add: (items) => {
      const rows = items.map((item) => readers.map((read) => printable(String(read(item) ?? '')) || EMPTY));
      natural = natural.map((one, index) => rows.reduce((most, row) => Math.max(most, widthOf(row[index] ?? '')), one));
      const widths = fit(natural, width);
      const header = isFirst ? linesOf(titles, widths).map(head) : [];
      isFirst = false;
      return [...header, ...rows.flatMap((row) => linesOf(row, widths))];
    },
  };
}

function linesOf(cells: readonly string[], widths: readonly number[]): readonly string[] {
  const wrapped = cells.map((cell, index) => wrap(cell, widths[index] ?? 0));
  const count = Math.max(...wrapped.map(({ length }) => length));
  return Array.from({ length: count }, (_, line) =>
    wrapped
      .map((parts, index) => pad(parts[line] ?? '', widths[index] ?? 0))
      .join(GAP)
      .trimEnd(),
  );
}

/** `createdAt` as `CREATED AT`. */
const titleOf = (name: string): string => name.replaceAll(/[A-Z]/g, ' $&').toUpperCase();

/** The widest column gives way first. */
function fit(natural: readonly number[], width: number): readonly number[] {
  const widths = [...natural];
  const room = width - GAP.length * (widths.length - 1);
  for (let over = widths.reduce((sum, one) => sum + one, 0) - room; over > 0; over--) {
    const widest = widths.indexOf(Math.max(...widths));
    if ((widths[widest] ?? 0) <= LEAST_WIDTH) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

/** East Asian characters and emoji take two columns; marks that stand over another character take none. */
const WIDE =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|\p{Emoji_Presentation}/u;
const charWidth = (char: string): number => (/^\p{M}$/u.test(char) ? 0 : WIDE.test(char) ? 2 : 1);
const widthOf = (text: string): number => [...text].reduce((sum, char) => sum + charWidth(char), 0);
const pad = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - widthOf(text)));

/** After a space, a comma or a slash where one is near the end of the line; elsewhere where the line ends. */
function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let rest = [...text];
  while (rest.reduce((sum, char) => sum + charWidth(char), 0) > width) {
    let [count, taken] = [0, 0];
    while (taken + charWidth(rest[count] ?? '') <= width) taken += charWidth(rest[count++] ?? '');
    const line = rest.slice(0, Math.max(1, count));
    const end = line.findLastIndex((char) => ' ,/'.includes(char)) + 1;
    const cut = end > line.length / 2 ? end : line.length;
    lines.push(rest.slice(0, cut).join('').trimEnd());
    rest = rest.slice(cut);
    while (rest[0] === ' ') rest.shift();
  }
  return [...lines, rest.join('')];
}
