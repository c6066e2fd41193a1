// What does an expression say of these facts? Each node of the library's checked syntax tree becomes a function, once.
// The library's own evaluator is not used: it bounds nothing, and a claim named `constructor` breaks it.
import type { ASTNode } from '@marcbachmann/cel-js';
import { type Context, faultAt, quote } from './context.ts';
import { translateCall } from './functions.ts';
import { translateMacro } from './macros.ts';
import { Problem, type Run, type Step } from './run.ts';
import { asInt, calculate, equal, isMap, order, within, wrongKind } from './values.ts';

/** @throws ExpressionFault where CEL, or the library, allows what is not allowed here */
export function translate(node: ASTNode, context: Context): Step {
  switch (node.op) {
    case 'value':
      return translateLiteral(node, context);
    case 'id':
      return translateVariable(node, context);
    case '.':
      return translateMember(node, context);
    case '[]':
      return translateIndex(node, context);
    case 'call':
    case 'rcall':
      return translateMacro(node, context) ?? translateCall(node, context);
    case 'list': {
      const items = node.args.map((item) => translate(item, context));
      return (run) => collect(run, items);
    }
    case 'map':
      return translateMap(node.args, context);
    case '?:':
      return translateChoice(node.args, context);
    case '||':
      return translateLogic(node.args, true, context);
    case '&&':
      return translateLogic(node.args, false, context);
    case '!_':
      return translateUnary(node.args, (value) => (typeof value === 'boolean' ? !value : undefined), 'bool', context);
    case '-_':
      return translateUnary(node.args, negate, 'number', context);
    case '.?':
    case '[?]':
      throw faultAt(node, 'optional members are not available here: use has()', context);
    default:
      return translateBinary(node, context);
  }
}

type NodeOf<Operator extends ASTNode['op']> = ASTNode & { readonly op: Operator };

function translateLiteral(node: NodeOf<'value'>, context: Context): Step {
  const value = node.args;
  if (typeof value === 'object' && value !== null)
    throw faultAt(node, 'bytes and uint are not available here', context);
  if (typeof value === 'bigint' && asInt(value) instanceof Problem)
    throw faultAt(node, 'the int has over 64 bits', context);
  return () => value;
}

function translateVariable(node: NodeOf<'id'>, context: Context): Step {
  const name = node.args;
  const index = context.locals.lastIndexOf(name);
  if (index >= 0) return (run) => run.locals[index];
  // The names of types are variables to the library.
  if (!Object.hasOwn(context.variables, name)) throw faultAt(node, `Unknown variable: ${name}`, context);
  const missing = new Problem(`${name} is missing`);
  const read = context.variables[name] === 'int' ? asIntIfWhole : (value: unknown) => value;
  return ({ facts }) => (facts[name] === undefined ? missing : read(facts[name]));
}

const asIntIfWhole = (value: unknown): unknown => (Number.isSafeInteger(value) ? BigInt(value as number) : value);

function translateMember(node: NodeOf<'.'>, context: Context): Step {
  const [holder, name] = node.args;
  const [step, text] = [translate(holder, context), quote(holder, context)];
  const missing = new Problem(`${quote(node, context)} is missing`);
  return (run) => memberOf(step(run), name, text, missing);
}

function memberOf(holder: unknown, name: string, text: string, missing: Problem): unknown {
  if (!isMap(holder)) return wrongKind(text, holder, 'map');
  const value = Object.hasOwn(holder, name) ? holder[name] : undefined;
  return value === undefined ? missing : value;
}

function translateIndex(node: NodeOf<'[]'>, context: Context): Step {
  const [holder, key] = node.args.map((part) => translate(part, context)) as [Step, Step];
  const text = quote(node.args[0], context);
  const missing = new Problem(`${quote(node, context)} is missing`);
  return (run) => {
    const [list, index] = [holder(run), key(run)];
    if (index instanceof Problem) return index;
    if (typeof index === 'string') return memberOf(list, index, text, missing);
    if (typeof index !== 'number' && typeof index !== 'bigint') return wrongKind('an index', index, 'string or int');
    if (!Array.isArray(list)) return wrongKind(text, list, 'list');
    const item = list[Number(index)];
    return item === undefined ? missing : item;
  };
}

function collect(run: Run, items: readonly Step[]): unknown {
  const values: unknown[] = [];
  for (const item of items) {
    const value = item(run);
    if (value instanceof Problem) return value;
    values.push(value);
  }
  return values;
}

function translateMap(entries: readonly (readonly [ASTNode, ASTNode])[], context: Context): Step {
  const steps = entries.map((entry) => entry.map((part) => translate(part, context)));
  return (run) => {
    // Without a prototype, so that `__proto__` is a member like any other.
    const map: Record<string, unknown> = Object.create(null);
    for (const entry of steps) {
      const pair = collect(run, entry);
      if (pair instanceof Problem) return pair;
      const [name, value] = pair as [unknown, unknown];
      if (typeof name !== 'string') return wrongKind('the name of a member', name, 'string');
      map[name] = value;
    }
    return map;
  };
}

function translateChoice([condition, ...branches]: readonly ASTNode[], context: Context): Step {
  if (condition === undefined) throw new Error('the parser let a choice pass without a condition');
  const [test, text] = [translate(condition, context), quote(condition, context)];
  const [yes, no] = branches.map((branch) => translate(branch, context)) as [Step, Step];
  return (run) => {
    const answer = test(run);
    return typeof answer === 'boolean' ? (answer ? yes : no)(run) : wrongKind(text, answer, 'bool');
  };
}

/** `||` and `&&`: the deciding answer of either side absorbs a problem of the other (CEL, section Logical Operators). */
function translateLogic(sides: readonly ASTNode[], deciding: boolean, context: Context): Step {
  const [left, right] = sides.map((side) => translate(side, context)) as [Step, Step];
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

function translateUnary(operand: ASTNode, apply: (value: unknown) => unknown, wanted: string, context: Context): Step {
  const [step, text] = [translate(operand, context), quote(operand, context)];
  return (run) => {
    const value = step(run);
    return apply(value) ?? wrongKind(text, value, wanted);
  };
}

function negate(value: unknown): unknown {
  if (typeof value === 'bigint') return asInt(-value);
  return typeof value === 'number' ? -value : undefined;
}

type BinaryNode = Extract<ASTNode, { readonly args: [ASTNode, ASTNode] }>;

function translateBinary(node: BinaryNode, context: Context): Step {
  const [left, right] = node.args.map((side) => translate(side, context)) as [Step, Step];
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
      return equal;
    case '!=':
      return (run, a, b) => {
        const same = equal(run, a, b);
        return typeof same === 'boolean' ? !same : same;
      };
    case 'in': {
      const text = quote(node.args[1], context);
      return (run, a, b) => within(run, a, b, text);
    }
    case '<':
    case '<=':
    case '>':
    case '>=':
      return (_, a, b) => order(operator, a, b);
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
