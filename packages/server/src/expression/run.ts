// Bounds what the expressions of one request may do. The sender of a token chooses its claims, so everything that grows with
// them is paid for in steps.

/** About 10 ns each: a request's expressions take some 10 ms at most. Prices are estimates of what the worst case takes. */
export const MAX_STEPS = 1_000_000;

/** Why no answer can be given: it would cost too much, the claim is only referred to, or the evaluation itself failed. */
export type Why = 'cost' | 'elsewhere' | 'inexact' | 'failure';

/**
 * Thrown where the facts are there and the answer cannot be had. Unlike a Problem, no operator absorbs it: an expression that
 * meets it has no value, whatever stands around it. Names types and members, never what a claim says.
 */
export class CannotTell extends Error {
  readonly why: Why;
  /** Whose claim is kept elsewhere; empty where none is. */
  readonly whose: string;

  constructor(why: Why, text: string, whose = '') {
    super(text);
    this.why = why;
    this.whose = whose;
  }
}

export const TOO_LONG = 'the expressions of this request take too long on these values';

/** Steps to put a text into an index. */
const INDEX_PRICE = 16;

/** What all expressions of one request share: the steps that are left to them, and the lists that were indexed. */
export class Budget {
  #left: number;
  readonly #texts = new WeakMap<readonly unknown[], ReadonlySet<string>>();

  constructor(steps = MAX_STEPS) {
    this.#left = steps;
  }

  /** Pays for work that is about to be done, where so much is left. */
  affords(steps: number): boolean {
    this.#left -= steps;
    return this.#left >= 0;
  }

  /** @throws CannotTell where too much was done already */
  pay(steps: number): void {
    if (!this.affords(steps)) throw new CannotTell('cost', TOO_LONG);
  }

  /** Is the text an item of the list? */
  holdsText(list: readonly unknown[], text: string): boolean {
    let texts = this.#texts.get(list);
    if (texts === undefined) {
      this.pay(list.length * INDEX_PRICE);
      const items = list.filter((item) => typeof item === 'string');
      this.pay(items.reduce((length, item) => length + item.length, 0) >> 2);
      texts = new Set(items.map(keyOf));
      this.#texts.set(list, texts);
    }
    this.pay(INDEX_PRICE + (text.length >> 2));
    return texts.has(keyOf(text));
  }
}

/** A text that reads as a number would be hashed by its value, and a caller could choose values that collide. */
const keyOf = (text: string): string => `=${text}`;

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

/** One evaluation. */
export class Run {
  readonly facts: Readonly<Record<string, unknown>>;
  /** What the variables of the macros hold at the moment, the outermost first. */
  readonly locals: unknown[] = [];
  readonly #budget: Budget;

  constructor(facts: Readonly<Record<string, unknown>>, budget: Budget) {
    this.facts = facts;
    this.#budget = budget;
  }

  /** Pays for work that is about to be done. @throws CannotTell where too much was done already */
  pay(steps: number): void {
    this.#budget.pay(steps);
  }

  /** Is the text an item of the list? */
  holdsText(list: readonly unknown[], text: string): boolean {
    return this.#budget.holdsText(list, text);
  }
}

/** A part of an expression, translated: gives a value, or the problem that kept it from one. */
export type ExpressionStep = (run: Run) => unknown;

/** The values of all of them, or the first problem. */
export function takeAll(run: Run, steps: readonly ExpressionStep[]): readonly unknown[] | Problem {
  const values: unknown[] = [];
  for (const step of steps) {
    const value = step(run);
    if (value instanceof Problem) return value;
    values.push(value);
  }
  return values;
}
