// The context in which a part of an expression is translated: its variables and their types. Also walks the library's syntax tree.
import { type ASTNode, Environment } from '@marcbachmann/cel-js';
import { ExpressionFault } from './fault.ts';
import type { ExpressionStep } from './run.ts';

export type CelType = 'bool' | 'int' | 'double' | 'string' | 'list' | 'map' | 'dyn';

/** Members by name; any other name is a fault. `[type]` is a list of items of that type. */
export interface Members {
  readonly [name: string]: VariableType;
}
export type VariableType = CelType | Members | readonly [VariableType];

/** The variables of an expression, with their types. Members of a `map` are dynamic: a claim may be missing. */
export type Variables = Members;

export interface Context {
  readonly text: string;
  readonly variables: Variables;
  /** The variables of the enclosing macros, the outermost first. */
  readonly locals: readonly string[];
  readonly warnings: string[];
  readonly translate: (node: ASTNode, context: Context) => ExpressionStep;
}

const TIMESTAMP = 'google.protobuf.Timestamp';
const DURATION = 'google.protobuf.Duration';
const CONVERSIONS = [
  [`int(${TIMESTAMP})`, 'int'],
  [`string(${TIMESTAMP})`, 'string'],
  [`string(${DURATION})`, 'string'],
  [`timestamp(${TIMESTAMP})`, TIMESTAMP],
  [`duration(${DURATION})`, DURATION],
] as const;

const LIMITS = { maxAstNodes: 1000, maxDepth: 40, maxListElements: 256, maxMapEntries: 256, maxCallArguments: 8 };

/** Environments by their variables: making one costs many times what a parse does. */
const environments = new WeakMap<Variables, Environment>();

/** Returns the library's parser and type checker for these variables. @param others further variables, of one expression */
export function environmentFor(variables: Variables, others: Variables): Environment {
  const environment = environments.get(variables) ?? createEnvironment(variables);
  environments.set(variables, environment);
  const names = Object.entries(others);
  return names.length === 0 ? environment : declare(environment.clone(), names);
}

export function createEnvironment(variables: Variables): Environment {
  const environment = new Environment({ homogeneousAggregateLiterals: false, limits: LIMITS });
  // CEL defines `matches` as a function too; the library only as a method.
  environment.registerFunction('matches(string, string): bool', () => false);
  // The library lacks these conversions of CEL.
  for (const [signature, type] of CONVERSIONS) environment.registerFunction(`${signature}: ${type}`, () => undefined);
  return declare(environment, Object.entries(variables));
}

function declare(environment: Environment, variables: readonly (readonly [string, VariableType])[]): Environment {
  for (const [name, type] of variables) environment.registerVariable(name, declareType(environment, name, type));
  return environment;
}

function declareType(environment: Environment, path: string, type: VariableType): string {
  if (typeof type === 'string') return type;
  if (isListType(type)) return `list<${declareType(environment, `${path}.item`, type[0])}>`;
  const fields = Object.entries(type).map(([name, member]) => [
    name,
    declareType(environment, `${path}.${name}`, member),
  ]);
  const name = `members.${path}`;
  environment.registerType(name, { fields: Object.fromEntries(fields) });
  return name;
}

const isListType = (type: Members | readonly [VariableType]): type is readonly [VariableType] => Array.isArray(type);

/** The declared type of a member of a variable; `unknown` if no such member is declared. */
export function declaredType(node: ASTNode, context: Context): VariableType | 'unknown' {
  if (node.op === 'id' && !context.locals.includes(node.args)) return context.variables[node.args] ?? 'unknown';
  if (node.op !== '.') return 'dyn';
  const holder = declaredType(node.args[0], context);
  if (typeof holder === 'string' || isListType(holder)) return holder === 'unknown' ? 'unknown' : 'dyn';
  return Object.hasOwn(holder, node.args[1]) ? (holder[node.args[1]] ?? 'unknown') : 'unknown';
}

export const faultAt = (node: ASTNode, message: string, { text }: Context): ExpressionFault =>
  new ExpressionFault(message, text, node.start);

/** Quotes a part of the text, for a problem. */
export function quote(node: ASTNode, { text }: Context): string {
  const part = text.slice(node.start, node.end).replace(/\s+/g, ' ');
  return part.length > 60 ? `${part.slice(0, 59)}…` : part;
}

/** The child nodes of a node. */
export function partsOf(node: ASTNode): readonly ASTNode[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return [];
    case '.':
    case '.?':
      return [node.args[0]];
    case 'call':
      return node.args[1];
    case 'rcall':
      return [node.args[1], ...node.args[2]];
    case 'map':
      return node.args.flat();
    case '!_':
    case '-_':
      return [node.args];
    default:
      return node.args;
  }
}

/** Steps to evaluate a node, without those that depend on the size of values. */
export const priceOf = (node: ASTNode): number =>
  partsOf(node).reduce((price, part) => price + priceOf(part), PRICES[node.op] ?? 2);

const PRICES: Partial<Record<ASTNode['op'], number>> = { call: 25, rcall: 25, list: 16, map: 24 };
