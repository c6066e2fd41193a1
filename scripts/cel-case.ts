// Judges one conformance test of the CEL specification: whether it applies to Cambio, and whether Cambio agrees.
import { isDeepStrictEqual } from 'node:util';
import {
  Budget,
  compileExpression,
  ExpressionFault,
  type Variables,
} from '../packages/server/src/expression/condition.ts';

/** A value as the tests write it, in the JSON form of `cel.expr.Value`. */
interface Value {
  readonly int64Value?: string;
  readonly doubleValue?: number | string;
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly nullValue?: null;
  readonly typeValue?: string;
  readonly listValue?: { readonly values?: readonly Value[] };
  readonly mapValue?: { readonly entries?: readonly { readonly key: Value; readonly value: Value }[] };
  readonly objectValue?: Readonly<Record<string, unknown>>;
  readonly bytesValue?: string;
  readonly uint64Value?: string;
}

interface Original {
  readonly name: string;
  readonly expr: string;
  readonly value?: Value;
  readonly typedResult?: { readonly result?: Value };
  readonly evalError?: unknown;
  readonly disableCheck?: boolean;
  readonly checkOnly?: boolean;
  readonly container?: string;
  readonly typeEnv?: readonly { readonly name: string; readonly ident?: { readonly type: Type } }[];
  readonly bindings?: Readonly<Record<string, { readonly value?: Value }>>;
}

type Type = Readonly<Record<string, unknown>>;

export interface Suite {
  readonly name: string;
  readonly suites?: readonly Suite[];
  readonly tests?: readonly { readonly original: Original }[];
}

export interface Case {
  readonly path: string;
  readonly suite: string;
  readonly expr: string;
  readonly test: Original;
}

export type Verdict =
  | { readonly kind: 'agrees' }
  | { readonly kind: 'disagrees'; readonly because: string }
  /** The test needs a part of CEL that docs/reference/expressions.md lists as not available. */
  | { readonly kind: 'does not apply'; readonly because: string };

export const casesOf = (suite: Suite, path: readonly string[] = []): readonly Case[] => [
  ...(suite.tests ?? []).map(({ original }) => ({
    path: [...path, original.name].join('/'),
    suite: path[0] ?? '',
    expr: original.expr,
    test: original,
  })),
  ...(suite.suites ?? []).flatMap((inner) => casesOf(inner, [...path, inner.name])),
];

/** Suites about extensions and protocol buffers, by the reason why they do not apply. */
const SUITES: Readonly<Record<string, string>> = {
  bindings_ext: 'cel.bind',
  block_ext: 'cel.block',
  encoders_ext: 'base64',
  math_ext: 'the math extension',
  optionals: 'optional values',
  proto2: 'messages',
  proto2_ext: 'messages',
  proto3: 'messages',
  enums: 'messages',
  wrappers: 'messages',
  dynamic: 'messages',
  namespace: 'containers',
  macros2: 'macros with two variables',
};

/** Parts of the text, by the reason why the test does not apply. */
const PARTS: readonly (readonly [RegExp, string])[] = [
  [/(?<![\w"'])[rR]?[bB][rR]?["']|\bbytes\b/, 'bytes'],
  [/\b(?:0[xX][\da-fA-F]+|\d+)[uU]\b|\buint\b/, 'uint'],
  [/\b[A-Z]\w*\s*\{|google\.protobuf\.(?!Timestamp\b|Duration\b)\w+|\bTestAllTypes\b|\bGlobalEnum\b/, 'messages'],
  [/\.get\w+\(["']/, 'time zones'],
  [/\{\s*(?:-?\d|true|false)[^}]*:|,\s*(?:-?\d+|true|false):/, 'maps with keys other than strings'],
  [/\?\.|\[\?|\.\?|\boptional\b/, 'optional values'],
  [/\.(?:charAt|format|indexOf|lastIndexOf|replace|reverse|substring|trim)\(|strings\.quote/, 'the strings extension'],
  [/\bmatches\((?!.*["'][^"']*["']\))/, 'a pattern that is not a literal'],
];

export function verdictOf({ suite, expr, test }: Case): Verdict {
  const missing = missingPart(suite, expr, test);
  if (missing !== undefined) return { kind: 'does not apply', because: missing };
  const got = evaluated(expr, test);
  if (test.evalError !== undefined)
    return 'value' in got ? { kind: 'disagrees', because: `gives ${JSON.stringify(got.value)}, not an error` } : AGREES;
  if (!('value' in got)) return { kind: 'disagrees', because: got.problem };
  const wanted = expected(test);
  return isDeepStrictEqual(got.value, wanted)
    ? AGREES
    : { kind: 'disagrees', because: `gives ${JSON.stringify(got.value)}, not ${JSON.stringify(wanted)}` };
}

const AGREES = { kind: 'agrees' } as const;

function missingPart(suite: string, expr: string, test: Original): string | undefined {
  if (SUITES[suite] !== undefined) return SUITES[suite];
  const inText = PARTS.find(([part]) => part.test(expr))?.[1];
  if (inText !== undefined) return inText;
  if (test.checkOnly) return 'types without a value';
  if (test.disableCheck && test.evalError === undefined) return 'texts that a type checker refuses';
  const declared = JSON.stringify(test.typeEnv ?? []);
  if (/messageType|wrapper|abstractType/.test(declared)) return 'messages';
  if (/BYTES/.test(declared)) return 'bytes';
  if (/UINT64/.test(declared)) return 'uint';
  if (/"function"/.test(declared)) return 'functions of the test';
  const used = JSON.stringify([test.bindings ?? {}, test.value ?? {}, test.typedResult ?? {}]);
  if (/"uint64Value"/.test(used)) return 'uint';
  if (/"bytesValue"/.test(used)) return 'bytes';
  if (/"@type":"type\.googleapis\.com\/(?!google\.protobuf\.(?:Timestamp|Duration)")/.test(used)) return 'messages';
  if (/"entries":\[\{"key":\{"(?!stringValue)/.test(used)) return 'maps with keys other than strings';
  return (test.typeEnv ?? []).some(({ name }) => name.includes('.')) ? 'containers' : undefined;
}

type Got = { readonly value: unknown } | { readonly problem: string };

/** What the value is compared with inside the expression: not every number is one of JSON, and no type is. */
function literalOf({ value, typedResult }: Original): string | undefined {
  const { int64Value, typeValue, doubleValue } = value ?? typedResult?.result ?? {};
  if (doubleValue === undefined) return int64Value ?? typeValue;
  if (typeof doubleValue === 'string') return SPECIAL_DOUBLES[doubleValue];
  return Number.isInteger(doubleValue) && Math.abs(doubleValue) < 1e20 ? doubleValue.toFixed(1) : `${doubleValue}`;
}

const SPECIAL_DOUBLES: Readonly<Record<string, string>> = { Infinity: '1.0 / 0.0', '-Infinity': '-1.0 / 0.0' };

function evaluated(expr: string, test: Original): Got {
  const compared = literalOf(test);
  try {
    const text = compared === undefined ? expr : `(${expr}) == (${compared})`;
    const facts = Object.fromEntries(
      Object.entries(test.bindings ?? {}).map(([name, { value }]) => [name, plain(value ?? {})]),
    );
    const evaluation = compileExpression(text, variablesOf(test)).evaluate(facts, new Budget(), 'any');
    return evaluation.kind === 'value' ? { value: evaluation.value } : { problem: evaluation.problem };
  } catch (error) {
    if (!(error instanceof ExpressionFault)) throw error;
    return { problem: error.message };
  }
}

const expected = (test: Original): unknown =>
  literalOf(test) !== undefined || plain(test.value ?? test.typedResult?.result ?? { boolValue: true });

/** A value as Cambio writes it into a claim. */
function plain(value: Value): unknown {
  if (value.int64Value !== undefined) return Number(value.int64Value);
  if (value.doubleValue !== undefined) return Number(value.doubleValue);
  if (value.listValue !== undefined) return (value.listValue.values ?? []).map(plain);
  if (value.mapValue !== undefined)
    return Object.assign(
      Object.create(null),
      Object.fromEntries((value.mapValue.entries ?? []).map(({ key, value: one }) => [`${plain(key)}`, plain(one)])),
    );
  if (value.objectValue !== undefined) return plainTime(String(value.objectValue.value));
  return value.stringValue ?? value.boolValue ?? null;
}

/** Timestamps in claims have at least three digits of a second. */
const plainTime = (text: string): string =>
  text.endsWith('Z')
    ? text.replace(/(?:\.(\d+))?Z$/, (_, digits = '') => `.${digits.padEnd(3, '0')}Z`)
    : text.replace(/(\.\d*?)0+s$/, '$1s').replace('.s', 's');

function variablesOf({ typeEnv = [] }: Original): Variables {
  return Object.fromEntries(typeEnv.map(({ name, ident }) => [name, typeOf(ident?.type ?? {})]));
}

function typeOf(type: Type): 'bool' | 'int' | 'double' | 'string' | 'list' | 'map' | 'dyn' {
  const { primitive } = type;
  if (primitive === 'BOOL') return 'bool';
  if (primitive === 'INT64') return 'int';
  if (primitive === 'DOUBLE') return 'double';
  if (primitive === 'STRING') return 'string';
  return 'listType' in type ? 'list' : 'mapType' in type ? 'map' : 'dyn';
}
