// Implements equality, order and arithmetic of CEL over plain JSON. A claim's number is a double that compares with an int as a
// number; values of different types are unequal; only own members exist.

import { isExactNumber } from '../primitives/strict-json.ts';
import { refuseElsewhere, refuseIncomplete } from './elsewhere.ts';
import { CannotTell, Problem, type Run } from './run.ts';
import { calculateTime, Duration, Timestamp } from './time.ts';

/** The types of values, and their representations. A JSON number is a double; a number in an expression is an int. */
export interface Kinds {
  readonly null: null;
  readonly bool: boolean;
  readonly string: string;
  readonly int: bigint;
  readonly double: number;
  readonly timestamp: Timestamp;
  readonly duration: Duration;
  readonly type: TypeValue;
  readonly list: readonly unknown[];
  readonly map: Readonly<Record<string, unknown>>;
}
export type Kind = keyof Kinds;

/** The type of a value, as `type()` and the names of types give it. */
export class TypeValue {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** The names of types in CEL where they differ from those of messages. */
const TYPE_NAMES: Partial<Record<Kind, string>> = {
  null: 'null_type',
  timestamp: 'google.protobuf.Timestamp',
  duration: 'google.protobuf.Duration',
};

export function typeOf(value: unknown): TypeValue | Problem {
  const kind = kindOf(value);
  return kind === 'unknown' ? new Problem('the value has no type') : new TypeValue(TYPE_NAMES[kind] ?? kind);
}

const MAX_DEPTH = 64;
const MAX_INT = 2n ** 63n - 1n;
export const MIN_INT = -(2n ** 63n);
/** A longer list is indexed when a text is searched in it, because rules search the same list for one group after another. */
const MAX_UNINDEXED_ITEMS = 32;
/** Steps to list one member of a map. */
const MEMBER_STEPS = 16;

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
      if (value instanceof Timestamp) return 'timestamp';
      if (value instanceof Duration) return 'duration';
      if (value instanceof TypeValue) return 'type';
      return value instanceof Problem ? 'unknown' : 'map';
    default:
      return 'unknown';
  }
}

export const isMap = (value: unknown): value is Kinds['map'] => kindOf(value) === 'map';
const isTime = (value: unknown): value is Timestamp | Duration =>
  value instanceof Timestamp || value instanceof Duration;
const isNumber = (value: unknown): value is number | bigint => typeof value === 'number' || typeof value === 'bigint';

/** The problem of a value of the wrong type. A problem is returned unchanged. */
export const wrongKind = (text: string, value: unknown, wanted: string): Problem =>
  value instanceof Problem ? value : new Problem(`${text} is of type ${kindOf(value)}, not ${wanted}`);

/** The items that a loop iterates over: the items of a list, or the names of a map's members. */
export function itemsOf(run: Run, value: unknown, text: string): readonly unknown[] | Problem {
  if (isMap(value)) return namesOf(run, value);
  if (!Array.isArray(value)) return wrongKind(text, value, 'list or map');
  run.pay(value.length * 2);
  return value;
}

/** The names of the members. Listing those of a huge map is slow, whatever is done with them. */
export function namesOf(run: Run, map: Kinds['map']): readonly string[] {
  refuseIncomplete(map);
  run.pay(MEMBER_STEPS);
  const names = Object.keys(map);
  run.pay(names.length * MEMBER_STEPS);
  return names;
}

/** Is there a member of this name? */
export function hasMember(map: Kinds['map'], name: string): boolean {
  refuseElsewhere(map, name);
  return Object.hasOwn(map, name) && map[name] !== undefined;
}

/** Are values of one type, and their items and members, too? Numbers are of one type, whatever their form. */
export function haveOneType(run: Run, a: unknown, b: unknown, depth = 0): boolean {
  if (isNumber(a) && isNumber(b)) return true;
  if (kindOf(a) !== kindOf(b)) return false;
  if (depth > MAX_DEPTH) throw new CannotTell('cost', 'a value is nested too deeply');
  if (Array.isArray(a) && Array.isArray(b)) {
    run.pay(Math.min(a.length, b.length) * 2);
    return a.slice(0, b.length).every((item, index) => haveOneType(run, item, b[index], depth + 1));
  }
  if (!isMap(a) || !isMap(b)) return true;
  const common = namesOf(run, a).filter((name) => Object.hasOwn(b, name));
  return common.every((name) => haveOneType(run, a[name], b[name], depth + 1));
}

/** Values of different types are unequal, numbers compare as numbers, lists and maps by all their items. */
export function equal(run: Run, a: unknown, b: unknown, depth = 0): boolean {
  if (typeof a === 'string' && typeof b === 'string') {
    if (a.length !== b.length) return false;
    run.pay(1 + (a.length >> 6));
    return a === b;
  }
  // Not `==`: this is also false for NaN, and exact between int and double.
  if (isNumber(a) && isNumber(b)) return a <= b && a >= b;
  if (isTime(a) && isTime(b)) return kindOf(a) === kindOf(b) && a.nanoseconds === b.nanoseconds;
  if (a instanceof TypeValue && b instanceof TypeValue) return a.name === b.name;
  if (depth > MAX_DEPTH) throw new CannotTell('cost', 'a value is nested too deeply');
  run.pay(2);
  if (Array.isArray(a) && Array.isArray(b)) return equalLists(run, a, b, depth);
  return isMap(a) && isMap(b) ? equalMaps(run, a, b, depth) : a === b;
}

function equalLists(run: Run, a: readonly unknown[], b: readonly unknown[], depth: number): boolean {
  if (a.length !== b.length) return false;
  run.pay(a.length * 2);
  return a.every((item, index) => equal(run, item, b[index], depth + 1));
}

function equalMaps(run: Run, a: Kinds['map'], b: Kinds['map'], depth: number): boolean {
  const [names, others] = [namesOf(run, a), namesOf(run, b)];
  return (
    names.length === others.length &&
    names.every((name) => Object.hasOwn(b, name) && equal(run, a[name], b[name], depth + 1))
  );
}

/** `a in b`: is it an item of the list, or the name of a member of the map? */
export function within(run: Run, item: unknown, collection: unknown, text: string): boolean | Problem {
  if (isMap(collection)) return typeof item === 'string' && hasMember(collection, item);
  if (!Array.isArray(collection)) return wrongKind(text, collection, 'list or map');
  if (typeof item === 'string' && collection.length > MAX_UNINDEXED_ITEMS) return run.holdsText(collection, item);
  run.pay(collection.length);
  return collection.some((other) => equal(run, item, other));
}

/** Numbers, strings, booleans and times have an order; strings by their code points. */
export function order(run: Run, operator: '<' | '<=' | '>' | '>=', a: unknown, b: unknown): boolean | Problem {
  if (isNumber(a) && isNumber(b)) return compare(operator, a, b);
  if (typeof a === 'string' && typeof b === 'string') {
    run.pay(Math.min(a.length, b.length) >> 1);
    return compare(operator, differenceOf(a, b), 0);
  }
  if (typeof a === 'boolean' && typeof b === 'boolean') return compare(operator, a, b);
  if (isTime(a) && isTime(b) && kindOf(a) === kindOf(b)) return compare(operator, a.nanoseconds, b.nanoseconds);
  return new Problem(`${kindOf(a)} ${operator} ${kindOf(b)} has no meaning`);
}

function compare<T extends number | bigint | boolean>(operator: '<' | '<=' | '>' | '>=', a: T, b: T): boolean {
  if (operator === '<') return a < b;
  if (operator === '<=') return a <= b;
  return operator === '>' ? a > b : a >= b;
}

/** Negative if the first text comes first. The UTF-16 units of characters beyond U+FFFF are below those of U+E000 to U+FFFF. */
function differenceOf(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const unit = a.charCodeAt(index);
    const other = b.charCodeAt(index);
    if (unit !== other) return rankOf(unit) - rankOf(other);
  }
  return a.length - b.length;
}

const rankOf = (unit: number): number => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800);

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%';

/**
 * Two ints give an int of 64 bits. An int and a double give a double: CEL does not define this, but every number in a claim is a
 * double, and `now - subject.claims.iat < 300` must work.
 */
export function calculate(run: Run, operator: ArithmeticOperator, a: unknown, b: unknown): unknown {
  if (typeof a === 'bigint' && typeof b === 'bigint') return calculateInt(operator, a, b);
  if (isNumber(a) && isNumber(b)) return exactly(calculateDouble(operator, asDouble(a), asDouble(b)));
  if (operator === '+' && typeof a === 'string' && typeof b === 'string') {
    run.pay((a.length + b.length) >> 3);
    return a + b;
  }
  if (operator === '+' && Array.isArray(a) && Array.isArray(b)) {
    run.pay(a.length + b.length);
    return [...a, ...b];
  }
  const time = calculateTime(operator, a, b);
  if (time === undefined) return new Problem(`${kindOf(a)} ${operator} ${kindOf(b)} is out of range`);
  return time === 'no meaning' ? new Problem(`${kindOf(a)} ${operator} ${kindOf(b)} has no meaning`) : time;
}

/** The double that equals the int. @throws CannotTell inexact */
export function asDouble(value: number | bigint): number {
  if (typeof value === 'number') return value;
  const double = Number(value);
  if (BigInt(double) !== value) throw new CannotTell('inexact', 'an int would be rounded to a double');
  return double;
}

/** Beyond ±(2^53 - 1), a double also represents its neighbours (RFC 7493 section 2.2). @throws CannotTell inexact */
function exactly(result: number): number {
  if (Number.isFinite(result) && Math.abs(result) > Number.MAX_SAFE_INTEGER)
    throw new CannotTell('inexact', 'a number would be rounded: it is beyond ±(2^53 - 1)');
  return result;
}

/** Every decimal number of this many digits is kept by a double. */
const EXACT_DIGITS = 15;
/** The smallest normal double: a smaller one has fewer digits. */
const MIN_NORMAL = 2 ** -1022;

/** @param text a decimal number @throws CannotTell inexact if a different number would be read as the same double */
export function readDouble(text: string): number {
  const value = Number(text);
  const [mantissa = ''] = text.split(/e/i);
  const digits = mantissa.replace(/[-+.]/g, '').replace(/^0+/, '').replace(/0+$/, '');
  const isExact = Number.isInteger(value) || (digits.length <= EXACT_DIGITS && Math.abs(value) >= MIN_NORMAL);
  if (!isExactNumber(text) || !isExact) throw new CannotTell('inexact', 'double() would round the number');
  return value;
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
