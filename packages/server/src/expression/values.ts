// What are values, and when are they equal, ordered, added? CEL over plain JSON: a claim's number is a double that
// compares with an int as a number does, values of different types are unequal, and only own members exist.
import { MAX_ITEMS, MAX_TEXT, Problem, type Run } from './run.ts';

/** The types of values, with what stands for them here. A JSON number is a double, a number in an expression an int. */
export interface Kinds {
  readonly null: null;
  readonly bool: boolean;
  readonly string: string;
  readonly int: bigint;
  readonly double: number;
  readonly timestamp: Date;
  readonly list: readonly unknown[];
  readonly map: Readonly<Record<string, unknown>>;
}
export type Kind = keyof Kinds;

const MAX_DEPTH = 64;
const MAX_INT = 2n ** 63n - 1n;
const MIN_INT = -(2n ** 63n);
/** Steps to list one member of a map. */
const MEMBER_PRICE = 16;
const TOO_DEEP = new Problem('a value is nested too deeply');

export function kindOf(value: unknown): Kind | 'unknown' {
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'number':
      return 'double';
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'object':
      if (value === null) return 'null';
      if (Array.isArray(value)) return 'list';
      if (value instanceof Date) return 'timestamp';
      return value instanceof Problem ? 'unknown' : 'map';
    default:
      return 'unknown';
  }
}

export const isMap = (value: unknown): value is Kinds['map'] => kindOf(value) === 'map';
const isNumber = (value: unknown): value is number | bigint => typeof value === 'number' || typeof value === 'bigint';

/** The problem of a value of the wrong type; a problem stays the problem that it is. */
export const wrongKind = (text: string, value: unknown, wanted: string): Problem =>
  value instanceof Problem ? value : new Problem(`${text} is of type ${kindOf(value)}, not ${wanted}`);

/** What a loop goes through: the items of a list, the names of a map's members. */
export function itemsOf(run: Run, value: unknown, text: string): readonly unknown[] | Problem {
  const items = Array.isArray(value) ? value : isMap(value) ? namesOf(run, value) : undefined;
  if (items === undefined) return wrongKind(text, value, 'list or map');
  if (items instanceof Problem) return items;
  const problem = run.pay(items.length * 2);
  if (problem !== undefined) return problem;
  return items.length > MAX_ITEMS ? new Problem(`${text} has ${items.length} items, more than ${MAX_ITEMS}`) : items;
}

/** The members' names. To list those of a huge map takes long by itself, however little is then done with them. */
export function namesOf(run: Run, map: Kinds['map']): readonly string[] | Problem {
  const exhausted = run.pay(MEMBER_PRICE);
  if (exhausted !== undefined) return exhausted;
  const names = Object.keys(map);
  return run.pay(names.length * MEMBER_PRICE) ?? names;
}

/** Values of different types are unequal, numbers are compared as numbers, lists and maps all the way down. */
export function equal(run: Run, a: unknown, b: unknown, depth = 0): boolean | Problem {
  if (typeof a === 'string' && typeof b === 'string') {
    return a.length === b.length && (run.pay(1 + (a.length >> 6)) ?? a === b);
  }
  // Not `==`: this is false for NaN too, and exact between int and double.
  if (isNumber(a) && isNumber(b)) return a <= b && a >= b;
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime();
  if (depth > MAX_DEPTH) return TOO_DEEP;
  const exhausted = run.pay(2);
  if (exhausted !== undefined) return exhausted;
  if (Array.isArray(a) && Array.isArray(b)) {
    if (a.length !== b.length) return false;
    return allOf(itemsOf(run, a, 'a list'), (_, index) => equal(run, a[index], b[index], depth + 1));
  }
  if (isMap(a) && isMap(b)) {
    const [names, others] = [itemsOf(run, a, 'a map'), itemsOf(run, b, 'a map')];
    if (names instanceof Problem) return names;
    if (others instanceof Problem) return others;
    return (
      names.length === others.length &&
      allOf(names, (name) => Object.hasOwn(b, name) && equal(run, a[name], b[name], depth + 1))
    );
  }
  return a === b;
}

function allOf(
  items: readonly unknown[] | Problem,
  test: (item: string, index: number) => boolean | Problem,
): boolean | Problem {
  if (items instanceof Problem) return items;
  for (const [index, item] of items.entries()) {
    const result = test(item as string, index);
    if (result !== true) return result;
  }
  return true;
}

/** `a in b`: an item of a list, the name of a member of a map. */
export function within(run: Run, item: unknown, collection: unknown, text: string): boolean | Problem {
  if (isMap(collection)) return typeof item === 'string' && Object.hasOwn(collection, item);
  const items = itemsOf(run, collection, text);
  if (items instanceof Problem) return items;
  for (const other of items) {
    const same = equal(run, item, other);
    if (same !== false) return same;
  }
  return false;
}

/** Numbers, strings, booleans and timestamps have an order; strings by UTF-16 units. */
export function order(operator: '<' | '<=' | '>' | '>=', a: unknown, b: unknown): boolean | Problem {
  if (!(isNumber(a) && isNumber(b)) && !(hasOrder(a) && hasOrder(b) && kindOf(a) === kindOf(b))) {
    return new Problem(`${kindOf(a)} ${operator} ${kindOf(b)} has no meaning`);
  }
  if (operator === '<') return a < b;
  if (operator === '<=') return a <= b;
  return operator === '>' ? a > b : a >= b;
}

const hasOrder = (value: unknown): value is string | boolean | Date =>
  typeof value === 'string' || typeof value === 'boolean' || value instanceof Date;

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%';

/**
 * Two ints give an int of 64 bits. An int and a double give a double: CEL has no such operation, but every number of a
 * claim is a double, and `now - subject.claims.iat < 300` must mean what it says.
 */
export function calculate(run: Run, operator: ArithmeticOperator, a: unknown, b: unknown): unknown {
  if (typeof a === 'bigint' && typeof b === 'bigint') return calculateInt(operator, a, b);
  if (isNumber(a) && isNumber(b)) return calculateDouble(operator, Number(a), Number(b));
  if (operator === '+' && typeof a === 'string' && typeof b === 'string') {
    if (a.length + b.length > MAX_TEXT) return new Problem(`a string would be longer than ${MAX_TEXT} characters`);
    return run.pay((a.length + b.length) >> 4) ?? a + b;
  }
  if (operator === '+' && Array.isArray(a) && Array.isArray(b)) {
    if (a.length + b.length > MAX_ITEMS) return new Problem(`a list would have more than ${MAX_ITEMS} items`);
    return run.pay(a.length + b.length) ?? [...a, ...b];
  }
  return new Problem(`${kindOf(a)} ${operator} ${kindOf(b)} has no meaning`);
}

function calculateInt(operator: ArithmeticOperator, a: bigint, b: bigint): bigint | Problem {
  switch (operator) {
    case '+':
      return asInt(a + b);
    case '-':
      return asInt(a - b);
    case '*':
      return asInt(a * b);
    default:
      if (b === 0n) return new Problem('division by zero');
      return asInt(operator === '/' ? a / b : a % b);
  }
}

function calculateDouble(operator: ArithmeticOperator, a: number, b: number): number {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    default:
      return operator === '/' ? a / b : a % b;
  }
}

/** Ints have 64 bits. */
export const asInt = (value: bigint): bigint | Problem =>
  value >= MIN_INT && value <= MAX_INT ? value : new Problem('an int overflows 64 bits');
