// The operators, functions and macros of expressions: tables of values, at and beyond every limit.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileExpression, type ExpressionFacts, ExpressionFault } from '../../src/expression/condition.ts';
import { valueAt } from '../../src/expression/reads.ts';
import { parsePath } from '../../src/policy/facts.ts';
import { answerOf, evaluate as said } from '../support/evaluating.ts';

const VARIABLES = {
  c: 'map',
  d: 'map',
  now: 'int',
  text: 'string',
  links: [{ iss: 'string', at: { hour: 'int' } }],
} as const;

const problem = (text: string) => ({ value: undefined, problem: text });

function evaluate(text: string, c: unknown = {}, d: unknown = {}) {
  const facts = { c, d, now: 7, text: 'x', links: [{ iss: 'a', at: { hour: 3 } }] };
  const { value, ...rest } = said(compileExpression(text, VARIABLES), facts);
  return Object.keys(rest).length === 0 ? value : { value, ...rest };
}

/** Each expression with its value. */
const table = (rows: readonly (readonly [text: string, value: unknown])[], c: unknown = {}, d: unknown = {}): void => {
  for (const [text, value] of rows)
    assert.deepEqual(JSON.parse(JSON.stringify(evaluate(text, c, d) ?? null)), JSON.parse(JSON.stringify(value)), text);
};

function faultOf(text: string): string {
  try {
    compileExpression(text, VARIABLES);
  } catch (error) {
    assert.ok(error instanceof ExpressionFault, `${text}: ${error}`);
    return `${error.line}:${error.column} ${error.message}`;
  }
  return assert.fail(`no fault: ${text}`);
}

test('calculates exactly with ints of 64 bits, and with doubles as JSON numbers', () => {
  const c = { n: 7, half: 0.5, text: '9223372036854775807' };
  table(
    [
      ['7 + 2', 9],
      ['7 - 2', 5],
      ['7 * 2', 14],
      ['7 / 2', 3],
      ['7 % 2', 1],
      ['-7 / 2', -3],
      ['c.n + 2', 9],
      ['c.n - 2', 5],
      ['c.n * 2', 14],
      ['c.n / 2', 3.5],
      ['c.n % 2', 1],
      ['-c.half', -0.5],
      ['7.5 - 2.5', 5],
      ['int(c.text) == 9223372036854775807 && int(c.text) > 9223372036854775806', true],
      ['int(c.text) + 1 == 0', problem('an int overflows 64 bits')],
      ['-int(c.text) - 1 == -9223372036854775807 - 1', true],
      ['-int(c.text) - 2 == 0', problem('an int overflows 64 bits')],
      ['-(-int(c.text) - 1) == 0', problem('an int overflows 64 bits')],
      ['int(c.text) * 2 == 0', problem('an int overflows 64 bits')],
      ['7 / (now - 7)', problem('division by zero')],
      ['7 % (now - 7)', problem('division by zero')],
      ['-c.text', problem('c.text is of type string, not number')],
    ],
    c,
  );
});

test('cannot tell a value that a double would round, and no operator absorbs that', () => {
  const c = { big: 9_007_199_254_740_991, n: 2, text: '9007199254740993' };
  const kept = ['0.1', '1.25e10', '123456.789012345', '9007199254740991', '-0.000001'];
  for (const text of kept) assert.deepEqual(evaluate('double(c.t)', { t: text }), Number(text), text);
  const lost = [
    '9007199254740993',
    '9007199254740992',
    '1.00000000000000001',
    '0.10000000000000001',
    '5e-324',
    '1e400',
    '1e300',
  ];
  for (const text of lost)
    assert.deepEqual(
      evaluate('double(c.t)', { t: text }),
      { ...problem('double() would round the number'), why: 'inexact' },
      text,
    );
  const beyond = { ...problem('a number would be rounded: it is beyond ±(2^53 - 1)'), why: 'inexact' };
  const int = { ...problem('an int would be rounded to a double'), why: 'inexact' };
  for (const [text, value] of [
    ['c.big + c.n', beyond],
    ['c.big + 1', beyond],
    ['-c.big - c.n', beyond],
    ['c.big * 3', beyond],
    ['c.big / 0.25', beyond],
    ['c.n + 9007199254740993', int],
    ['double(int(c.text))', int],
    ['true || c.big + c.n > 0', true],
    ['c.big + c.n > 0 || true', beyond],
    ['c.big - c.n', 9_007_199_254_740_989],
    ['c.big + 0', 9_007_199_254_740_991],
    ['c.n / 3 > 0.6', true],
    ['c.big % c.n', 1],
  ] as const)
    assert.deepEqual(evaluate(text, c), value, text);
});

test('concatenates short strings and lists, and nothing else', () => {
  const c = { s: 'ab', l: [1], m: { a: 1 }, yes: true };
  table(
    [
      ['c.s + "c"', 'abc'],
      ['c.l + [2.0]', [1, 2]],
      ['c.s + c.l', problem('string + list has no meaning')],
      ['c.l + c.s', problem('list + string has no meaning')],
      ['c.m + c.m', problem('map + map has no meaning')],
      ['c.s - c.s', problem('string - string has no meaning')],
      ['c.l - c.l', problem('list - list has no meaning')],
      ['c.s + 1', problem('string + int has no meaning')],
      ['1 + c.s', problem('int + string has no meaning')],
      ['c.yes + c.yes', problem('bool + bool has no meaning')],
      ['c.gone + 1', problem('c.gone is missing')],
      ['1 + c.gone', problem('c.gone is missing')],
    ],
    c,
  );
});

test('treats values of one type with the same content as equal', () => {
  const c = {
    ...{ n: 2, s: '2', t: 'two', none: null, yes: true, no: false, l: [1, [2]], m: { a: 1, b: { c: 2 } } },
    ...{ shorter: [1], other: [1, [3]], fewer: { a: 1 }, named: { a: 1, x: { c: 2 } }, deep: { a: 1, b: { c: 3 } } },
    time: '2024-01-02T03:04:05Z',
  };
  const equal = ['c.n == 2', 'c.n == 2.0', 'c.s == "2"', 'c.none == null', 'c.yes == true', 'c.l == [1.0, [2.0]]'];
  equal.push('c.m == {"b": {"c": 2}, "a": 1}', 'timestamp(c.time) == timestamp(c.time)', '{} == {}', '[] == []');
  const unequal = [
    'c.n == 3',
    'c.s == "3"',
    'c.s == "22"',
    'c.s == c.n',
    'c.t == "2"',
    'c.yes == c.no',
    'c.none == false',
  ];
  unequal.push(
    'c.l == c.shorter',
    'c.shorter == c.l',
    'c.s == c.none',
    'c.none == c.s',
    'c.l == c.other',
    'c.l == c.m',
    'c.m == c.l',
    'c.m == c.fewer',
    'c.fewer == c.m',
  );
  unequal.push('c.m == c.named', 'c.m == c.deep', 'c.m == null', 'c.l == c.s', 'c.s == c.l', 'c.n == c.yes');
  unequal.push('timestamp(c.time) == timestamp(0)', 'c.time == timestamp(c.time)', 'timestamp(c.time) == c.m');
  table([...equal.map((text) => [text, true] as const), ...unequal.map((text) => [text, false] as const)], c);
  table(
    [...equal, ...unequal].map((text, index) => [text.replace('==', '!='), index >= equal.length]),
    c,
  );
});

const DEEP = { ...problem('a value is nested too deeply'), why: 'cost' };

test('cannot tell the comparison of values that are nested too deeply', () => {
  const nest = (depth: number): unknown => (depth === 0 ? 1 : [nest(depth - 1)]);
  const nestMap = (depth: number): unknown => (depth === 0 ? 1 : { a: nestMap(depth - 1) });
  for (const make of [nest, nestMap]) {
    table([['c.a == d.a', true]], { a: make(65) }, { a: make(65) });
    table([['c.a == d.a', DEEP]], { a: make(66) }, { a: make(66) });
    table([['c.a != d.a', DEEP]], { a: make(66) }, { a: make(66) });
  }
  const map = Object.fromEntries(Array.from({ length: 2000 }, (_, index) => [`n${index}`, 1]));
  table([['c.a == d.a && "n1999" in c.a', true]], { a: map }, { a: { ...map } });
  const missing = { a: [1, { x: nest(66) }], b: 1 };
  table([['c == d', DEEP]], missing, structuredClone(missing));
});

test('orders numbers, strings, booleans and timestamps of one type', () => {
  const c = { one: 1, s: 'b', no: false, yes: true, l: [1], none: null, m: {} };
  table(
    [
      ...(
        [
          '1 < 2',
          'c.one <= 1',
          '2 > c.one',
          '1.0 >= c.one',
          '"a" < c.s',
          'c.s <= "b"',
          'c.s > "a"',
          'c.s >= "b"',
        ] as const
      ).map((text) => [text, true] as const),
      ...(
        [
          '2 < 1',
          'c.one < 1',
          '2 <= c.one',
          'c.one > 1',
          '0 >= c.one',
          'c.s < "a"',
          'c.s > "b"',
          'c.no > c.yes',
        ] as const
      ).map((text) => [text, false] as const),
      ['c.no < c.yes', true],
      ['timestamp(1) < timestamp(2) && timestamp(2) >= timestamp(2)', true],
      ['timestamp(2) < timestamp(1) || timestamp(2) > timestamp(2)', false],
      ['c.s < c.one', problem('string < double has no meaning')],
      ['c.one < c.s', problem('double < string has no meaning')],
      ['c.s <= c.yes', problem('string <= bool has no meaning')],
      ['c.yes < c.s', problem('bool < string has no meaning')],
      ['c.l > c.l', problem('list > list has no meaning')],
      ['c.none >= c.none', problem('null >= null has no meaning')],
      ['c.m < c.m', problem('map < map has no meaning')],
      ['c.l < timestamp(1)', problem('list < timestamp has no meaning')],
      ['timestamp(1) < c.s', problem('timestamp < string has no meaning')],
    ],
    c,
  );
});

test('finds items of lists and names of members with in', () => {
  const c = { l: [1, 'a', [2]], m: { a: 1, '1': 2 }, s: 'abc', one: 1 };
  table(
    [
      ['1 in c.l && "a" in c.l && [2.0] in c.l', true],
      ['2 in c.l || "b" in c.l', false],
      ['"a" in c.m', true],
      ['"b" in c.m', false],
      ['c.one in c.m', false],
      ['"a" in c.s', problem('c.s is of type string, not list or map')],
      ['c.gone in c.l', problem('c.gone is missing')],
      ['1 in c.gone', problem('c.gone is missing')],
    ],
    c,
  );
});

test('converts exact values of a type, and nothing around them', () => {
  const read = (name: string, text: unknown) => evaluate(`${name}(c.v)`, { v: text });
  const fails = (name: string) => problem(`${name}() cannot read the value`);
  for (const [text, value] of [
    ['0', 0],
    ['12', 12],
    ['+12', 12],
    ['-12', -12],
    ['0000000000000000012', 12],
    [2.9, 2],
    [-2.9, -2],
  ] as const)
    assert.deepEqual(read('int', text), value, `${text}`);
  for (const text of ['', '1.0', 'x1', '1x', '--1', '+-1', '00000000000000000012', ' 1', '1\n', '0x1', '٣'])
    assert.deepEqual(read('int', text), fails('int'), text);
  assert.deepEqual(evaluate('int(7)'), 7);
  assert.deepEqual(evaluate('int(1.0 / 0.0)'), fails('int'));
  for (const [text, value] of [
    ['1', 1],
    ['12.', 12],
    ['12.25', 12.25],
    ['.5', 0.5],
    ['.25', 0.25],
    ['-1.5e+2', -150],
    ['+15E-1', 1.5],
    ['1e12', 1e12],
    ['1.5e2', 150],
    [`${'0'.repeat(31)}1`, 1],
    [2.5, 2.5],
  ] as const)
    assert.deepEqual(read('double', text), value, `${text}`);
  for (const text of [
    '',
    '.',
    'x1',
    '1x',
    '1e',
    '1e+',
    'e1',
    '1..2',
    '1.x',
    '.x',
    '--1',
    '*1',
    '1f2',
    '1e*2',
    '1ex',
    `${'0'.repeat(32)}1`,
    'NaN',
    'Infinity',
    '0x1',
  ])
    assert.deepEqual(read('double', text), fails('double'), text);
  assert.deepEqual(evaluate('double(7)'), 7);
  for (const [value, text] of [
    ['a', 'a'],
    [true, 'true'],
    [false, 'false'],
    [2.5, '2.5'],
  ] as const)
    assert.deepEqual(read('string', value), text);
  assert.deepEqual(evaluate('string(7)'), '7');
  for (const text of ['true', 'True', 'TRUE', 't', '1', true]) assert.equal(read('bool', text), true, `${text}`);
  for (const text of ['false', 'False', 'FALSE', 'f', '0', false]) assert.equal(read('bool', text), false, `${text}`);
  for (const text of ['', 'tRUE', 'T', 'yes', '2']) assert.deepEqual(read('bool', text), fails('bool'), text);
  for (const [name, value, kind] of [
    ['int', true, 'bool'],
    ['int', null, 'null'],
    ['double', [], 'list'],
    ['bool', 1, 'double'],
    ['string', {}, 'map'],
  ] as const)
    assert.deepEqual(read(name, value), problem(`${name}(c.v) does not take (${kind})`));
});

test('accepts times of RFC 3339, from year 1 to year 9999', () => {
  const read = (value: unknown) => evaluate('timestamp(c.v)', { v: value });
  for (const [value, time] of [
    ['2024-02-29T23:59:58Z', '2024-02-29T23:59:58.000Z'],
    ['2024-02-29T23:59:58.5Z', '2024-02-29T23:59:58.500Z'],
    ['2024-02-29T23:59:58.123456789Z', '2024-02-29T23:59:58.123456789Z'],
    ['2024-02-29T23:59:58+01:30', '2024-02-29T22:29:58.000Z'],
    ['2024-02-29T23:59:58-01:30', '2024-03-01T01:29:58.000Z'],
    [0, '1970-01-01T00:00:00.000Z'],
    [1.5, '1970-01-01T00:00:01.500Z'],
    [-62_135_596_800, '0001-01-01T00:00:00.000Z'],
    [253_402_300_799, '9999-12-31T23:59:59.000Z'],
  ] as const)
    assert.equal(read(value), time, `${value}`);
  for (const value of [
    ...['2024-02-29', '2024-02-29T23:59:58', '2024-02-29 23:59:58Z', 'x2024-02-29T23:59:58Z', '2024-02-29T23:59:58Zx'],
    ...[
      '2024-02-29T23:59:58.Z',
      '2024-02-29T23:59:58.1234567890Z',
      '2024-02-29T23:59:58.xZ',
      '2024-02-29T23:59:58*01:30',
    ],
    ...['2024-02-29T23:59:58+1:30', '2024-02-29T23:59:58+x1:30', '2024-02-29T23:59:58+01:3x', '2024-13-01T00:00:00Z'],
    ...['2026-02-30T00:00:00Z', '2025-02-29T00:00:00Z', '2026-01-01T24:00:00Z', '2026-01-01T00:00:60Z'],
    ...['2026-01-01T00:00:00+24:00', '2026-01-01T00:00:00+01:60', '0001-01-01T00:00:00+00:01'],
    ...['9999-12-31T23:59:59-00:01', '0000-12-31T00:00:00Z'],
    ...['22024-02-29T23:59:58Z', 'now', '', -62_135_596_801, 253_402_300_800, 1e300],
  ])
    assert.deepEqual(read(value), problem('timestamp() cannot read the value'), `${value}`);
  table([
    ['timestamp(1709251199).getFullYear()', 2024],
    ['timestamp(1709251199).getMonth()', 1],
    ['timestamp(1709251199).getDate()', 29],
    ['timestamp(1709251199).getDayOfMonth()', 28],
    ['timestamp(1709251199).getDayOfWeek()', 4],
    ['timestamp(1709247723).getHours()', 23],
    ['timestamp(1709247723).getMinutes()', 2],
    ['timestamp(1709247723).getSeconds()', 3],
    ['timestamp(now) == timestamp(7)', true],
  ]);
});

test('implements the functions on texts, lists and maps', () => {
  const c = { s: 'Ab,cD,é', l: ['a', 'b'], mixed: ['a', 1], m: { a: 1, b: 2 }, n: 1, pair: 'a\u{10000}\uffff' };
  table(
    [
      ['c.s.startsWith("Ab") && c.s.endsWith("é") && c.s.contains("cD")', true],
      ['c.s.startsWith("b") || c.s.endsWith("A") || c.s.contains("x")', false],
      ['c.s.split(",")', ['Ab', 'cD', 'é']],
      ['c.s.split("")', problem('split() needs a separator')],
      ['c.l.join()', 'ab'],
      ['c.l.join("-")', 'a-b'],
      ['c.mixed.join("-")', problem('an item of join() is of type double, not string')],
      ['c.s.lowerAscii()', 'ab,cd,é'],
      ['c.s.upperAscii()', 'AB,CD,é'],
      ['size(c.s)', 7],
      ['c.s.size()', 7],
      ['size(c.pair)', 3],
      ['size(c.l)', 2],
      ['c.l.size()', 2],
      ['size(c.m)', 2],
      ['c.m.size()', 2],
      ['size(c.n)', problem('size(c.n) does not take (double)')],
      ['c.s.startsWith(c.n)', problem('c.s.startsWith(c.n) does not take (string, double)')],
      ['c.gone.startsWith("a")', problem('c.gone is missing')],
      ['matches(c.s, "^Ab")', true],
      ['c.s.matches("^b")', false],
      ['c.n.matches("^b")', problem('c.n is of type double, not string')],
      ['c.gone.matches("^b")', problem('c.gone is missing')],
    ],
    c,
  );
});

test("takes the steps of a function's result before computing it", () => {
  const LONG = { ...problem('the expressions of this request take too long on these values'), why: 'cost' };
  table([['c.s.split(",").size()', 5001]], { s: ','.repeat(5000) });
  table([['size(c.l.join(""))', 5000]], { l: Array(5000).fill('x') });
  table([['size(c.l.join(c.s))', LONG]], { l: Array(5000).fill('x'), s: 'x'.repeat(40_000) });
  table([['c.l.join("x")', '']], { l: [] });
  const searched = Array(40).fill('c.s.split(c.p).size() > 1').join(' || ');
  table([[searched, LONG]], { s: 'ab'.repeat(4000), p: `${'ab'.repeat(1999)}aa` });
  const doubled = (times: number): string =>
    times === 0 ? 'c.s' : `[${doubled(times - 1)}].map(x${times}, x${times} + x${times})[0]`;
  table([[`size(${doubled(1)})`, 80_000]], { s: 'x'.repeat(40_000) });
});

test('iterates over lists and the names of members in macros', () => {
  const c = { l: [1, 2, 2], m: { a: 1, b: 2 }, s: 'abc', t: ['a', 1] };
  const boolean = (text: string) => problem(`${text} is of type double, not bool`);
  table(
    [
      ['c.l.all(x, x > 0)', true],
      ['c.l.all(x, x > 1)', false],
      ['c.l.exists(x, x == 2)', true],
      ['c.l.exists(x, x == 3)', false],
      ['c.l.exists_one(x, x == 1)', true],
      ['c.l.exists_one(x, x == 2)', false],
      ['c.l.exists_one(x, x == 3)', false],
      ['c.l.filter(x, x == 2)', [2, 2]],
      ['c.l.map(x, x * 2)', [2, 4, 4]],
      ['c.l.map(x, x == 2, x + 1)', [3, 3]],
      ['c.m.all(name, c.m[name] > 0)', true],
      ['c.m.filter(name, name != "a")', ['b']],
      ['c.l.all(x, x)', boolean('x')],
      ['c.l.exists(x, x)', boolean('x')],
      ['c.l.exists_one(x, x)', boolean('x')],
      ['c.l.filter(x, x)', boolean('x')],
      ['c.l.map(x, x, x)', boolean('x')],
      ['c.l.map(x, c.gone)', problem('c.gone is missing')],
      ['c.t.exists_one(x, x > "0")', problem('double > string has no meaning')],
      ['c.t.filter(x, x > "0")', problem('double > string has no meaning')],
      ['c.t.exists(x, x > 5)', problem('string > int has no meaning')],
      ['c.s.all(x, true)', problem('c.s is of type string, not list or map')],
      ['c.gone.all(x, true)', problem('c.gone is missing')],
      ['c.l.all(x, c.l.exists(y, y == x))', true],
      ['c.l.all(c, c > 0)', true],
      ['c.l.all(x, c.l.all(x, x > 0) && x > 0)', true],
      ['has(c.l) && !has(c.gone)', true],
      ['[c].all(x, has(x.l) && !has(x.gone) && has(x.m.a))', true],
      ['has(c.s.x)', problem('c.s is of type string, not map')],
    ],
    c,
  );
  table([['has(c.a)', false]], { a: undefined });
});

test('requires booleans in choices and logic', () => {
  const c = { yes: true, no: false, s: 'x', n: 1 };
  const no = (text: string, kind: string) => problem(`${text} is of type ${kind}, not bool`);
  table(
    [
      ['c.yes ? 1 : 2', 1],
      ['c.no ? 1 : 2', 2],
      ['c.s ? 1 : 2', no('c.s', 'string')],
      ['c.gone ? 1 : 2', problem('c.gone is missing')],
      ['!c.yes', false],
      ['!c.n', no('c.n', 'double')],
      ['!c.gone', problem('c.gone is missing')],
      ['c.yes && c.yes', true],
      ['c.yes && c.no', false],
      ['c.no || c.no', false],
      ['c.no || c.yes', true],
      ['c.s && c.no', false],
      ['c.no && c.s', false],
      ['c.s || c.yes', true],
      ['c.yes || c.s', true],
      ['c.s && c.yes', no('c.s', 'string')],
      ['c.yes && c.s', no('c.s', 'string')],
      ['c.n || c.no', no('c.n', 'double')],
      ['c.no || c.n', no('c.n', 'double')],
      ['c.gone && c.n', problem('c.gone is missing')],
      ['c.no || c.gone', problem('c.gone is missing')],
    ],
    c,
  );
});

test('finds members by name, and items by whole number', () => {
  const c = { l: ['a', 'b'], m: { a: 1, b: null }, i: 1, s: 'b', half: 0.5, yes: true };
  table(
    [
      ['c.l[0] + c.l[c.i]', 'ab'],
      ['c.m["a"]', 1],
      ['c.m[c.s]', null],
      ['c.l[2]', problem('c.l[2] is missing')],
      ['c.l[-1]', problem('c.l[-1] is missing')],
      ['c.l[c.half]', problem('c.l[c.half] is missing')],
      ['c.m["x"]', problem('c.m["x"] is missing')],
      ['c.l[c.yes]', problem('an index is of type bool, not string or int')],
      ['c.l[c.gone]', problem('c.gone is missing')],
      ['c.m[0]', problem('c.m is of type map, not list')],
      ['c.gone[0]', problem('c.gone is missing')],
      ['c.gone["a"]', problem('c.gone is missing')],
      ['[1, c.gone]', problem('c.gone is missing')],
      ['size([1, c.gone])', problem('c.gone is missing')],
      ['{"a": c.gone}', problem('c.gone is missing')],
      ['{c.gone: 1}', problem('c.gone is missing')],
      ['{c.s: 1, "y": [c.i]}', { b: 1, y: [1] }],
      ['{c.i: 1}', problem('the name of a member is of type double, not string')],
      ['links[0].at.hour == 3 && links.all(one, one.iss == "a")', true],
    ],
    c,
  );
  assert.deepEqual(compileExpression('c.l.exists(x, x.matches("a"))', VARIABLES).warnings.length, 1);
  const broken = {
    get now() {
      return assert.fail('broken');
    },
  };
  const failed = said(compileExpression('now', VARIABLES), broken);
  assert.match(failed.problem ?? '', /^the expression failed: .*broken/);
  assert.equal(failed.why, 'failure', 'and is not taken for no');
  const either = compileExpression('now > 5 || text == "x"', VARIABLES);
  const run = (facts: ExpressionFacts) => said(either, facts);
  assert.deepEqual(run({ text: 'x' }), { value: true });
  assert.deepEqual(run({ now: 1 }), problem('text is missing'));
  assert.deepEqual(run({}), problem('now is missing'));
  assert.deepEqual(said(compileExpression('now', VARIABLES), { now: 1.5 }), { value: 1.5 });
  assert.deepEqual(said(compileExpression('c', VARIABLES), { c: 7 }), { value: 7 });
});

test('returns JSON of bounded size and depth', () => {
  const long = { ...problem('the result has more than 65536 characters'), why: 'cost' };
  const deep = { ...problem('the result is nested more than 64 deep'), why: 'cost' };
  const list = (length: number) => ({ a: Array(length).fill(1) });
  assert.equal((evaluate('c.a', list(65_535)) as unknown[]).length, 65_535);
  assert.deepEqual(evaluate('c.a', list(65_536)), long);
  const map = (length: number) => ({ a: Object.fromEntries(Array.from({ length }, (_, index) => [`${index}`, 1])) });
  assert.equal(Object.keys(evaluate('c.a', map(10_000)) as object).length, 10_000);
  assert.deepEqual(evaluate('c.a', map(20_000)), long);
  const nest = (depth: number): unknown => (depth === 0 ? 1 : [nest(depth - 1)]);
  const nestMap = (depth: number): unknown => (depth === 0 ? 1 : { a: nestMap(depth - 1) });
  for (const make of [nest, nestMap]) {
    assert.deepEqual(JSON.stringify(evaluate('c.a', { a: make(64) })), JSON.stringify(make(64)));
    assert.deepEqual(evaluate('c.a', { a: make(65) }), deep);
  }
  assert.equal(evaluate('c.a', { a: 'x'.repeat(65_535) }), 'x'.repeat(65_535));
  assert.deepEqual(evaluate('c.a', { a: 'x'.repeat(65_536) }), long);
  assert.deepEqual(evaluate('c.a', { a: ['x'.repeat(65_532), ''] }), ['x'.repeat(65_532), '']);
  assert.deepEqual(evaluate('c.a', { a: ['x'.repeat(65_532), 'y', 1] }), long);
  assert.deepEqual(evaluate('c.a', { a: { [`x`.repeat(65_536)]: 1 } }), long, 'names count');
  assert.deepEqual(evaluate('9007199254740991'), 9_007_199_254_740_991);
  assert.deepEqual(evaluate('9007199254740992'), problem('the result is too large a number'));
  assert.deepEqual(evaluate('0.0 / 0.0'), problem('the result is not a finite number'));
  assert.deepEqual(JSON.stringify(evaluate('c', { a: undefined, b: 1 })), '{"b":1}');
  assert.deepEqual(evaluate('c.a', { a: () => 1 }), problem('the result is not JSON'));
  assert.equal(evaluate('1 == 1'), true);
});

test('refuses unsupported parts of CEL as a fault of the text, with its place', () => {
  const members = 'has members and is not a value: read one of its members';
  for (const [text, fault] of [
    ['c.?a', '1:3 Expected IDENTIFIER, got QUESTION'],
    ['c[?"a"]', '1:3 Unexpected token: QUESTION'],
    ['b"x"', '1:1 bytes and uint are not available here'],
    ['c.a == 1u', '1:8 bytes and uint are not available here'],
    ['uint(1)', '1:1 uint() is not available here, in this form'],
    ['\n\n  uint(1)', '3:3 uint() is not available here, in this form'],
    ['.5 > .25 && bytes(text) == c.a', '1:13 bytes() is not available here, in this form'],
    ['[ ] == c.`x-y` && bytes(text) == c.a', '1:19 bytes() is not available here, in this form'],
    ['text.`x-y`', "1:6 Cannot index type 'string'"],
    ['links[0].`x-y`', '1:10 there is no member `x-y`.'],
    ['`x` == 1', '1:1 Unexpected character: `'],
    ['{1: "a"}', '1:2 the names in a map are strings here: write "1", or string() around it'],
    ['{"a": 1, true: 2}', '1:10 the names in a map are strings here: write "1", or string() around it'],
    ['{-1: "a"}[0]', '1:2 the names in a map are strings here: write "1", or string() around it'],
    ['{text.trim(): "a"}', '1:2 trim() is not available here, in this form'],
    ...[
      ...['now', 'size(text)', 'now + 1', '[1]', '-now', 'text == "a"', '!true', 'timestamp(now)', 'c.a ? 2 : 1'],
      ...['text.size()', 'has(c.a)', 'links', 'null', '1 * 2', 'type(text)'],
    ].map(
      (key) => [`{${key}: "a"}`, '1:2 the names in a map are strings here: write "1", or string() around it'] as const,
    ),
    [
      'timestamp("2026-02-30T00:00:00Z") > timestamp(now)',
      '1:11 timestamp() cannot read "2026-02-30T00:00:00Z": write a time such as "2026-01-31T08:00:00Z"',
    ],
    ['duration("1d")', '1:10 duration() cannot read "1d": write a duration such as "1h30m"'],
    ['links[0] == "a"', `1:1 an item of links ${members}`],
    ['links == 1', `1:1 an item of links ${members}`],
    ['links[0].at == 1', `1:1 links.item.at ${members}`],
    ['text.matches("a" + "b")', '1:14 the pattern of matches() must be a string in quotes, not an expression'],
    ['text.matches(text)', '1:14 the pattern of matches() must be a string in quotes, not an expression'],
    ['c.l.all(x, c.l.all(y, c.l.all(z, true)))', '1:23 macros nest 2 deep at most'],
    ['9223372036854775808', '1:1 the int has over 64 bits'],
    ['x'.repeat(4097), '1:1 is longer than 4096 characters'],
  ] as const)
    assert.equal(faultOf(text), fault, text);
  const longest = `"${'x'.repeat(4094)}"`;
  assert.equal(evaluate(longest), 'x'.repeat(4094));
});

test('takes every key of a map that may be a text', () => {
  const keys = ['"a"', 'c.a', 'c["a"]', 'text', 'text + c.a', 'string(1)', 'dyn("a")', '["a"].join()', 'links[0].iss'];
  for (const key of [...keys, 'c.a == 1 ? "a" : text', '"A".lowerAscii()', '["a"][0]'])
    assert.equal(evaluate(`{${key}: 1}.size()`, { a: 'a' }), 1, key);
});

test('quotes a part of the text on one line, shortened if it is long', () => {
  table([['c.a\n  .b.startsWith("x")', problem('c.a .b is missing')]], { a: {} });
  const name = (length: number) => `c.${'x'.repeat(length - 2)}`;
  table([[`${name(60)} == 1`, problem(`${name(60)} is missing`)]]);
  table([[`${name(61)} == 1`, problem(`${name(61).slice(0, 59)}… is missing`)]]);
});

test('lists each member that is read once, and finds its value by path', () => {
  const readsOf = (text: string) => compileExpression(text, VARIABLES).reads;
  assert.deepEqual(readsOf('c.a.b == c["x y"].z && c.a.b != d["a"]'), ['c.a.b', 'c["x y"].z', 'd.a']);
  assert.deepEqual(readsOf('c[text] == c.l[0] && c.m[now].x == -c.n'), ['c', 'text', 'c.l', 'c.m', 'now', 'c.n']);
  assert.deepEqual(readsOf('c.l.map(x, x.a, d.b).exists(y, y == text) ? [c.x] : [{"a": c.y}]'), [
    'c.l',
    'd.b',
    'text',
    'c.x',
    'c.y',
  ]);
  assert.deepEqual(readsOf('!has(c.a.b) || text.startsWith(c.s) || size(c.l) > 0'), ['c.a.b', 'text', 'c.s', 'c.l']);
  assert.deepEqual(readsOf('1 + 2'), []);
  assert.deepEqual(readsOf('c.l.all(now, now > 1) && now > 1'), ['c.l', 'now']);
  const facts = { c: { a: { b: null }, l: [1], s: 'x' } };
  for (const [path, value] of [
    ['c.a.b', null],
    ['c.a', { b: null }],
    ['c.gone.b', undefined],
    ['c.s.length', undefined],
    ['c.l.length', undefined],
    ['c.toString', undefined],
    ['d', undefined],
  ] as const)
    assert.deepEqual(valueAt(facts, parsePath(path)), value, path);
});

test('holds only if the value is true', () => {
  const told = (text: string, c: unknown) => answerOf(compileExpression(text, VARIABLES), { c, now: 1 });
  assert.deepEqual(told('c.a', { a: true }), ['yes']);
  assert.deepEqual(told('c.a', { a: false }), ['no']);
  assert.deepEqual(told('c.a', { a: 1 }), ['no', 'c.a is neither true nor false']);
  assert.deepEqual(told('c.a', {}), ['no', 'c.a is missing']);
});
