// What is wrong with a configuration file, and where?

export interface Fault {
  readonly severity: 'fault' | 'warning';
  /** The first line is 1. */
  readonly line: number;
  readonly column: number;
  /** `clients[0].secret` */
  readonly path: string;
  readonly message: string;
}

/** The keys that lead to a value, from the root. */
export type Path = readonly (string | number)[];

/** Says that something at a path is wrong. */
export type Complain = (path: Path, message: string, severity?: Fault['severity'], within?: Position) => void;

/** Where in a text of several lines: both begin at 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export const formatPath = (path: Path): string =>
  path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`))
    .join('')
    .replace(/^\./, '');

export const formatFault = (file: string, { severity, line, column, path, message }: Fault): string =>
  `${file}:${line}:${column}: ${severity === 'warning' ? 'warning: ' : ''}${path === '' ? '' : `${path}: `}${message}`;

/** A file that cannot be used: every fault of it at once. */
export class ConfigurationError extends Error {
  readonly file: string;
  readonly faults: readonly Fault[];

  constructor(file: string, faults: readonly Fault[]) {
    super(faults.map((fault) => formatFault(file, fault)).join('\n'));
    this.file = file;
    this.faults = faults;
  }
}
