// What may one evaluation look at, and how much may it do? Whoever sends a token chooses its claims, so everything that
// grows with them is paid for in steps.

/** Items of a list, or members of a map, that an expression goes through, at most. */
export const MAX_ITEMS = 256;
/** UTF-16 units of a string that a function takes, or `+` makes, at most. */
export const MAX_TEXT = 8192;
/** A step takes about 10 ns, 20 where the estimates are worst: all of them 2 to 5 ms. */
const MAX_STEPS = 250_000;

/**
 * Why an expression has no value, in words. A value itself, so that `true || problem` is true and `false && problem` false
 * (CEL, section Logical Operators). Names types and members, never what a claim says.
 */
export class Problem {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const EXHAUSTED = new Problem('the expression takes too long on these values');

/** One evaluation. */
export class Run {
  readonly facts: Readonly<Record<string, unknown>>;
  /** What the variables of the macros hold at the moment, the outermost first. */
  readonly locals: unknown[] = [];
  #left = MAX_STEPS;

  constructor(facts: Readonly<Record<string, unknown>>) {
    this.facts = facts;
  }

  /** Pays for work that is about to be done; a problem where too much was done already. */
  pay(steps: number): Problem | undefined {
    this.#left -= steps;
    return this.#left < 0 ? EXHAUSTED : undefined;
  }
}

/** A part of an expression, translated: gives a value, or the problem that kept it from one. */
export type Step = (run: Run) => unknown;
