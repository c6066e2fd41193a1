// Compiles and evaluates the CEL expressions of the configuration. They are parsed, type-checked and bounded in cost when the file
// is loaded, and evaluated on claims that a caller may have chosen to do harm.
import { type ASTNode, TypeError as CelTypeError, ParseError } from '@marcbachmann/cel-js';
import { didYouMean } from '../primitives/nearest.ts';
import { environmentFor, priceOf, type Variables } from './context.ts';
import { ExpressionFault } from './fault.ts';
import { type LiteralStart, literalStart } from './literal.ts';
import { findPicks, findReads, formatMemberPath } from './reads.ts';
import { asJson } from './result.ts';
import { type Budget, CannotTell, type ComparedTypes, Problem, Run, TOO_LONG, type Why } from './run.ts';
import { prepare } from './stand-ins.ts';
import { translate } from './step.ts';

export { Budget } from './run.ts';
export { ExpressionFault, type Variables };

/** Maximum length of an expression. */
const MAX_EXPRESSION_CHARACTERS = 4096;

/** Steps to begin an evaluation. */
const BASE_STEPS = 60;

/** The variables of an expression by name, with values of plain JSON. */
export type ExpressionFacts = Readonly<Record<string, unknown>>;

/** Problems are for `explain` and the audit row. They name members and types, and never contain the value of a claim. */
export type Evaluation =
  /** A value of plain JSON. */
  | { readonly kind: 'value'; readonly value: unknown }
  /** The facts give no value: a member is missing or has the wrong type. */
  | { readonly kind: 'none'; readonly problem: string }
  /** There may be a value, but it cannot be told. Callers must not treat this as "no". */
  | CannotBeTold;

export interface CannotBeTold {
  readonly kind: 'cannot tell';
  readonly why: Why;
  /** The party whose claim is kept elsewhere; empty for other causes. */
  readonly whose: string;
  readonly problem: string;
}

export interface CompiledExpression {
  readonly text: string;
  /** The type as checked: `bool`, `string`, `list<string>` …; `dyn` if it depends on a claim. */
  readonly type: string;
  /** Sentences about parts that are allowed and probably not intended. */
  readonly warnings: readonly string[];
  /** The known beginning of a text value. */
  readonly starts: LiteralStart;
  /** The members that the expression reads: `subject.claims.tenant`. A list is read whole. */
  readonly reads: readonly string[];
  /** Those of which it takes one item by its position: `attributes.mail[0]`. */
  readonly picks: readonly string[];
  /** Never throws. Its steps are taken from the budget that all expressions of a request share. */
  readonly evaluate: (facts: ExpressionFacts, budget: Budget, types?: ComparedTypes) => Evaluation;
}

/**
 * Compiles CEL. As CEL defines it, `matches` searches anywhere in a text. Anchor the pattern: `^repo:org/[a-z-]+:main$`.
 * Otherwise `evil/repo:org/app:main` matches too, and a warning says so.
 * @throws ExpressionFault unknown variables, members and functions, type errors, a pattern that is not RE2 or not constant,
 *   macros more than two levels deep, a text that is too long
 */
export function compileExpression(text: string, variables: Variables): CompiledExpression {
  if (text.length > MAX_EXPRESSION_CHARACTERS)
    throw new ExpressionFault(`is longer than ${MAX_EXPRESSION_CHARACTERS} characters`, text, 0);
  const { root, type } = parse(text, variables);
  const warnings: string[] = [];
  const step = translate(root, { text, variables, locals: [], warnings, translate });
  const price = BASE_STEPS + priceOf(root);
  return {
    text,
    type,
    warnings,
    starts: literalStart(root),
    reads: findReads(root).map(formatMemberPath),
    picks: findPicks(root).map(formatMemberPath),
    evaluate: (facts, budget, types = 'any') => {
      try {
        if (!budget.affords(price)) return EXHAUSTED;
        const value = asJson(step(new Run(facts, budget, types)), budget);
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
  // A fault of this server. Claims must not be able to turn a refusal into a failure of the server.
  return { kind, why: 'failure', whose: '', problem: `the expression failed: ${error}` };
}

/**
 * Compiles a `when`.
 * @throws ExpressionFault also if the value can be neither true nor false
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

/** Yes only if the value is true. A missing member or a wrong type means no, with the problem. */
export function holds(
  expression: CompiledExpression,
  facts: ExpressionFacts,
  budget: Budget,
  types?: ComparedTypes,
): ConditionAnswer {
  const evaluation = expression.evaluate(facts, budget, types);
  if (evaluation.kind === 'cannot tell') return evaluation;
  if (evaluation.kind === 'none') return { kind: 'no', problem: evaluation.problem };
  if (evaluation.value === true) return { kind: 'yes' };
  return evaluation.value === false
    ? { kind: 'no' }
    : { kind: 'no', problem: `${expression.text} is neither true nor false` };
}

function parse(text: string, variables: Variables): { readonly root: ASTNode; readonly type: string } {
  const prepared = prepare(text);
  try {
    const parsed = environmentFor(variables, prepared.variables).parse(prepared.text);
    const { type, error } = parsed.check();
    if (error !== undefined) throw error;
    prepared.restore(parsed.ast);
    return { root: parsed.ast, type: type ?? 'dyn' };
  } catch (error) {
    if (error instanceof ParseError || error instanceof CelTypeError) {
      const summary = prepared.explain(error.summary);
      throw new ExpressionFault(inPlainWords(summary, text, variables), text, error.range?.start ?? 0);
    }
    // The type checker fails on some expressions, such as `[].map(v, v + v)`, where v could have any type that can be added.
    throw new ExpressionFault(`cannot be checked: ${(error as Error).message}`, text, 0);
  }
}

/** Words the faults of the library: its type names mean nothing to authors of expressions. */
function inPlainWords(summary: string, text: string, variables: Variables): string {
  const [, path] = /^no such overload: .*?\bmembers\.([\w.]+)/.exec(summary) ?? [];
  if (path !== undefined) {
    const what = path.replace(/^(.*)\.item$/, 'an item of $1');
    return `${what} has members and is not a value: read one of its members`;
  }
  const [, name] = /^No such key: (\S+)/.exec(summary) ?? [];
  if (name !== undefined) return `there is no member ${name}.${didYouMean(name, membersOf(variables))}`;
  const [, call] = /^found no matching overload for '(.+)'/.exec(summary) ?? [];
  if (call !== undefined) return `there is no function ${call}`;
  if (/^Unterminated string/.test(summary)) return 'a text has no closing quote';
  return /^Unexpected (?:character|token)/.test(summary) ? `${summary}${operatorHint(text)}` : summary;
}

/** The operators of other languages that authors write. */
function operatorHint(text: string): string {
  const outside = text.replace(/"[^"]*"|'[^']*'/g, '""');
  if (/\b(?:and|or|not)\b/.test(outside)) return '. Write && for and, || for or, ! for not';
  return /[^=!<>]=[^=]/.test(outside) ? '. Write == to compare' : '';
}

/** The names of all members of variables, at any depth. */
const membersOf = (members: object): readonly string[] =>
  Object.entries(members).flatMap(([name, member]) => [
    ...(Number.isNaN(Number(name)) ? [name] : []),
    ...(typeof member === 'object' && member !== null ? membersOf(member) : []),
  ]);
