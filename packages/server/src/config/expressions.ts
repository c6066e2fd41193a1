// Compiles the expressions of the file. A fault is reported with its line and column.
import {
  type CompiledExpression,
  compileCondition as compileBoolean,
  compileExpression,
  ExpressionFault,
} from '../expression/condition.ts';
import { markElsewhere } from '../expression/elsewhere.ts';
import { conditionVariables } from '../policy/facts.ts';
import { didYouMean } from '../primitives/nearest.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { operatorVariables } from '../sign-in/operators.ts';
import type { Mapping } from '../trust/issuer.ts';
import type { Complain, Path } from './fault.ts';

const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null;

type Variables = Parameters<typeof compileExpression>[1];

/** Compiles a `when`, and reports its fault. */
export const readCondition = (text: string, path: Path, complain: Complain): CompiledExpression =>
  warnOfRequest(
    compile(() => compileBoolean(text, conditionVariables), { variables: conditionVariables, path, complain }),
    path,
    complain,
  );

/** Compiles the `when` of an operator, which reads claims of the person only, and reports its fault. */
export const readOperatorCondition = (text: string, path: Path, complain: Complain): CompiledExpression =>
  compile(() => compileBoolean(text, operatorVariables), { variables: operatorVariables, path, complain });

/** Compiles a claim that a rule adds, and reports its fault. */
export const compileClaim = (text: string, path: Path, complain: Complain): CompiledExpression =>
  warnOfRequest(compileValue(text, conditionVariables, path, complain), path, complain);

/** Replacements of older names, which hold the text of the caller. A caller can omit that text, or spell it in another way. */
const INSTEAD: Readonly<Record<string, string>> = {
  'request.audiences': 'Write targets, the audiences that the token would be for',
  'request.resources': 'Write targets, the audiences that the token would be for',
  'request.scope': 'Write scope, what the token would be allowed to do',
  'request.requested_token_type': "Name the types in the rule's grant.types",
};

function warnOfRequest(expression: CompiledExpression, path: Path, complain: Complain): CompiledExpression {
  for (const read of expression.reads) {
    const instead = INSTEAD[read];
    if (instead !== undefined) complain(path, `${read} is an older name. ${instead}.`, 'warning');
  }
  return expression;
}

/** Compiles an expression for a claim or a subject, and reports its fault. */
export const compileValue = (text: string, variables: Variables, path: Path, complain: Complain): CompiledExpression =>
  compile(() => compileExpression(text, variables), { variables, path, complain });

/** Compiles a mapping of an issuer's entry, and reports its fault. @returns the mapping, and what it reads */
export function compileMappingOf(
  text: string,
  variables: Variables,
  path: Path,
  complain: Complain,
): { readonly mapping: Mapping; readonly expression: CompiledExpression } {
  const expression = compileValue(text, variables, path, complain);
  const mapping: Mapping = (facts, budget) => {
    const evaluation = expression.evaluate(markAll(facts), budget);
    if (evaluation.kind === 'cannot tell') throw new TokenRefusal('cannot_tell', evaluation.problem);
    return evaluation.kind === 'value' ? { value: evaluation.value } : { problem: evaluation.problem };
  };
  return { mapping, expression };
}

/** The claims of a token, or the attributes of an assertion. */
const markAll = (facts: JsonObject): JsonObject => {
  const { claims } = facts;
  const marked = markElsewhere(facts, "issuer's");
  return isObject(claims) ? { ...marked, claims: markElsewhere(claims, "issuer's") } : marked;
};

interface Place {
  readonly variables: Variables;
  readonly path: Path;
  readonly complain: Complain;
}

function compile(make: () => CompiledExpression, { variables, path, complain }: Place): CompiledExpression {
  try {
    const expression = make();
    for (const warning of expression.warnings) complain(path, `${warning}.`, 'warning');
    return expression;
  } catch (error) {
    if (!(error instanceof ExpressionFault)) throw error;
    complain(path, describeExpressionFault(error.message, Object.keys(variables)), 'fault', {
      line: error.line,
      column: error.column,
    });
    return FAULTY;
  }
}

/** @param known the variables that the expression can read */
function describeExpressionFault(message: string, known: readonly string[]): string {
  const [, variable] = /^Unknown variable: (.+)$/.exec(message) ?? [];
  if (variable !== undefined)
    return `there is no variable ${variable}.${didYouMean(variable, known) || ` Known here: ${known.join(', ')}.`}`;
  if (/\bEOF$/.test(message)) return 'the expression ends too early. A part is missing after this.';
  return `the expression is faulty here: ${message}${/[.?]$/.test(message) ? '' : '.'}`;
}

/** Replaces a faulty expression while the rest of the file is checked. It is never evaluated. */
const FAULTY: CompiledExpression = {
  text: '',
  type: 'dyn',
  warnings: [],
  starts: { text: '', whole: false },
  reads: [],
  picks: [],
  evaluate: () => ({ kind: 'cannot tell', why: 'failure', whose: '', problem: 'the expression is faulty' }),
};
