// Expressions: two spellings of the same CEL, of which the library knows only one, and times.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  Budget,
  type CompiledExpression,
  compileExpression,
  ExpressionFault,
} from '../../../src/expression/condition.ts';
import { conditionVariables } from '../../../src/policy/facts.ts';
import { defineTarget } from '../target.ts';

/** As this server alone reads it, and as the library reads it, too. */
type Spellings = readonly [special: string, plain: string];

const same = (...texts: readonly string[]): readonly Spellings[] => texts.map((text) => [text, text]);

const atom = fc.constantFrom<Spellings>(
  ['.5', '0.5'],
  ['.25e1', '0.25e1'],
  ['subject.claims.`x-y`', 'subject.claims["x-y"]'],
  ['subject.claims.`in`', 'subject.claims["in"]'],
  ['subject.claims.`x`', 'subject.claims.x'],
  ['subject.`claims`.`x-y`.`_0`', 'subject.claims["x-y"]["_0"]'],
  ['[]', 'dyn([]) '],
  ['[ \n]', 'dyn([])'],
  ['{}', 'dyn({})'],
  ['// .5 [] `\n.5', '0.5'],
  ...same(
    '"[] .5 {} `a`"',
    "'\\'[]'",
    '"""\n"[]".5"""',
    "r'\\d'",
    '"\\"[]"',
    '_0',
    '"_0 _1 a0"',
    '1',
    '1.5',
    'now',
    'true',
  ),
  ...same('subject.claims.x', 'timestamp(subject.claims.x)', 'duration(subject.claims.x)', 'timestamp(now)', 'v'),
);

const both =
  (make: (...parts: readonly string[]) => string) =>
  (parts: readonly Spellings[]): Spellings => [
    make(...parts.map(([special]) => special)),
    make(...parts.map(([, plain]) => plain)),
  ];

const { expression } = fc.letrec<{ expression: Spellings }>((tie) => {
  const one = fc.tuple(tie('expression'));
  const two = fc.tuple(tie('expression'), tie('expression'));
  const form = (parts: fc.Arbitrary<readonly Spellings[]>, make: (...parts: readonly string[]) => string) =>
    parts.map(both(make));
  return {
    expression: fc.oneof(
      { maxDepth: 4, depthIdentifier: 'spellings' },
      atom,
      fc
        .constantFrom('==', '!=', '<', '+', '-', '/', 'in', '&&', '||')
        .chain((op) => form(two, (a, b) => `(${a} ${op} ${b})`)),
      fc
        .constantFrom('type', 'dyn', 'string', 'int', 'size', '!', '-')
        .chain((name) => form(one, (a) => `${name}(${a})`)),
      fc.constantFrom('all', 'exists', 'map', 'filter').chain((name) => form(two, (a, b) => `(${a}).${name}(v, ${b})`)),
      form(fc.tuple(tie('expression'), tie('expression'), tie('expression')), (a, b, c) => `(${a} ? ${b} : ${c})`),
      form(fc.array(tie('expression'), { maxLength: 3 }), (...items) =>
        items.length === 0 ? 'dyn([1])' : `[${items}]`,
      ),
      form(two, (a, b) => `{${a}: ${b}}`),
      form(two, (a, b) => `(${a})[${b}]`),
      fc
        .constantFrom('getDayOfYear()', 'getMilliseconds()', 'getHours()', 'split("a", 2)', 'split("", -1)')
        .chain((call) => form(one, (a) => `(${a}).${call}`)),
    ),
  };
});

const digits = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: length, maxLength: length });
const time = fc
  .tuple(
    digits(4),
    digits(2),
    digits(2),
    digits(2),
    digits(2),
    digits(2),
    fc.constantFrom('', '.5', '.123456789'),
    fc.constantFrom('Z', '+14:00', '-23:59', '+24:00', ''),
  )
  .map(([y, m, d, h, min, s, fraction, zone]) => `${y}-${m}-${d}T${h}:${min}:${s}${fraction}${zone}`);
const claim = fc.oneof(
  time,
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.constantFrom('1h30m', '-1.5s', '2562047h', '99999999999h', '1d', ''),
  fc.jsonValue({ maxDepth: 2 }),
  fc.constant(Array.from({ length: 9000 }, () => '2026-01-31T08:00:00Z')),
);

const input = fc.record({ spellings: expression, x: claim, y: claim });

function compiled(text: string): CompiledExpression | undefined {
  try {
    return compileExpression(text, conditionVariables);
  } catch (error) {
    if (!(error instanceof ExpressionFault)) throw error;
    assert.ok(error.line <= text.split('\n').length, 'the place is in the text');
    return undefined;
  }
}

/** Counts the steps, and allows as many as there are. */
class CountedBudget extends Budget {
  taken = 0;
  override affords(steps: number): boolean {
    assert.ok(steps >= 0 && Number.isFinite(steps), 'a price');
    this.taken += steps;
    return super.affords(steps);
  }
}

export const expressions = defineTarget({
  name: 'expression',
  title: 'two spellings of an expression have the same value, and no expression takes more steps than it has',
  short: 200,
  input,
  judge: async ({ spellings: [special, plain], x, y }) => {
    const [first, second] = [compiled(special), compiled(plain)];
    if (first === undefined || second === undefined) return false;
    const claims = { x, 'x-y': y, in: y };
    const facts = { subject: { claims }, actor: {}, client: { id: 'a' }, chain: [], now: 1_772_366_400 };
    const budget = new CountedBudget(100_000);
    const [a, b] = [first.evaluate(facts, budget), second.evaluate(facts, new Budget(100_000))];
    for (const one of [a, b]) if (one.kind === 'cannot tell') assert.notEqual(one.why, 'failure', one.problem);
    // `dyn()` takes steps of its own.
    if (a.kind === 'cannot tell' || b.kind === 'cannot tell') {
      if (a.kind === 'cannot tell' && a.why === 'cost')
        assert.ok(budget.taken > 100_000 || /nested|characters/.test(a.problem));
      return false;
    }
    assert.ok(budget.taken <= 100_000, 'more steps than there are');
    assert.equal(a.kind, b.kind);
    if (a.kind === 'value' && b.kind === 'value')
      assert.deepEqual(JSON.parse(JSON.stringify(a.value)), JSON.parse(JSON.stringify(b.value)));
    return a.kind === 'value';
  },
});
