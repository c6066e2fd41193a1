// Translates the library's checked syntax tree into functions, once for each expression. The library's own evaluator has no bounds
// (split and join of one claim of 8 KiB take a second), and fails on claims named `constructor`.
import type { ASTNode } from '@marcbachmann/cel-js';
import { type Context, declaredType, faultAt, quote } from './context.ts';
import { refuseElsewhere } from './elsewhere.ts';
import { translateCall } from './functions.ts';
import { translateMacro } from './macros.ts';
import { translateOperator } from './operators.ts';
import { type ExpressionStep, Problem, takeAll } from './run.ts';
import { asInt, isMap, TypeValue, wrongKind } from './values.ts';

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
  if (!Object.hasOwn(context.variables, name)) return translateTypeName(node, name, context);
  const missing = new Problem(`${name} is missing`);
  const read = context.variables[name] === 'int' ? asIntIfWhole : (value: unknown) => value;
  return ({ facts }) => {
    refuseElsewhere(facts, name);
    const value = facts[name];
    return value === undefined ? missing : read(value);
  };
}

/** The names of types are values of CEL; those of protocol buffers have dots. */
function translateTypeName(node: ASTNode, name: string, context: Context): ExpressionStep {
  if (!TYPE_NAMES.has(name)) throw faultAt(node, `Unknown variable: ${name}`, context);
  const type = new TypeValue(name);
  return () => type;
}

const TYPE_NAMES = new Set([
  ...['bool', 'bytes', 'double', 'int', 'list', 'map', 'null_type', 'string', 'type', 'uint'],
  ...['google.protobuf.Duration', 'google.protobuf.Timestamp'],
]);

/** `google.protobuf.Timestamp`, where no variable is called `google`. */
function qualifiedName(node: ASTNode, context: Context): string | undefined {
  if (node.op === 'id') return isVariable(node.args, context) ? undefined : node.args;
  if (node.op !== '.') return undefined;
  const holder = qualifiedName(node.args[0], context);
  return holder && `${holder}.${node.args[1]}`;
}

const isVariable = (name: string, { locals, variables }: Context): boolean =>
  locals.includes(name) || Object.hasOwn(variables, name);

const asIntIfWhole = (value: unknown): unknown => (Number.isSafeInteger(value) ? BigInt(value as number) : value);

function translateMember(node: NodeOf<'.'>, context: Context): ExpressionStep {
  const qualified = qualifiedName(node, context);
  if (qualified !== undefined && TYPE_NAMES.has(qualified)) return translateTypeName(node, qualified, context);
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

/** CEL has maps with other keys. Here they are JSON objects, and a key that is known not to be a string is a fault of the text. */
function refuseKey(key: ASTNode, context: Context): void {
  if (isNeverText(key, context))
    throw faultAt(key, 'the names in a map are strings here: write "1", or string() around it', context);
}

/** Is the value of the node, or of one of its branches, never a text? Members of claims may be texts. */
function isNeverText(node: ASTNode, context: Context): boolean {
  switch (node.op) {
    case 'value':
      return typeof node.args !== 'string';
    case 'id':
    case '.':
      return !MAY_BE_TEXT.has(declaredType(node, context));
    case '?:':
      return node.args.slice(1).some((branch) => isNeverText(branch, context));
    case '+':
      return node.args.some((side) => isNeverText(side, context));
    case '[]':
    case '.?':
    case '[?]':
      return false;
    case 'call':
    case 'rcall':
      return !GIVE_TEXT.has(node.args[0]);
    default:
      return true;
  }
}

const MAY_BE_TEXT: ReadonlySet<unknown> = new Set(['dyn', 'string', 'unknown']);
const GIVE_TEXT = new Set(['dyn', 'join', 'lowerAscii', 'string', 'upperAscii']);

function translateMap(entries: readonly (readonly [ASTNode, ASTNode])[], context: Context): ExpressionStep {
  const steps = entries.map((entry) => entry.map((part) => translate(part, context)));
  for (const [key] of entries) refuseKey(key, context);
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
