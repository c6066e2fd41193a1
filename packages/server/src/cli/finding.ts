// The findings of cambio check: faults and warnings of the file, and with --online the results of each check.
import type { Configuration } from '../config/configuration.ts';
import { type Fault, formatFault, formatPath, type Path } from '../config/fault.ts';
import { print, printError } from './print.ts';
import type { Columns } from './table.ts';

export type CheckName =
  | 'file'
  | 'test'
  | 'discovery'
  | 'keys'
  | 'introspection'
  | 'upstream'
  | 'database'
  | 'certificate'
  | 'clock';

export interface CheckFinding extends Omit<Fault, 'severity'> {
  readonly check: CheckName;
  readonly severity: Fault['severity'] | 'ok';
  readonly file: string;
}

export const findingColumns: Columns<CheckFinding> = {
  check: ({ check }) => check,
  severity: ({ severity }) => severity,
  file: ({ file }) => file,
  line: ({ line }) => line,
  column: ({ column }) => column,
  path: ({ path }) => path,
  message: ({ message }) => message,
};

/** @param file the main file, unless the fault names another one */
export const findingOfFault = (file: string, fault: Fault): CheckFinding => ({
  check: /\.tests\[[^\]]*\]/.test(fault.path) ? 'test' : 'file',
  file,
  ...fault,
});

/** A result at a path of the configuration. */
export interface CheckOutcome {
  readonly check: CheckName;
  readonly severity: CheckFinding['severity'];
  readonly path: Path;
  readonly message: string;
}

/** One check of one part of the file. */
export interface Probe {
  readonly check: CheckName;
  readonly path: Path;
  /** @param deadline when all checks end. @throws Error for a person, which is a fault of this check */
  readonly run: (deadline: AbortSignal) => Promise<readonly CheckOutcome[]>;
}

export function findingOfOutcome({ placeOf, entries }: Configuration, outcome: CheckOutcome): CheckFinding {
  const [, file = '', line = '0'] = /^(.*):(\d+)$/.exec(placeOf(outcome.path)) ?? [];
  return { ...outcome, file, line: Number(line), column: 1, path: formatPath(outcome.path, entries) };
}

/** Results that are good go to the output, others to the error output. */
export function printFinding({ check, severity, file, ...fault }: CheckFinding): void {
  if (severity === 'ok') print(`${check}: ${fault.path === '' ? '' : `${fault.path}: `}${fault.message}`);
  else printError(formatFault(file, { ...fault, severity }));
}
