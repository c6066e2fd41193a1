// What was measured, as tables that people read.
import { availableParallelism } from 'node:os';
import { type Round, type Spread, spreadOf } from './rounds.ts';
import type { Workload } from './workloads/workload.ts';

/** What the others are set against, round by round. */
const YARDSTICK = 'bare';

export function formatWorkload({ name, title }: Workload, measured: ReadonlyMap<string, readonly Round[]>): string {
  const yardstick = measured.get(YARDSTICK);
  const rows = [...measured].map(([contender, rounds]) => [
    contender,
    format(spreadOf(rounds.map(({ cpu }) => cpu)), 0),
    yardstick === undefined ? '' : format(ratioOf(rounds, yardstick), 2),
    format(spreadOf(rounds.map(({ rate }) => rate)), 0),
    format(spreadOf(rounds.map(({ p50 }) => p50)), 1),
    format(spreadOf(rounds.map(({ p99 }) => p99)), 1),
    (spreadOf(rounds.map(({ memory }) => memory)).median / 2 ** 20).toFixed(0),
  ]);
  const head = ['contender', 'CPU µs', `× ${YARDSTICK}`, 'a second', 'p50 ms', 'p99 ms', 'memory MiB'];
  return [`### ${name}: ${title}`, '', table([head, ...rows]), ''].join('\n');
}

/** Of CPU, round by round: both had the same moment of the machine. */
export const ratioOf = (rounds: readonly Round[], others: readonly Round[]): Spread =>
  spreadOf(rounds.map(({ cpu }, index) => cpu / (others[index]?.cpu ?? Number.NaN)));

const format = ({ median, least, most }: Spread, digits: number): string =>
  `${median.toFixed(digits)} (${least.toFixed(digits)}..${most.toFixed(digits)})`;

/** Where it was measured, in what matters and nothing more. */
export const machine = (): string => `${availableParallelism()} cores, Node ${process.version}.`;

export function table([head = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}
