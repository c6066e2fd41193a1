// Implements the functions of expressions. Their time is proportional to their arguments, and texts have a bounded length. Other
// functions of CEL or of the library (bytes, uint, time zones, cel.bind) are a fault when the file is loaded.
import type { ASTNode } from '@marcbachmann/cel-js';
import { type Context, faultAt, quote } from './context.ts';
import { compilePattern, isAnchored } from './matches.ts';
import { type ExpressionStep, Problem, type Run, takeAll } from './run.ts';
import {
  atSeconds,
  dateOf,
  parseDuration,
  parseTimestamp,
  secondsOf,
  type Time,
  wholeUnits,
  writeCelTime,
} from './time.ts';
import { asDouble, asInt, type Kind, type Kinds, kindOf, namesOf, readDouble, typeOf, wrongKind } from './values.ts';

interface Overload {
  readonly name: string;
  /** `f(a)`, `a.f()`, or either. */
  readonly form: 'function' | 'method' | 'either';
  readonly takes: readonly (Kind | 'any')[];
  readonly apply: (run: Run, ...values: readonly unknown[]) => unknown;
}

type Taken<T extends readonly (Kind | 'any')[]> = { [I in keyof T]: T[I] extends Kind ? Kinds[T[I]] : unknown };

const overload = <const T extends readonly (Kind | 'any')[]>(
  name: string,
  form: Overload['form'],
  takes: T,
  apply: (run: Run, ...values: Taken<T>) => unknown,
): Overload => ({ name, form, takes, apply: (run, ...values) => apply(run, ...(values as Taken<T>)) });

const overloads: readonly Overload[] = [
  overload('size', 'either', ['string'], (run, text) => {
    run.pay(text.length >> 1);
    return countCharacters(text);
  }),
  overload('size', 'either', ['list'], (_, list) => BigInt(list.length)),
  overload('size', 'either', ['map'], (run, map) => BigInt(namesOf(run, map).length)),
  overload('startsWith', 'method', ['string', 'string'], (_, text, start) => text.startsWith(start)),
  overload('endsWith', 'method', ['string', 'string'], (_, text, end) => text.endsWith(end)),
  overload('contains', 'method', ['string', 'string'], (run, text, part) => {
    paySearch(run, text, part);
    return text.includes(part);
  }),
  overload('split', 'method', ['string', 'string'], (run, text, separator) => split(run, text, separator, -1n)),
  overload('split', 'method', ['string', 'string', 'int'], split),
  overload('join', 'method', ['list'], (run, list) => join(run, list, '')),
  overload('join', 'method', ['list', 'string'], (run, list, separator) => join(run, list, separator)),
  // ASCII only, as the name says: by the rules of Unicode the Kelvin sign would become `k`.
  overload('lowerAscii', 'method', ['string'], (run, text) => {
    run.pay(text.length * REPLACE_STEPS);
    return text.replace(/[A-Z]+/g, (part) => part.toLowerCase());
  }),
  overload('upperAscii', 'method', ['string'], (run, text) => {
    run.pay(text.length * REPLACE_STEPS);
    return text.replace(/[a-z]+/g, (part) => part.toUpperCase());
  }),
  overload('int', 'function', ['int'], (_, value) => value),
  overload('int', 'function', ['double'], (_, value) =>
    Number.isFinite(value) ? asInt(BigInt(Math.trunc(value))) : notConverted('int'),
  ),
  overload('int', 'function', ['string'], (_, text) =>
    /^[+-]?\d{1,19}$/.test(text) ? asInt(BigInt(text)) : notConverted('int'),
  ),
  overload('double', 'function', ['double'], (_, value) => value),
  overload('double', 'function', ['int'], (_, value) => asDouble(value)),
  overload('double', 'function', ['string'], (_, text) =>
    text.length <= 32 && /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)
      ? readDouble(text)
      : notConverted('double'),
  ),
  overload('string', 'function', ['string'], (_, text) => text),
  overload('string', 'function', ['bool'], (_, value) => `${value}`),
  overload('string', 'function', ['int'], (_, value) => `${value}`),
  overload('string', 'function', ['double'], (_, value) => `${value}`),
  overload('string', 'function', ['timestamp'], (run, time) => formatted(run, time)),
  overload('string', 'function', ['duration'], (run, time) => formatted(run, time)),
  overload('int', 'function', ['timestamp'], (_, time) => secondsOf(time)),
  overload('dyn', 'function', ['any'], (_, value) => value),
  overload('type', 'function', ['any'], (_, value) => typeOf(value)),
  overload('bool', 'function', ['bool'], (_, value) => value),
  overload('bool', 'function', ['string'], (_, text) => {
    if (['true', 'True', 'TRUE', 't', '1'].includes(text)) return true;
    return ['false', 'False', 'FALSE', 'f', '0'].includes(text) ? false : notConverted('bool');
  }),
  overload('timestamp', 'function', ['string'], (run, text) => {
    run.pay(PARSE_STEPS);
    return parseTimestamp(text) ?? notConverted('timestamp');
  }),
  overload('timestamp', 'function', ['int'], (_, seconds) => atSeconds(seconds) ?? notConverted('timestamp')),
  overload('timestamp', 'function', ['double'], (_, seconds) => atSeconds(seconds) ?? notConverted('timestamp')),
  overload('timestamp', 'function', ['timestamp'], (_, time) => time),
  overload('duration', 'function', ['string'], (run, text) => {
    run.pay(PARSE_STEPS);
    return parseDuration(text) ?? notConverted('duration');
  }),
  overload('duration', 'function', ['duration'], (_, time) => time),
  ...getters({
    getFullYear: (time) => time.getUTCFullYear(),
    getMonth: (time) => time.getUTCMonth(),
    getDate: (time) => time.getUTCDate(),
    getDayOfMonth: (time) => time.getUTCDate() - 1,
    getDayOfWeek: (time) => time.getUTCDay(),
    getDayOfYear: (time) => Math.floor((time.getTime() - new Date(time).setUTCMonth(0, 1)) / 86_400_000),
    getHours: (time) => time.getUTCHours(),
    getMinutes: (time) => time.getUTCMinutes(),
    getSeconds: (time) => time.getUTCSeconds(),
    getMilliseconds: (time) => time.getUTCMilliseconds(),
  }),
  overload('getHours', 'method', ['duration'], (_, time) => wholeUnits(time, 'h')),
  overload('getMinutes', 'method', ['duration'], (_, time) => wholeUnits(time, 'm')),
  overload('getSeconds', 'method', ['duration'], (_, time) => wholeUnits(time, 's')),
  overload('getMilliseconds', 'method', ['duration'], (_, time) => wholeUnits(time, 'ms') % 1000n),
];

/** Methods of a timestamp, in UTC. */
function getters(parts: Readonly<Record<string, (time: Date) => number>>): readonly Overload[] {
  return Object.entries(parts).map(([name, read]) =>
    overload(name, 'method', ['timestamp'], (_, time) => BigInt(read(dateOf(time)))),
  );
}

const notConverted = (type: string): Problem => new Problem(`${type}() cannot read the value`);

/** Counts Unicode code points: a pair of UTF-16 surrogates counts once. */
function countCharacters(text: string): bigint {
  let pairs = 0;
  for (let i = 0; i < text.length; i++) if ((text.codePointAt(i) ?? 0) > 0xffff) pairs += 1;
  return BigInt(text.length - pairs);
}

function formatted(run: Run, time: Time): string {
  run.pay(FORMAT_STEPS);
  return writeCelTime(time);
}

/** Steps to parse a time or a duration. */
const PARSE_STEPS = 120;
/** Steps to write one. */
const FORMAT_STEPS = 80;
/** Steps to change the case of a character, at worst. */
const REPLACE_STEPS = 4;
/** Steps to cut a part from a text, or to join one to it. */
const PART_STEPS = 5;

/** At worst, the runtime's search takes the product of both lengths: 4 ms for 8 KiB and a part of half that length. */
const paySearch = (run: Run, text: string, part: string): void =>
  run.pay((text.length >> 1) + ((Math.max(0, text.length - part.length) * part.length) >> 6));

/** @param limit the number of parts at most, the last of which is the rest; negative: no limit */
function split(run: Run, text: string, separator: string, limit: bigint): readonly string[] | Problem {
  if (separator === '') return new Problem('split() needs a separator');
  paySearch(run, text, separator);
  let parts = 1;
  for (let at = text.indexOf(separator); at >= 0; at = text.indexOf(separator, at + separator.length)) parts += 1;
  run.pay(parts * PART_STEPS + (text.length >> 3));
  const all = text.split(separator);
  if (limit < 0n || BigInt(all.length) <= limit) return all;
  const kept = Math.max(0, Number(limit) - 1);
  return limit === 0n ? [] : [...all.slice(0, kept), all.slice(kept).join(separator)];
}

function join(run: Run, list: readonly unknown[], separator: string): string | Problem {
  let length = separator.length * Math.max(0, list.length - 1);
  for (const item of list) {
    if (typeof item !== 'string') return wrongKind('an item of join()', item, 'string');
    length += item.length;
  }
  run.pay(list.length * PART_STEPS + (length >> 3));
  return list.join(separator);
}

/** All functions and methods, as docs/reference/expressions.md lists them: `int(string)`, `string.contains(string)`. */
export const signatures: readonly string[] = [
  ...overloads.flatMap(({ name, form, takes: [receiver = '', ...others] }) => [
    ...(form === 'method' ? [] : [`${name}(${[receiver, ...others].join(', ')})`]),
    ...(form === 'function' ? [] : [`${receiver}.${name}(${others.join(', ')})`]),
  ]),
  'matches(string, pattern)',
  'string.matches(pattern)',
];

/** Translates a call of a function or a method. */
export function translateCall(node: ASTNode & { readonly op: 'call' | 'rcall' }, context: Context): ExpressionStep {
  const [form, name] = [node.op === 'call' ? 'function' : 'method', node.args[0]];
  const parts = node.op === 'call' ? node.args[1] : [node.args[1], ...node.args[2]];
  if (name === 'matches') return translateMatches(parts, context);
  const candidates = overloads.filter(
    (one) => one.name === name && one.takes.length === parts.length && (one.form === form || one.form === 'either'),
  );
  if (candidates.length === 0) throw faultAt(node, `${name}() is not available here, in this form`, context);
  refuseFaultyTime(name, parts, context);
  const steps = parts.map((part) => context.translate(part, context));
  const text = quote(node, context);
  return (run) => {
    const values = takeAll(run, steps);
    if (values instanceof Problem) return values;
    const found = candidates.find(({ takes }) =>
      takes.every((kind, index) => kind === 'any' || kind === kindOf(values[index])),
    );
    return found
      ? found.apply(run, ...values)
      : new Problem(`${text} does not take (${values.map(kindOf).join(', ')})`);
  };
}

/** A literal that is not a time would be a problem in every request. */
function refuseFaultyTime(name: string, [part]: readonly ASTNode[], context: Context): void {
  if (part?.op !== 'value' || typeof part.args !== 'string') return;
  const shown = `${name}() cannot read ${quote(part, context)}: write`;
  if (name === 'timestamp' && parseTimestamp(part.args) === undefined)
    throw faultAt(part, `${shown} a time such as "2026-01-31T08:00:00Z"`, context);
  if (name === 'duration' && parseDuration(part.args) === undefined)
    throw faultAt(part, `${shown} a duration such as "1h30m"`, context);
}

/** `text.matches("^pattern$")` or `matches(text, "^pattern$")`. The pattern is compiled once, here. */
function translateMatches([subject, pattern]: readonly ASTNode[], context: Context): ExpressionStep {
  if (subject === undefined || pattern === undefined) throw new Error('the type checker let matches() pass');
  if (pattern.op !== 'value' || typeof pattern.args !== 'string') {
    throw faultAt(pattern, 'the pattern of matches() must be a string in quotes, not an expression', context);
  }
  const compiled = compilePattern(pattern.args);
  if (compiled instanceof Problem) throw faultAt(pattern, compiled.text, context);
  if (!isAnchored(pattern.args)) {
    context.warnings.push(
      `the pattern ${JSON.stringify(pattern.args)} is not anchored: it matches in the middle of a text too; write ^ before and $ after it`,
    );
  }
  const [step, text] = [context.translate(subject, context), quote(subject, context)];
  return (run) => {
    const value = step(run);
    if (typeof value !== 'string') return wrongKind(text, value, 'string');
    run.pay(value.length * compiled.cost);
    return compiled.occursIn(value);
  };
}
