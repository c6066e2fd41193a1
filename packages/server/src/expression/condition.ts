// What do the CEL expressions of the configuration say of an exchange? Parsed, type-checked and bounded in cost when the
// file is loaded; evaluated on claims that a caller may have chosen to do harm.
import { type ASTNode, TypeError as CelTypeError, type Environment, ParseError } from '@marcbachmann/cel-js';
import { createEnvironment, type Variables } from './context.ts';
import { ExpressionFault } from './fault.ts';
import { findReads, formatPath } from './reads.ts';
import { asJson } from './result.ts';
import { Problem, Run } from './run.ts';
import { translate } from './step.ts';

export { ExpressionFault, type Variables };

/** Characters of an expression. */
const MAX_LENGTH = 4096;

/** What an expression is evaluated on: plain data as JSON has it, by the name of the variable. */
export type ExpressionFacts = Readonly<Record<string, unknown>>;

/** A value as JSON has it; undefined where there is none, and then the problem says why. */
export interface Evaluation {
  readonly value: unknown;
  /** For `explain` and the audit row: names members and types, never what a claim says. */
  readonly problem?: string;
}

export interface CompiledExpression {
  readonly text: string;
  /** What the type checker knows of the value: `bool`, `string`, `list<string>` ..., `dyn` where it depends on a claim. */
  readonly type: string;
  /** What is allowed and probably not meant, a sentence each. */
  readonly warnings: readonly string[];
  /** The members that the text reads: `subject.claims.tenant`. A list is read whole. */
  readonly reads: readonly string[];
  /**
   * Never throws, and takes a few milliseconds at most (listing the members of a map of 100,000 takes 30, and is done
   * once). A missing member, a wrong type, a failed conversion, a list of over 256 items or a text of over 8192 characters
   * is a problem, as far as the value depends on it.
   */
  readonly evaluate: (facts: ExpressionFacts) => Evaluation;
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
  return {
    text,
    type,
    warnings,
    reads: findReads(root).map(formatPath),
    evaluate: (facts) => {
      try {
        const value = asJson(step(new Run(facts)));
        return value instanceof Problem ? { value: undefined, problem: value.text } : { value };
      } catch (error) {
        // A fault of ours; but no claim may choose between a refusal and a failure of the server.
        return { value: undefined, problem: `the expression failed: ${error}` };
      }
    },
  };
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

/** True only where the expression is true: what is missing, of the wrong type or too large is false, and says so. */
export function holds(
  expression: CompiledExpression,
  facts: ExpressionFacts,
): { readonly matched: boolean; readonly problem?: string } {
  const { value, problem } = expression.evaluate(facts);
  if (value === true || value === false) return { matched: value };
  return { matched: false, problem: problem ?? `${expression.text} is neither true nor false` };
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
