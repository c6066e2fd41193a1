// For any claims, conditions terminate, and agree with the library wherever it has an answer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Environment } from '@marcbachmann/cel-js';
import fc from 'fast-check';
import { compileExpression } from '../../src/expression/condition.ts';
import { markElsewhere } from '../../src/expression/elsewhere.ts';
import { answerOf, evaluate } from '../support/evaluating.ts';

/** Names that break careless code, and those that the expressions below read. */
const NAMES = ['a', 'b', 'list', 'map', '__proto__', 'constructor', 'prototype', 'toString', 'length', ''];
const TEXTS = ['a', 'a,b', '12', '-9223372036854775808', '1e400', 'NaN', '2024-02-30T00:00:00Z', 'é💩', '\ud800', '\0'];
const NUMBERS = [0, -0, 2, 1.5, 1e308, -1e308, 2 ** 53, 2 ** 63, 5e-324];

const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false, ...TEXTS, ...NUMBERS),
    fc.string(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.array(tie('value'), { maxLength: 6 }),
    fc.dictionary(fc.constantFrom(...NAMES), tie('value'), { maxKeys: 6, noNullPrototype: false }),
  ),
})).value;
const claimsJson = fc.dictionary(fc.constantFrom(...NAMES), json, { noNullPrototype: false });

/** Expressions with the same meaning in the library. */
const COMMON = [
  'c.a == c.b',
  'c.a != c.b',
  'c.a == 2',
  'c.a == "a" || c.b == "a"',
  'c.a == "a" && c.b != "a"',
  '!(c.a == c.b)',
  'c.a in c.list',
  '"a" in c.map',
  'has(c.a) || has(c.b)',
  'c.map.a == c.list',
  'c.list[1] == c.a',
  'c.list.exists(x, x == c.a)',
  'c.list.all(x, x == c.a)',
  'c.list.all(x, x > 1)',
  'c.list.exists_one(x, x == 2)',
  'c.list.filter(x, x == c.a) == [c.a]',
  'c.list.map(x, [x]) == [[c.a]]',
  'c.map.exists(name, c.map[name] == 2)',
  'c.list.exists(x, c.list.exists(y, x == y && x == "a"))',
  'c.a ? c.b == 2 : c.b == "a"',
  'c.a < c.b || c.a >= c.b',
  'c.a.startsWith("a") && c.a.endsWith(c.b)',
  'c.a.contains(c.b) || size(c.a) > 2',
  '{"a": c.a} == c.map',
];

/** Expressions that only our evaluator supports: conversions, dates and arithmetic on any claim. */
const OWN = [
  'int(c.a) > 0',
  'double(c.a) > 0.0',
  'string(c.a) == "2"',
  'bool(c.a)',
  'timestamp(c.a) > timestamp(c.b)',
  'timestamp(c.a).getHours() == 1',
  'c.a + c.b == c.b + c.a',
  'c.a * 9223372036854775807 / c.b - c.a % 2 == -c.b',
  'c.list + c.list == [c.a]',
  'c.a.split(c.b).join(c.b) == c.a',
  'c.a.lowerAscii().upperAscii() == c.a',
  'c.a.matches("^(a|b)*[^é]$")',
  'c[c.a] == c.list[c.b]',
  '{c.a: c.b} == c',
  'has(c.a.b) && !has(c.map.a)',
  'c',
  'c.constructor.prototype == c.__proto__',
];

test('ends with a value or a problem for any claims', () => {
  const expressions = [...COMMON, ...OWN].map((text) => compileExpression(text, { c: 'map' }));
  fc.assert(
    fc.property(claimsJson, fc.constantFrom(...expressions), (claims, expression) => {
      const { value, problem } = evaluate(expression, { c: claims });
      assert.equal(value === undefined, problem !== undefined);
      assert.doesNotMatch(problem ?? '', /^the expression failed/);
      if (value !== undefined) assert.equal(typeof JSON.stringify(value), 'string');
      assert.equal(answerOf(expression, { c: claims })[0] === 'yes', value === true);
    }),
    { numRuns: 2000 },
  );
});

test('agrees with the library wherever that has an answer', () => {
  const environment = new Environment({ homogeneousAggregateLiterals: false }).registerVariable('c', 'map');
  const pairs = COMMON.map((text) => {
    const theirs = environment.parse(text);
    assert.equal(theirs.check().valid, true, text);
    return { text, ours: compileExpression(text, { c: 'map' }), theirs };
  });
  // The library fails on a member named `constructor`, and finds `[]` among the members if one is named ``.
  const plain = claimsJson.filter((claims) => !/"(constructor|__proto__|)":/.test(JSON.stringify(claims)));
  fc.assert(
    fc.property(plain, fc.constantFrom(...pairs), (claims, { text, ours, theirs }) => {
      const { value } = evaluate(ours, { c: claims });
      let expected: unknown;
      try {
        expected = theirs({ c: claims });
      } catch {
        // The library refuses some comparisons of nested lists that are clearly false.
        expected = value === false ? false : undefined;
      }
      assert.equal(value, expected, `${text} on ${JSON.stringify(claims)}`);
    }),
    { numRuns: 2000 },
  );
});

/** Yes, no, missing, or cannot be told. */
type Truth = 'T' | 'F' | 'N' | 'U';
type Node = Truth | readonly ['!' | '&&' | '||' | '?' | 'exists' | 'all', ...Node[]];

const LEAVES: Readonly<Record<Truth, string>> = { T: 'c.yes', F: 'c.no', N: 'c.gone', U: 'c.groups' };
const node = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom<Truth[]>('T', 'F', 'N', 'U'),
    fc.tuple(fc.constant('!' as const), tie('node')),
    fc.tuple(fc.constantFrom('&&' as const, '||' as const), tie('node'), tie('node')),
    fc.tuple(fc.constant('?' as const), tie('node'), tie('node'), tie('node')),
    fc.tuple(fc.constantFrom('exists' as const, 'all' as const), tie('node')),
  ),
})).node;

function textOf(one: Node, depth = 0): string {
  if (typeof one === 'string') return LEAVES[one];
  const [operator, ...parts] = one;
  const nested = operator === 'exists' || operator === 'all' ? depth + 1 : depth;
  // A third loop would not compile: the list is written out instead.
  const texts = parts.map((part) => textOf(part, nested));
  const [a = '', b = '', d = ''] = texts;
  if (operator === '!') return `!(${a})`;
  if (operator === '?') return `((${a}) ? (${b}) : (${d}))`;
  if (operator === '&&' || operator === '||') return `((${a}) ${operator} (${b}))`;
  return nested > 2 ? `(${a})` : `[1, 2].${operator}(i${nested}, ${a})`;
}

/** By the documentation, from left to right: evaluating a part that cannot be told ends the evaluation. */
function truthOf(one: Node): Truth {
  if (typeof one === 'string') return one;
  const [operator, first, ...rest] = one;
  const a = truthOf(first as Node);
  if (a === 'U') return 'U';
  switch (operator) {
    case '!':
      return a === 'N' ? 'N' : a === 'T' ? 'F' : 'T';
    case '?':
      return a === 'N' ? 'N' : truthOf(rest[a === 'T' ? 0 : 1] as Node);
    case 'exists':
    case 'all':
      return a;
    default: {
      const deciding = operator === '||' ? 'T' : 'F';
      if (a === deciding) return a;
      const b = truthOf(rest[0] as Node);
      if (b === 'U' || b === deciding) return b;
      return a === 'N' || b === 'N' ? 'N' : a;
    }
  }
}

test('reports "cannot tell" for every expression that evaluates such a claim, and for no other', () => {
  const claims = markElsewhere({ yes: true, no: false, _claim_names: { groups: 'src1' } }, 'subject');
  const seen = new Set<Truth>();
  fc.assert(
    fc.property(node, (one) => {
      const text = textOf(one);
      const expected = truthOf(one);
      seen.add(expected);
      const [answer, problem] = answerOf(compileExpression(text, { c: 'map' }), { c: claims });
      const words: Readonly<Record<Truth, readonly unknown[]>> = {
        T: ['yes', false],
        F: ['no', false],
        N: ['no', true],
        U: ['cannot tell', true],
      };
      assert.deepEqual([answer, problem !== undefined], words[expected], text);
    }),
    { numRuns: 3000 },
  );
  assert.equal(seen.size, 4);
});
