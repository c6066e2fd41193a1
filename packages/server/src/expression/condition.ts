// What do the CEL expressions of the configuration say of an exchange? Parsed, type-checked and bounded in cost when the
// file is loaded; evaluated on claims that a caller may have chosen to do harm.
import { type ASTNode, TypeError as CelTypeError, type Environment, ParseError } from '@marcbachmann/cel-js';
import { createEnvironment, priceOf, type Variables } from './context.ts';
import { ExpressionFault } from './fault.ts';
import { type LiteralStart, literalStart } from './literal.ts';
import { findReads, formatMemberPath } from './reads.ts';
import { asJson } from './result.ts';
import { type Budget, CannotTell, Problem, Run, TOO_LONG, type Why } from './run.ts';
import { translate } from './step.ts';

export { Budget } from './run.ts';
export { ExpressionFault, type Variables };

/** Characters of an expression. */
const MAX_LENGTH = 4096;

/** Steps to begin an evaluation. */
const BASE_PRICE = 60;

/** What an expression is evaluated on: plain data as JSON has it, by the name of the variable. */
export type ExpressionFacts = Readonly<Record<string, unknown>>;

/** The problem is for `explain` and the audit row: it names members and types, never what a claim says. */
export type Evaluation =
  /** As JSON has it. */
  | { readonly kind: 'value'; readonly value: unknown }
  /** The facts give none: a member is missing, or is of the wrong type. */
  | { readonly kind: 'none'; readonly problem: string }
  /** There may be one, and it cannot be told. Nobody may take this for "no". */
  | CannotBeTold;

export interface CannotBeTold {
  readonly kind: 'cannot tell';
  readonly why: Why;
  /** Whose claim is kept elsewhere. */
  readonly whose: string;
  readonly problem: string;
}

export interface CompiledExpression {
  readonly text: string;
  /** What the type checker knows of the value: `bool`, `string`, `list<string>` ..., `dyn` where it depends on a claim. */
  readonly type: string;
  /** What is allowed and probably not meant, a sentence each. */
  readonly warnings: readonly string[];
  /** What the text that it gives begins with. */
  readonly starts: LiteralStart;
  /** The members that the text reads: `subject.claims.tenant`. A list is read whole. */
  readonly reads: readonly string[];
  /** Never throws. What it costs comes out of the budget that the expressions of one request share. */
  readonly evaluate: (facts: ExpressionFacts, budget: Budget) => Evaluation;
}

/**
 * Compiles CEL. `matches` searches anywhere in a text, as CEL says: anchor its pattern, `^repo:org/[a-z-]+:main$`, or
 * `evil/repo:org/app:main` matches too; one that is not anchored is warned of.
 * @throws ExpressionFault unknown variables, members and functions, types that never fit, a pattern that is not RE2 or not
 *   constant, macros more than two deep, too large a text
 */
export function compileExpression(text: string, variables: Variables): CompiledExpression {
  if (text.length > MAX_LENGTH) throw new ExpressionFault(`is longer than ${MAX_LENGTH} characters`, text, 0);
  const { root, type } = parse(text, createEnvironment(variables));
  const warnings: string[] = [];
  const step = translate(root, { text, variables, locals: [], warnings, translate });
  const price = BASE_PRICE + priceOf(root);
  return {
    text,
    type,
    warnings,
    starts: literalStart(root),
    reads: findReads(root).map(formatMemberPath),
    evaluate: (facts, budget) => {
      try {
        if (!budget.affords(price)) return EXHAUSTED;
        const value = asJson(step(new Run(facts, budget)), budget);
        return value instanceof Problem ? { kind: 'none', problem: value.text } : { kind: 'value', value };
      } catch (error) {
        return cannotTell(error);
      }
    },
  };
}

const EXHAUSTED: CannotBeTold = { kind: 'cannot tell', why: 'cost', whose: '', problem: TOO_LONG };

function cannotTell(error: unknown): CannotBeTold {
  const kind = 'cannot tell';
  if (error instanceof CannotTell) return { kind, why: error.why, whose: error.whose, problem: error.message };
  // A fault of ours; but no claim may choose between a refusal and a failure of the server.
  return { kind, why: 'failure', whose: '', problem: `the expression failed: ${error}` };
}

/**
 * Compiles a `when`.
 * @throws ExpressionFault also where the text can be neither true nor false
 */
export function compileCondition(text: string, variables: Variables): CompiledExpression {
  const expression = compileExpression(text, variables);
  if (expression.type === 'bool' || expression.type === 'dyn') return expression;
  throw new ExpressionFault(`is of type ${expression.type}, and a condition must be true or false`, text, 0);
}

export type ConditionAnswer =
  | { readonly kind: 'yes' }
  | { readonly kind: 'no'; readonly problem?: string }
  | CannotBeTold;

/** Yes only where the expression is true. What is missing or of the wrong type makes it no, and says so. */
export function holds(expression: CompiledExpression, facts: ExpressionFacts, budget: Budget): ConditionAnswer {
  const evaluation = expression.evaluate(facts, budget);
  if (evaluation.kind === 'cannot tell') return evaluation;
  if (evaluation.kind === 'none') return { kind: 'no', problem: evaluation.problem };
  if (evaluation.value === true) return { kind: 'yes' };
  return evaluation.value === false
    ? { kind: 'no' }
    : { kind: 'no', problem: `${expression.text} is neither true nor false` };
}

function parse(text: string, environment: Environment): { readonly root: ASTNode; readonly type: string } {
  try {
    const parsed = environment.parse(text);
    const { type, error } = parsed.check();
    if (error !== undefined) throw error;
    return { root: parsed.ast, type: type ?? 'dyn' };
  } catch (error) {
    if (error instanceof ParseError || error instanceof CelTypeError) {
      throw new ExpressionFault(say(error.summary), text, error.range?.start ?? 0);
    }
    // What the type checker itself gives up on: `[].map(v, v + v)`, where v could be of any type that can be added.
    throw new ExpressionFault(`cannot be checked: ${(error as Error).message}`, text, 0);
  }
}

/** The type checker calls what has members by a name of ours, which says little to whoever wrote the expression. */
function say(summary: string): string {
  const [, path] = /^no such overload: .*?\bmembers\.([\w.]+)/.exec(summary) ?? [];
  if (path === undefined) return summary;
  const what = path.replace(/^(.*)\.item$/, 'an item of $1');
  return `${what} has members and is no value itself: read one of them here`;
}
