// Describes questions about a draft of the configuration, and their answers: plain data, which goes from one thread to another.
import type { AuditEvent } from '../audit/event.ts';
import type { Reason } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import type { DescribedRule } from './describe-rule.ts';
import type { Explanation } from './explain.ts';
import type { ReplayVerdict } from './replay.ts';
import type { Sources } from './sources.ts';

/** Who asks: a client, and the person for whom it acts. */
export type DraftCaller = Pick<AuditEvent, 'client' | 'principal'>;

/** Texts of a draft. Without `complete`, the other files are those in force. */
export interface DraftTexts {
  readonly files: readonly DraftFile[];
  readonly complete?: boolean | undefined;
}

export interface DraftFile {
  /** As the files in force are named, or relative to the folder of the main file, which may be empty. */
  readonly path: string;
  /** Its whole text; null removes the file. */
  readonly text?: string | null | undefined;
  /** Instead: the text of its section `rules`, with the key. The rest of the file stays as it is in force. */
  readonly rules?: string | undefined;
}

/** A simulated exchange. Pasted tokens were validated before. */
export interface AskedExchange {
  readonly client: string;
  readonly parameters: readonly (readonly [name: string, value: string])[];
  readonly sources: Sources;
  /** With the time of the decision. */
  readonly event: AuditEvent;
}

export type DraftQuestion =
  | { readonly kind: 'check' }
  | { readonly kind: 'explain'; readonly exchange: AskedExchange }
  | { readonly kind: 'replay'; readonly events: readonly AuditEvent[] }
  | { readonly kind: 'test'; readonly exchange: AskedExchange; readonly wanted: WantedTest };

/** A test of a rule to write. */
export interface WantedTest {
  readonly client: string;
  /** Without `client` and `expect`. */
  readonly test: JsonObject;
  /** The rule that gets the test; by default, the one that decides. */
  readonly rule?: string;
}

export interface WrittenTest {
  readonly rule: string;
  readonly at: string;
  readonly yaml: string;
  readonly decision: Explanation['decision'];
  readonly reason?: Reason;
  /** Absent if the rule is not written in block style. */
  readonly patch?: string;
  readonly passes?: boolean;
  readonly why?: string;
}

export interface TestedRule {
  readonly rule: string;
  /** The name of the test, or its place among the tests of the rule: `2`. */
  readonly test: string;
  /** The file and the line. */
  readonly at: string;
  readonly result: 'passed' | 'failed' | 'left out';
  readonly why?: string;
}

/** A fault or a warning. Line and column begin at 1; 0 stands for the file as a whole. */
export interface DraftFinding {
  readonly severity: 'fault' | 'warning';
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly path: string;
  readonly message: string;
}

/** A draft that cannot be used has faults alone. */
export interface DraftReport {
  readonly findings: readonly DraftFinding[];
  readonly tests: readonly TestedRule[];
  /** Rules by which no test was decided. */
  readonly untested: readonly { readonly rule: string; readonly at: string }[];
  /** The rules of the draft, in the order in which they are evaluated. */
  readonly rules: readonly DescribedRule[];
  /** The sections of rules of the files that the draft changes, each with the number of its first line. */
  readonly sections: readonly { readonly path: string; readonly line: number }[];
  /** What the draft changes in the sections of rules, as a unified diff; empty if nothing. */
  readonly patch: string;
  /** The files whose changes the patch lacks, because it would have to show a line of another section. */
  readonly unpatched: readonly string[];
  /** The numbers of entries. */
  readonly counts?: Readonly<Record<'clients' | 'resources' | 'rules', number>>;
}

export type DraftAnswer =
  | { readonly kind: 'faults'; readonly findings: readonly DraftFinding[] }
  | { readonly kind: 'check'; readonly report: DraftReport }
  | { readonly kind: 'explain'; readonly explanation: Explanation }
  | { readonly kind: 'replay'; readonly verdicts: readonly ReplayVerdict[] }
  | { readonly kind: 'test'; readonly written: WrittenTest | 'no rule' };
