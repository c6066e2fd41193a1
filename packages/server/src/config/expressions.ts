// Are the expressions of the file good? Compiled here; a fault is told with the column at which it stands in the file.
import {
  type CompiledExpression,
  compileCondition as compileBoolean,
  compileExpression,
  ExpressionFault,
} from '../expression/condition.ts';
import { conditionVariables } from '../policy/facts.ts';
import type { Complain, Path } from './fault.ts';

type Variables = Parameters<typeof compileExpression>[1];

/** A `when`. The fault of a faulty one is told. */
export const compileCondition = (text: string, path: Path, complain: Complain): CompiledExpression =>
  compile(() => compileBoolean(text, conditionVariables), path, complain);

/** What is to become a claim or a subject. The fault of a faulty one is told. */
export const compileValue = (text: string, variables: Variables, path: Path, complain: Complain): CompiledExpression =>
  compile(() => compileExpression(text, variables), path, complain);

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
  reads: [],
  evaluate: () => ({ value: undefined, problem: 'the expression is faulty' }),
};
