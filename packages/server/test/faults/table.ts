// Formats the outcomes as a table, for the terminal and for the page.

import type { Fault, Outcome } from './fault.ts';
import { isAcknowledged, type Violation } from './ledger.ts';

export interface Line {
  readonly id: string;
  readonly fault: string;
  readonly repetitions: number;
  readonly requests: number;
  readonly acknowledged: number;
  readonly invariants: string;
  readonly violations: readonly Violation[];
  readonly seconds: number;
  readonly note: string;
}

const columns = ['id', 'fault', 'repetitions', 'requests', 'acknowledged', 'invariants', 'verdict', 'seconds', 'note'];

export function lineOf({ id, title }: Fault, outcome: Outcome, seconds: number): Line {
  const attempts = outcome.ledgers.flatMap((ledger) => ledger.attempts);
  return {
    id,
    fault: title,
    repetitions: outcome.repetitions,
    requests: attempts.length,
    acknowledged: attempts.filter(isAcknowledged).length,
    invariants: outcome.checked.join(' '),
    violations: outcome.violations,
    seconds: Math.round(seconds),
    note: outcome.note,
  };
}

const cells = (line: Line): readonly string[] => [
  line.id,
  line.fault,
  line.repetitions.toLocaleString('en'),
  line.requests.toLocaleString('en'),
  line.acknowledged.toLocaleString('en'),
  line.invariants,
  line.violations.length === 0 ? 'holds' : `BROKEN (${line.violations.length})`,
  String(line.seconds),
  line.note,
];

const format = (row: readonly string[]): string => `| ${row.join(' | ')} |`;

export const formatLine = (line: Line): string => format(cells(line));

export const formatHead = (): string => [columns, columns.map(() => '---')].map(format).join('\n');

/** A Markdown table, which is readable in a terminal too. */
export const formatTable = (lines: readonly Line[]): string => [formatHead(), ...lines.map(formatLine)].join('\n');
