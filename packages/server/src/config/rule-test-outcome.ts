// The outcome of a test of a rule.
import type { Path } from './fault.ts';

export interface RuleTestOutcome {
  /** The path of the test. */
  readonly path: Path;
  /** The rule that the test belongs to. */
  readonly rule: string;
  readonly name: string | undefined;
  readonly result: 'passed' | 'failed' | 'left out';
  /** Why it failed or is left out, as a sentence. */
  readonly why?: string;
  /** The rule that decided the request of the test. */
  readonly decidedBy: string | undefined;
}
