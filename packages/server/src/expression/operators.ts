// Translates the operators of expressions.
import type { ASTNode } from '@marcbachmann/cel-js';
import { type Context, faultAt, quote } from './context.ts';
import { type ExpressionStep, Problem, type Run } from './run.ts';
import { asInt, calculate, equal, haveOneType, kindOf, MIN_INT, order, within, wrongKind } from './values.ts';

type BinaryNode = Extract<ASTNode, { readonly args: [ASTNode, ASTNode] }>;
type OperatorNode = BinaryNode | Extract<ASTNode, { readonly op: '?:' | '!_' | '-_' }>;

export function translateOperator(node: OperatorNode, context: Context): ExpressionStep {
  switch (node.op) {
    case '?:':
      return translateChoice(node.args, context);
    case '||':
      return translateLogic(node.args, true, context);
    case '&&':
      return translateLogic(node.args, false, context);
    case '!_':
      return translateUnary(node.args, (value) => (typeof value === 'boolean' ? !value : undefined), 'bool', context);
    case '-_':
      return isLeastInt(node.args) ? () => MIN_INT : translateUnary(node.args, negate, 'number', context);
    default:
      return translateBinary(node, context);
  }
}

function translateChoice([condition, ...branches]: readonly ASTNode[], context: Context): ExpressionStep {
  if (condition === undefined) throw new Error('the parser let a choice pass without a condition');
  const [test, text] = [context.translate(condition, context), quote(condition, context)];
  const [yes, no] = branches.map((branch) => context.translate(branch, context)) as [ExpressionStep, ExpressionStep];
  return (run) => {
    const answer = test(run);
    return typeof answer === 'boolean' ? (answer ? yes : no)(run) : wrongKind(text, answer, 'bool');
  };
}

/** `||` and `&&`: a deciding answer of either side absorbs a problem of the other (CEL, section Logical Operators). */
function translateLogic(sides: readonly ASTNode[], deciding: boolean, context: Context): ExpressionStep {
  const [left, right] = sides.map((side) => context.translate(side, context)) as [ExpressionStep, ExpressionStep];
  const [leftText, rightText] = sides.map((side) => quote(side, context)) as [string, string];
  return (run) => {
    const first = left(run);
    if (first === deciding) return deciding;
    const second = right(run);
    if (second === deciding) return deciding;
    if (typeof first !== 'boolean') return wrongKind(leftText, first, 'bool');
    return typeof second === 'boolean' ? !deciding : wrongKind(rightText, second, 'bool');
  };
}

function translateUnary(
  operand: ASTNode,
  apply: (value: unknown) => unknown,
  wanted: string,
  context: Context,
): ExpressionStep {
  const [step, text] = [context.translate(operand, context), quote(operand, context)];
  return (run) => {
    const value = step(run);
    return apply(value) ?? wrongKind(text, value, wanted);
  };
}

/** The least int has no positive counterpart, so its literal is read as a whole. */
const isLeastInt = (operand: ASTNode): boolean => operand.op === 'value' && operand.args === -MIN_INT;

function negate(value: unknown): unknown {
  if (typeof value === 'bigint') return asInt(-value);
  return typeof value === 'number' ? -value : undefined;
}

function translateBinary(node: BinaryNode, context: Context): ExpressionStep {
  const [left, right] = node.args.map((side) => context.translate(side, context)) as [ExpressionStep, ExpressionStep];
  const combine = combination(node, context);
  return (run) => {
    const a = left(run);
    if (a instanceof Problem) return a;
    const b = right(run);
    return b instanceof Problem ? b : combine(run, a, b);
  };
}

function combination(node: BinaryNode, context: Context): (run: Run, a: unknown, b: unknown) => unknown {
  const operator = node.op;
  switch (operator) {
    case '==':
    case '!=': {
      const compare = node.args.some(isNull) ? equal : equalTypes(operator);
      return (run, a, b) => {
        const answer = compare(run, a, b);
        return operator === '==' || answer instanceof Problem ? answer : !answer;
      };
    }
    case 'in': {
      const text = quote(node.args[1], context);
      return (run, a, b) => {
        const answer = within(run, a, b, text);
        return answer === false && run.types === 'same' ? (oddItem(run, a, b) ?? false) : answer;
      };
    }
    case '<':
    case '<=':
    case '>':
    case '>=':
      return (run, a, b) => order(run, operator, a, b);
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
      return (run, a, b) => calculate(run, operator, a, b);
    default:
      throw faultAt(node, `${operator} is not available here`, context);
  }
}

/** `x == null` asks for the type itself. */
const isNull = (node: ASTNode): boolean => node.op === 'value' && node.args === null;

const equalTypes =
  (operator: string) =>
  (run: Run, a: unknown, b: unknown): boolean | Problem =>
    run.types === 'any' || haveOneType(run, a, b)
      ? equal(run, a, b)
      : new Problem(`${kindOf(a)} ${operator} ${kindOf(b)} compares different types`);

/** A list that does not hold the item may hold it in another form. */
function oddItem(run: Run, item: unknown, collection: unknown): Problem | undefined {
  const items: readonly unknown[] = Array.isArray(collection) ? collection : [''];
  run.pay(items.length);
  const odd = items.findIndex((one) => !haveOneType(run, item, one));
  return odd === -1 ? undefined : new Problem(`${kindOf(item)} in ${kindOf(collection)} compares different types`);
}
