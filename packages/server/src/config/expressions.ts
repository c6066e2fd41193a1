// Are the expressions of the file good? Compiled here; a fault is told with the column at which it stands in the file.
import {
  type CompiledExpression,
  compileCondition as compileBoolean,
  compileExpression,
  ExpressionFault,
} from '../expression/condition.ts';
import { markElsewhere } from '../expression/elsewhere.ts';
import { conditionVariables } from '../policy/facts.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import type { Mapping } from '../trust/issuer.ts';
import type { Complain, Path } from './fault.ts';

const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null;

type Variables = Parameters<typeof compileExpression>[1];

/** A `when`. The fault of a faulty one is told. */
export const readCondition = (text: string, path: Path, complain: Complain): CompiledExpression =>
  warnOfRequest(
    compile(() => compileBoolean(text, conditionVariables), path, complain),
    path,
    complain,
  );

/** A claim that a rule adds. The fault of a faulty one is told. */
export const compileClaim = (text: string, path: Path, complain: Complain): CompiledExpression =>
  warnOfRequest(compileValue(text, conditionVariables, path, complain), path, complain);

/** What to write instead of names that say what a caller wrote, and that a caller can leave out or spell in another way. */
const INSTEAD: Readonly<Record<string, string>> = {
  'request.audiences': 'write targets, the audiences that the token would be for',
  'request.resources': 'write targets, the audiences that the token would be for',
  'request.scope': 'write scope, what the token would be allowed to do',
  'request.requested_token_type': "name the types in the rule's grant.types",
};

function warnOfRequest(expression: CompiledExpression, path: Path, complain: Complain): CompiledExpression {
  for (const read of expression.reads) {
    const instead = INSTEAD[read];
    if (instead !== undefined) complain(path, `${read} is an older name: ${instead}`, 'warning');
  }
  return expression;
}

/** What is to become a claim or a subject. The fault of a faulty one is told. */
export const compileValue = (text: string, variables: Variables, path: Path, complain: Complain): CompiledExpression =>
  compile(() => compileExpression(text, variables), path, complain);

/** What an issuer's entry reads out of a token, and the names of what it reads. The fault of a faulty one is told. */
export function compileMappingOf(
  text: string,
  variables: Variables,
  path: Path,
  complain: Complain,
): { readonly mapping: Mapping; readonly reads: readonly string[] } {
  const expression = compileValue(text, variables, path, complain);
  const mapping: Mapping = (facts, budget) => {
    const evaluation = expression.evaluate(markAll(facts), budget);
    if (evaluation.kind === 'cannot tell') throw new TokenRefusal('cannot_tell', evaluation.problem);
    return evaluation.kind === 'value' ? evaluation.value : undefined;
  };
  return { mapping, reads: expression.reads };
}

/** The claims of a token, or the attributes of an assertion. */
const markAll = (facts: JsonObject): JsonObject => {
  const { claims } = facts;
  const marked = markElsewhere(facts, "issuer's");
  return isObject(claims) ? { ...marked, claims: markElsewhere(claims, "issuer's") } : marked;
};

function compile(make: () => CompiledExpression, path: Path, complain: Complain): CompiledExpression {
  try {
    const expression = make();
    for (const warning of expression.warnings) complain(path, warning, 'warning');
    return expression;
  } catch (error) {
    if (!(error instanceof ExpressionFault)) throw error;
    complain(path, error.message, 'fault', { line: error.line, column: error.column });
    return FAULTY;
  }
}

/** Stands for a faulty expression while the rest of the file is looked at; nothing is ever decided by it. */
const FAULTY: CompiledExpression = {
  text: '',
  type: 'dyn',
  warnings: [],
  starts: { text: '', whole: false },
  reads: [],
  evaluate: () => ({ kind: 'cannot tell', why: 'failure', whose: '', problem: 'the expression is faulty' }),
};
