// Translates the library's checked syntax tree into functions, once for each expression. The library's own evaluator has no bounds
// (split and join of one claim of 8 KiB take a second), and fails on claims named `constructor`.
import type { ASTNode } from '@marcbachmann/cel-js';
import { type Context, faultAt, quote } from './context.ts';
import { refuseElsewhere } from './elsewhere.ts';
import { translateCall } from './functions.ts';
import { translateMacro } from './macros.ts';
import { translateOperator } from './operators.ts';
import { type ExpressionStep, Problem, takeAll } from './run.ts';
import { asInt, isMap, wrongKind } from './values.ts';

/** @throws ExpressionFault for parts of CEL that are not allowed here */
export function translate(node: ASTNode, context: Context): ExpressionStep {
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
      return (run) => takeAll(run, items);
    }
    case 'map':
      return translateMap(node.args, context);
    case '.?':
    case '[?]':
      throw faultAt(node, 'optional members are not available here: use has()', context);
    default:
      return translateOperator(node, context);
  }
}

type NodeOf<Operator extends ASTNode['op']> = ASTNode & { readonly op: Operator };

function translateLiteral(node: NodeOf<'value'>, context: Context): ExpressionStep {
  const value = node.args;
  if (typeof value === 'object' && value !== null)
    throw faultAt(node, 'bytes and uint are not available here', context);
  if (typeof value === 'bigint' && asInt(value) instanceof Problem)
    throw faultAt(node, 'the int has over 64 bits', context);
  return () => value;
}

function translateVariable(node: NodeOf<'id'>, context: Context): ExpressionStep {
  const name = node.args;
  const index = context.locals.lastIndexOf(name);
  if (index >= 0) return (run) => run.locals[index];
  // The library also defines the names of types as variables.
  if (!Object.hasOwn(context.variables, name)) throw faultAt(node, `Unknown variable: ${name}`, context);
  const missing = new Problem(`${name} is missing`);
  const read = context.variables[name] === 'int' ? asIntIfWhole : (value: unknown) => value;
  return ({ facts }) => {
    refuseElsewhere(facts, name);
    const value = facts[name];
    return value === undefined ? missing : read(value);
  };
}

const asIntIfWhole = (value: unknown): unknown => (Number.isSafeInteger(value) ? BigInt(value as number) : value);

function translateMember(node: NodeOf<'.'>, context: Context): ExpressionStep {
  const [holder, name] = node.args;
  const [step, text] = [translate(holder, context), quote(holder, context)];
  const missing = new Problem(`${quote(node, context)} is missing`);
  return (run) => memberOf(step(run), name, text, missing);
}

function memberOf(holder: unknown, name: string, text: string, missing: Problem): unknown {
  if (!isMap(holder)) return wrongKind(text, holder, 'map');
  refuseElsewhere(holder, name);
  const value = Object.hasOwn(holder, name) ? holder[name] : undefined;
  return value === undefined ? missing : value;
}

function translateIndex(node: NodeOf<'[]'>, context: Context): ExpressionStep {
  const [holder, key] = node.args.map((part) => translate(part, context)) as [ExpressionStep, ExpressionStep];
  const text = quote(node.args[0], context);
  const missing = new Problem(`${quote(node, context)} is missing`);
  return (run) => {
    const list = holder(run);
    const index = key(run);
    if (typeof index === 'string') return memberOf(list, index, text, missing);
    if (typeof index !== 'number' && typeof index !== 'bigint') return wrongKind('an index', index, 'string or int');
    if (!Array.isArray(list)) return wrongKind(text, list, 'list');
    const item = list[Number(index)];
    return item === undefined ? missing : item;
  };
}

function translateMap(entries: readonly (readonly [ASTNode, ASTNode])[], context: Context): ExpressionStep {
  const steps = entries.map((entry) => entry.map((part) => translate(part, context)));
  return (run) => {
    // Without a prototype, so that `__proto__` is a member like any other.
    const map: Record<string, unknown> = Object.create(null);
    for (const entry of steps) {
      const pair = takeAll(run, entry);
      if (pair instanceof Problem) return pair;
      const [name, value] = pair;
      if (typeof name !== 'string') return wrongKind('the name of a member', name, 'string');
      map[name] = value;
    }
    return map;
  };
}
