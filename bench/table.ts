// Formats Markdown tables, and the numbers in them.
import { availableParallelism, loadavg } from 'node:os';
import type { Spread } from './rounds.ts';

/** @param rows the first is the header */
export function table([head = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

export const range = ({ median, least, most }: Spread, digits: number): string =>
  `${median.toFixed(digits)} (${least.toFixed(digits)}..${most.toFixed(digits)})`;

export const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);

/** The machine and Node of the measurement, as far as they matter. */
export const machine = (): string => `${availableParallelism()} cores, Node ${process.version}.`;

/** Times of a busy machine are long. CPU is less so: compare that. */
export const load = (): string => `Programs that wanted a core meanwhile: ${loadavg()[2]?.toFixed(0)}.`;
