// What is a fault? A row of the table: what is done to the servers, how often, and what must hold meanwhile and afterwards.
import type { Postgres } from '../support/postgres.ts';
import type { Invariant } from './invariants.ts';
import type { Ledger, Violation } from './ledger.ts';

export interface Fault {
  /** Its number in the list of faults. */
  readonly id: string;
  readonly title: string;
  /** It needs processes and limits as Linux has them. */
  readonly run: (bench: Bench) => Promise<Outcome>;
}

/** What a fault works with; whatever it starts ends with it. */
export interface Bench {
  /** Has the work done when the fault is over, the last first. */
  readonly after: (work: () => Promise<void>) => void;
  /** How often, or for how many milliseconds: in the whole run, and in the short one. */
  readonly times: (whole: number, short: number) => number;
  /** One server for all faults that do not hurt it, started when it is first asked for. */
  readonly postgres: () => Promise<Postgres>;
  /** One of the fault's own, to be killed. */
  readonly ownPostgres: () => Promise<Postgres>;
}

export interface Outcome {
  readonly repetitions: number;
  readonly ledgers: readonly Ledger[];
  readonly checked: readonly Invariant[];
  readonly violations: readonly Violation[];
  /** A figure to print beside. */
  readonly note: string;
}
