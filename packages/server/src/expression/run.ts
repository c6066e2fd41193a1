// Bounds the work of the expressions of a request. A caller may choose claims, so all work that grows with them takes steps from
// a budget.

/** A step takes about 10 ns, so the expressions of a request take about 10 ms or less. Prices are estimates of the worst case. */
const MAX_STEPS = 1_000_000;

/** Why a value cannot be told: too costly, a claim kept elsewhere, a number that would be rounded, or a failed evaluation. */
export type Why = 'cost' | 'elsewhere' | 'inexact' | 'failure';

/**
 * The facts may give a value, but it cannot be told. Unlike a Problem, no operator absorbs it: the whole expression has no
 * value. The message names types and members, never the value of a claim.
 */
export class CannotTell extends Error {
  readonly why: Why;
  /** The party whose claim is kept elsewhere; empty for other causes. */
  readonly whose: string;

  constructor(why: Why, text: string, whose = '') {
    super(text);
    this.why = why;
    this.whose = whose;
  }
}

export const TOO_LONG = 'the expressions of this request take too long on these values';

/** Steps to add a text to an index. */
const INDEX_STEPS = 16;

/** The steps left for all expressions of a request, and the lists that they have indexed. */
export class Budget {
  #left: number;
  /** Made when it is needed: every request has budgets, and a collection of garbage takes longer for each weak map. */
  #texts: WeakMap<readonly unknown[], ReadonlySet<string>> | undefined;

  constructor(steps = MAX_STEPS) {
    this.#left = steps;
  }

  /** Takes the steps of the work that follows. @returns false if not enough are left */
  affords(steps: number): boolean {
    this.#left -= steps;
    return this.#left >= 0;
  }

  /** @throws CannotTell if not enough steps are left */
  pay(steps: number): void {
    if (!this.affords(steps)) throw new CannotTell('cost', TOO_LONG);
  }

  /** Is the text an item of the list? */
  holdsText(list: readonly unknown[], text: string): boolean {
    this.#texts ??= new WeakMap();
    let texts = this.#texts.get(list);
    if (texts === undefined) {
      this.pay(list.length * INDEX_STEPS);
      const items = list.filter((item) => typeof item === 'string');
      this.pay(items.reduce((length, item) => length + item.length, 0) >> 2);
      texts = new Set(items.map(keyOf));
      this.#texts.set(list, texts);
    }
    this.pay(INDEX_STEPS + (text.length >> 2));
    return texts.has(keyOf(text));
  }
}

/** With a prefix, because V8 hashes a text that reads as a number by its value, and a caller could choose values that collide. */
const keyOf = (text: string): string => `=${text}`;

/**
 * Why an expression has no value. It is a value itself, so that `true || problem` is true and `false && problem` is false
 * (CEL, section Logical Operators). The text names types and members, never the value of a claim.
 */
export class Problem {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type ComparedTypes = 'same' | 'any';

/** One evaluation. */
export class Run {
  readonly facts: Readonly<Record<string, unknown>>;
  /** The values of the macros' variables, the outermost first. */
  readonly locals: unknown[] = [];
  /** `same`: comparing values of different types has no answer. `any`: such values are unequal, as CEL says. */
  readonly types: ComparedTypes;
  readonly #budget: Budget;

  constructor(facts: Readonly<Record<string, unknown>>, budget: Budget, types: ComparedTypes) {
    this.facts = facts;
    this.types = types;
    this.#budget = budget;
  }

  /** Takes the steps of the work that follows. @throws CannotTell if not enough are left */
  pay(steps: number): void {
    this.#budget.pay(steps);
  }

  /** Is the text an item of the list? */
  holdsText(list: readonly unknown[], text: string): boolean {
    return this.#budget.holdsText(list, text);
  }
}

/** A translated part of an expression: returns a value, or the problem why there is none. */
export type ExpressionStep = (run: Run) => unknown;

/** The values of all steps, or the first problem. */
export function takeAll(run: Run, steps: readonly ExpressionStep[]): readonly unknown[] | Problem {
  const values: unknown[] = [];
  for (const step of steps) {
    const value = step(run);
    if (value instanceof Problem) return value;
    values.push(value);
  }
  return values;
}
