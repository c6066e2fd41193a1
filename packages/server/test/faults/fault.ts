// A fault: what is done to the servers, how often, and what must hold meanwhile and afterwards.
import type { Postgres } from '../support/postgres.ts';
import type { Invariant } from './invariants.ts';
import type { Ledger, Violation } from './ledger.ts';

export interface Fault {
  /** Its id in the list of faults. */
  readonly id: string;
  readonly title: string;
  /** It needs the processes and limits of Linux. */
  readonly run: (bench: Bench) => Promise<Outcome>;
}

/** The resources of a fault. Everything that it starts ends with it. */
export interface Bench {
  /** Runs the work after the fault, in reverse order. */
  readonly after: (work: () => Promise<void>) => void;
  /** Repetitions or milliseconds: in the full run, and in the short one. */
  readonly times: (whole: number, short: number) => number;
  /** One server for all faults that do not damage it, started on first use. */
  readonly postgres: () => Promise<Postgres>;
  /** A server of this fault only, which it may kill. */
  readonly ownPostgres: () => Promise<Postgres>;
}

export interface Outcome {
  readonly repetitions: number;
  readonly ledgers: readonly Ledger[];
  readonly checked: readonly Invariant[];
  readonly violations: readonly Violation[];
  /** A number to print with the outcome. */
  readonly note: string;
}
