// Evaluates an expression on some facts, with its own budget.
import { Budget, type CompiledExpression, type ExpressionFacts, holds } from '../../src/expression/condition.ts';

export interface Said {
  readonly value: unknown;
  readonly problem?: string;
  /** Set if the expression has no value. */
  readonly why?: string;
}

export function evaluate(expression: CompiledExpression, facts: ExpressionFacts, budget = new Budget()): Said {
  const evaluation = expression.evaluate(facts, budget);
  if (evaluation.kind === 'value') return { value: evaluation.value };
  const { problem } = evaluation;
  return { value: undefined, problem, ...(evaluation.kind === 'cannot tell' && { why: evaluation.why }) };
}

/** `yes`, `no` or `cannot tell`, with the problem if there is one. */
export function answerOf(expression: CompiledExpression, facts: ExpressionFacts): readonly string[] {
  const answer = holds(expression, facts, new Budget());
  return 'problem' in answer && answer.problem !== undefined ? [answer.kind, answer.problem] : [answer.kind];
}
