// Conditions: random CEL, on claims that a caller chooses.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compileExpression, ExpressionFault } from '../../../src/expression/condition.ts';
import { conditionVariables } from '../../../src/policy/facts.ts';
import { answerOf, evaluate } from '../../support/evaluating.ts';
import { ELSEWHERE, SELF } from '../../support/worlds.ts';
import { defineTarget } from '../target.ts';

const atom = fc.constantFrom(
  'subject.claims',
  'subject.claims.x',
  'subject.claims["y"]',
  'actor.claims.x',
  'subject.issuer',
  'chain',
  'chain[0].sub',
  'now',
  '1',
  '-1',
  '9223372036854775807',
  '0',
  '1.5',
  '1e308',
  '"a"',
  '"2026-01-01T00:00:00Z"',
  'true',
  'null',
  '[]',
  '{}',
  '["a", "b"]',
  '{"a": 1}',
  'v',
  'b"a"',
  "r'\\\\d'",
  '1u',
  'size',
  'int',
  '.5',
  'subject.claims.`x`',
  'timestamp(now)',
  'duration("1h")',
  '__proto__',
  'subject.claims.__proto__',
  'subject.claims.constructor',
);
const unary = fc.constantFrom(
  '!',
  '-',
  '(',
  'size(',
  'int(',
  'string(',
  'double(',
  'bool(',
  'timestamp(',
  'duration(',
  'type(',
  'has(',
  'dyn(',
);
const binary = fc.constantFrom('==', '!=', '<', '>=', '&&', '||', '+', '-', '*', '/', '%', 'in', '?', '.');
const method = fc.constantFrom(
  '.size()',
  '.startsWith("a")',
  '.contains(subject.claims.x)',
  '.matches("^(a+)+$")',
  '.matches("(a|a)*b")',
  '.matches("[")',
  '.split(",")',
  '.join("-")',
  '.lowerAscii()',
  '.all(v, v == 1)',
  '.exists(v, v in chain)',
  '.map(v, v + v)',
  '.filter(v, v != "a")',
  '.exists_one(v, true)',
  '[0]',
  '[-1]',
  '["x"]',
  '.x',
  '.getFullYear()',
  '.getDayOfYear()',
  '.getMilliseconds()',
  '.split(",", 2)',
  '.substring(1)',
  '.replace("a", "aa")',
  '.map(v, [1,2,3].map(w, w + v))',
);

const { expression } = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'cel' },
    atom,
    fc
      .tuple(unary, tie('expression'))
      .map(([open, inner]) => (open.endsWith('(') ? `${open}${inner})` : `${open}${inner}`)),
    fc
      .tuple(tie('expression'), binary, tie('expression'))
      .map(([left, operator, right]) => `${left} ${operator} ${right}`),
    fc.tuple(tie('expression'), tie('expression'), tie('expression')).map(([a, b, c]) => `${a} ? ${b} : ${c}`),
    fc.tuple(tie('expression'), method).map(([of, call]) => `${of}${call}`),
    fc.tuple(tie('expression'), tie('expression')).map(([of, key]) => `${of}[${key}]`),
  ),
}));

const json = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(
    'a',
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab',
    'a'.repeat(9000),
    -1,
    2 ** 53,
    1e308,
    '2026-13-45',
    null,
  ),
  fc.constantFrom(...[256, 257, 5000].map((length) => Array.from({ length }, (_, index) => index))),
);

const input = fc.record({
  text: fc.oneof(
    { weight: 8, arbitrary: expression },
    { weight: 1, arbitrary: fc.string({ maxLength: 30 }) },
    { weight: 1, arbitrary: expression.map((one) => `${'('.repeat(60)}${one}${')'.repeat(60)}`) },
  ),
  x: json,
  y: json,
});

export const condition = defineTarget({
  name: 'condition',
  title:
    'an expression is valid or its fault is reported, and no claim makes a valid one fail, hang or change its result',
  short: 200,
  input,
  judge: async ({ text, x, y }) => {
    const party = { issuer: ELSEWHERE, claims: { x, y } };
    const facts = {
      subject: party,
      actor: party,
      client: { id: 'a' },
      chain: [{ iss: SELF, sub: 'agent' }],
      now: 1_800_000_000,
    };
    let compiled: ReturnType<typeof compileExpression>;
    try {
      compiled = compileExpression(text, conditionVariables);
    } catch (error) {
      if (!(error instanceof ExpressionFault)) throw error;
      assert.match(error.message, /\S/);
      return false;
    }
    const { value, problem, why } = evaluate(compiled, facts);
    assert.doesNotMatch(problem ?? '', /^the expression failed/);
    assert.equal(value === undefined, problem !== undefined, 'a value or a problem');
    // The value must be the same after a round trip through JSON.
    if (value !== undefined)
      assert.deepEqual(JSON.parse(JSON.stringify(value)), JSON.parse(JSON.stringify(structuredClone(value))));
    assert.notEqual(why, 'failure');
    assert.deepEqual(evaluate(compiled, facts).problem, problem, 'the same again');
    assert.deepEqual(evaluate(compiled, facts).value, value, 'the same again');
    assert.equal(answerOf(compiled, facts)[0] === 'yes', value === true);
    return problem === undefined;
  },
});
