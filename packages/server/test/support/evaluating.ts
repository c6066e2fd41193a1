// What an expression says of some facts, with a budget of its own.
import { Budget, type CompiledExpression, type ExpressionFacts, holds } from '../../src/expression/condition.ts';

export interface Said {
  readonly value: unknown;
  readonly problem?: string;
  /** Set where no answer can be told. */
  readonly why?: string;
}

export function evaluate(expression: CompiledExpression, facts: ExpressionFacts, budget = new Budget()): Said {
  const evaluation = expression.evaluate(facts, budget);
  if (evaluation.kind === 'value') return { value: evaluation.value };
  const { problem } = evaluation;
  return { value: undefined, problem, ...(evaluation.kind === 'cannot tell' && { why: evaluation.why }) };
}

/** `yes`, `no` or `cannot tell`, with the problem where there is one. */
export function answerOf(expression: CompiledExpression, facts: ExpressionFacts): readonly string[] {
  const answer = holds(expression, facts, new Budget());
  return 'problem' in answer && answer.problem !== undefined ? [answer.kind, answer.problem] : [answer.kind];
}
