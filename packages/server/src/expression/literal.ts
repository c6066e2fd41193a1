// Finds the beginning of an expression's text value that is the same for all facts.
import type { ASTNode } from '@marcbachmann/cel-js';

export interface LiteralStart {
  readonly text: string;
  /** Is it the whole value? */
  readonly whole: boolean;
}

const NOTHING: LiteralStart = { text: '', whole: false };

/** `"user:" + claims.email` begins with `user:`. Only literals and their concatenations are known. */
export function literalStart(node: ASTNode): LiteralStart {
  if (node.op === 'value') return typeof node.args === 'string' ? { text: node.args, whole: true } : NOTHING;
  if (node.op !== '+') return NOTHING;
  const [left, right] = [literalStart(node.args[0]), literalStart(node.args[1])];
  return left.whole ? { text: left.text + right.text, whole: right.whole } : left;
}
