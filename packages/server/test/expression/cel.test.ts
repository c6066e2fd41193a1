// Parts of CEL beyond the library: literals and names that its parser lacks, empty lists, times, types, and the order of texts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Budget, compileExpression, ExpressionFault } from '../../src/expression/condition.ts';
import { evaluate as said } from '../support/evaluating.ts';

const VARIABLES = { c: 'map', now: 'int', text: 'string', links: [{ iss: 'string' }] } as const;
const FACTS = { now: 7, text: 'x', links: [{ iss: 'a' }] };

function evaluate(text: string, c: unknown = {}, budget?: Budget): unknown {
  const { value, problem } = said(compileExpression(text, VARIABLES), { c, ...FACTS }, budget);
  return problem === undefined ? value : `problem: ${problem}`;
}

const table = (rows: readonly (readonly [text: string, value: unknown])[], c?: unknown): void => {
  for (const [text, value] of rows)
    assert.deepEqual(JSON.parse(JSON.stringify(evaluate(text, c) ?? null)), value, text);
};

test('reads a double that begins with a point, and changes no text, comment or other number', () => {
  table(
    [
      ['.99', 0.99],
      ['[.5, .25e1, 1.5, 0.5 - .5]', [0.5, 2.5, 1.5, 0]],
      ['c.n > .5 && .5 < c.n && (.5)+.5 == 1.0', true],
      ['c.n == 1 ? .5:.25', 0.5],
      ['"a .5 [] {} c.`x`" + \'.5\' + """.5"[]""" + r"\\.5"', 'a .5 [] {} c.`x`.5.5"[]\\.5'],
      ["r'\\'.5' + '.5'", "\\'.5.5"],
      ['// .5 [] "\n.5', 0.5],
      ['"\\".5" + ".5" // "', '".5.5'],
      ['"_0" + "a0" + string(.5)', '_0a00.5'],
      ['c._0 + .5', 1.5],
    ],
    { n: 1, _0: 1 },
  );
  for (const text of ['c.n.5', '1 .5', '"a".5', 'c[0].5', '.9e999', '.', 'c..5'])
    assert.throws(() => compileExpression(text, VARIABLES), ExpressionFault, text);
});

test('reads names in backquotes, of maps and of has()', () => {
  const c = { 'b-c': 1, 'x/y.z w': { in: 2 }, plain: 3, constructor: 4 };
  table(
    [
      ['c.`b-c`', 1],
      ['c.`x/y.z w`.`in` + c.`plain`', 5],
      ['has(c.`b-c`) && !has(c.`b-d`) && has(c.plain)', true],
      ['c . `b-c` == c["b-c"]', true],
      ['has(c.`true`) || has(c.`null`) || has(c.`as`)', false],
      ['c.`__proto__`', 'problem: c.`__proto__` is missing'],
      ['c.`b-d` == 1', 'problem: c.`b-d` is missing'],
      ['links.map(l, l.`iss`)', ['a']],
    ],
    c,
  );
  assert.deepEqual(compileExpression('c.`b-c` == c.`plain`', VARIABLES).reads, ['c["b-c"]', 'c.plain']);
  for (const text of ['`text`', 'c.`a"b`', 'c.``', 'c.`a', 'links[0].`b-c`', 'c `a`'])
    assert.throws(() => compileExpression(text, VARIABLES), ExpressionFault, text);
});

test('checks operators on the items of empty lists and maps', () => {
  table([
    ['[].all(x, x > 0)', true],
    ['[ ].exists(x, x + 1 == 2)', false],
    ['[].map(x, x + x)', []],
    ['{}.all(x, x > "a") && {}.size() == 0', true],
    ['[[]].all(x, x.all(y, y > 0))', true],
    ['1 in [] || "a" in {\n}', false],
    ['[] + [1] + []', [1]],
    ['[] == [] && {} == {} && [{}] != [{"a": 1}]', true],
    ['{"a": []}.a + [{}]', [{}]],
    ['now > 7 ? ["a"] : []', []],
    ['[][0]', 'problem: [][0] is missing'],
  ]);
  for (const text of ['[] > 1', 'text + []', 'c[]', 'text{}'])
    assert.throws(() => compileExpression(text, VARIABLES), ExpressionFault, text);
  const many = `[${Array.from({ length: 250 }, (_, index) => `.${index}`).join(', ')}].size()`;
  assert.equal(evaluate(many), 250);
});

test('keeps times to the nanosecond, and calculates with durations', () => {
  const c = { t: '2026-01-31T08:00:00.000000001Z', d: '1h', bad: '2026-02-30T00:00:00Z', span: '1 hour' };
  table(
    [
      ['timestamp(c.t) > timestamp("2026-01-31T08:00:00Z")', true],
      ['timestamp(c.t) == timestamp("2026-01-31T09:30:00.000000001+01:30")', true],
      ['string(timestamp(c.t))', '2026-01-31T08:00:00.000000001Z'],
      ['timestamp(c.t)', '2026-01-31T08:00:00.000000001Z'],
      ['timestamp(c.t) - timestamp("2026-01-30T08:00:00Z")', '86400.000000001s'],
      ['timestamp(c.t) - duration(c.d) < timestamp(c.t)', true],
      ['(timestamp(c.t) + duration("16h")).getDate()', 1],
      ['duration(c.d) - duration("90m")', '-1800s'],
      ['duration("-1.5s") < duration("0s") && string(duration("-1.5s")) == "-1.5s"', true],
      ['duration("1h1m1s1ms1us1ns")', '3661.001001001s'],
      ['duration("-90m").getHours()', -1],
      ['int(timestamp("1969-12-31T23:59:59.5Z"))', -1],
      ['timestamp("1969-12-31T23:59:59.9999Z").getMilliseconds()', 999],
      ['string(timestamp("0001-01-01T00:00:00Z"))', '0001-01-01T00:00:00Z'],
      ['timestamp("2024-12-31T23:59:59Z").getDayOfYear()', 365],
      ['timestamp("2026-02-28T23:00:00-02:00").getDayOfYear()', 59],
      ['timestamp(c.bad)', 'problem: timestamp() cannot read the value'],
      ['timestamp(c.bad) > timestamp(0) || true', true],
      ['duration(c.span)', 'problem: duration() cannot read the value'],
      ['timestamp(c.t) + duration("2562047h")', '2318-05-13T07:00:00.000000001Z'],
      ['timestamp("9999-12-31T23:59:59Z") + duration("1s")', 'problem: timestamp + duration is out of range'],
      ['timestamp("9999-01-01T00:00:00Z") - timestamp(0)', 'problem: timestamp - timestamp is out of range'],
      ['duration("2562047h") + duration("1h")', 'problem: duration + duration is out of range'],
      ['dyn(timestamp(0)) - 1', 'problem: timestamp - int has no meaning'],
      ['dyn(timestamp(0)) == duration("0s")', false],
      ['dyn(timestamp(0)) < duration("1s")', 'problem: timestamp < duration has no meaning'],
    ],
    c,
  );
  for (const text of ['1', '1d', 'h', '1.h', '-', '1h 1m', '1h-1m', '99999999999h', '--1s', '1S', '1e3s', ''])
    assert.equal(evaluate('duration(c.d)', { d: text }), 'problem: duration() cannot read the value', text);
});

test('gives the type of a value', () => {
  const names = ['bool', 'int', 'double', 'string', 'list', 'map', 'null_type', 'type', 'timestamp', 'duration'];
  const values = ['true', '1', 'c.n', '"a"', '[1]', 'c', 'c.none', 'int', 'timestamp(0)', 'duration("1s")'];
  const types = names.map((name) =>
    name === 'timestamp' ? 'google.protobuf.Timestamp' : name === 'duration' ? 'google.protobuf.Duration' : name,
  );
  const c = { n: 1, none: null };
  for (const [row, value] of values.entries())
    for (const [column, type] of types.entries())
      assert.equal(evaluate(`type(${value}) == ${type}`, c), row === column, `${value} is ${type}`);
  table(
    [
      ['type(type(1)) == type && int != double && type(1) in [string, int]', true],
      ['type(c.gone) == int', 'problem: c.gone is missing'],
      ['type(1)', 'problem: the result is not JSON'],
      ['[int].map(int, type(int) == type)', [true]],
      ['dyn(1) == "a" || dyn("a") == "a"', true],
    ],
    c,
  );
  for (const text of ['google', 'google.protobuf', 'google.protobuf.Any', 'int + 1', 'number == 1'])
    assert.throws(() => compileExpression(text, VARIABLES), ExpressionFault, text);
});

test('orders texts by code points', () => {
  const ordered = [
    '',
    'A',
    'Z',
    'a',
    'aa',
    'b',
    'é',
    '\uD7FF',
    '\uE000',
    '\uFFFD',
    '\u{10000}',
    '\u{1F600}',
    '\u{10FFFF}',
  ];
  for (const [i, a] of ordered.entries())
    for (const [j, b] of ordered.entries())
      assert.deepEqual(
        evaluate('[c.a < c.b, c.a <= c.b, c.a > c.b, c.a >= c.b]', { a, b }),
        [i < j, i <= j, i > j, i >= j],
        `${a} ${b}`,
      );
  assert.equal(evaluate('c.a < c.b', { a: 'x\u{1F600}', b: 'x\uFFFD' }), false);
});

test('splits into at most so many parts', () => {
  table(
    [
      ['c.s.split(",", -1)', ['a', 'b', '', 'c']],
      ['c.s.split(",", 0)', []],
      ['c.s.split(",", 1)', ['a,b,,c']],
      ['c.s.split(",", 3)', ['a', 'b', ',c']],
      ['c.s.split(",", 9)', ['a', 'b', '', 'c']],
      ['-9223372036854775808 < -9223372036854775807', true],
    ],
    { s: 'a,b,,c' },
  );
});

test('takes steps for the functions of times, types and texts', () => {
  const list = Array.from({ length: 5000 }, () => '2026-01-31T08:00:00.123456789+01:00');
  const spans = list.map(() => '1h1m1.5s');
  const long = 'a'.repeat(20_000);
  const texts = Array.from({ length: 100 }, () => long);
  const tooLong = 'problem: the expressions of this request take too long on these values';
  const c = { list, spans, texts, last: `${long}b` };
  for (const text of [
    'c.list.all(x, timestamp(x) > timestamp(0) && string(timestamp(x)) != "")',
    'c.spans.all(x, duration(x) > duration("0s") && string(duration(x)) != "")',
    'c.texts.all(x, x < c.last)',
    'c.texts.all(x, x.split("a", 2).size() == 2)',
  ])
    assert.equal(evaluate(text, c), tooLong, text);
  for (const text of ['timestamp(c.list[0]) > timestamp(0)', 'c.texts[0] < c.last', 'type(c.list) == list'])
    assert.equal(evaluate(text, c, new Budget(15_000)), true, text);
});
