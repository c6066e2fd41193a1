// Tables as Markdown has them, and figures in them.
import { availableParallelism } from 'node:os';
import type { Spread } from './rounds.ts';

/** @param rows the first is the head */
export function table([head = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

export const range = ({ median, least, most }: Spread, digits: number): string =>
  `${median.toFixed(digits)} (${least.toFixed(digits)}..${most.toFixed(digits)})`;

export const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);

/** Where it was measured, in what matters and nothing more. */
export const machine = (): string => `${availableParallelism()} cores, Node ${process.version}.`;
