// A condition that cannot be evaluated is neither true nor false: the request is refused, and no other rule decides instead.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CompiledExpression } from '../../src/expression/condition.ts';
import type { Rule } from '../../src/policy/rule.ts';
import { ask, resource, rule, token, value, when } from '../support/judging.ts';

const api = resource('api');
const other = resource('other');
const wide = rule([api], { name: 'wide' });
const narrowly = (parts: Parameters<typeof rule>[1]) => ({
  resources: [api, other],
  rules: [rule([api], { name: 'narrow', ...parts }), wide],
});
const SLOW = '"x".matches("^x$") && subject.claims.text.matches("^(a|b)*a(a|b){60}$")';
const slow = (sub: string) => token(sub, { claims: { text: 'ab'.repeat(20_000), level: 1 } });
const referring = (sub: string) =>
  token(sub, { claims: { level: 1, _claim_names: { groups: 'src1' }, _claim_sources: { src1: {} } } });

test('what cannot be told refuses, in each condition and each added claim, and decides nothing', () => {
  const costly = { subject: slow('ada'), actor: slow('agent') };
  const elsewhere = { subject: referring('ada'), actor: referring('agent') };
  const plain = {
    subject: token('ada', { claims: { text: '', groups: [] } }),
    actor: token('agent', { claims: { groups: [] } }),
  };
  const rows = [
    [{ subject: { when: when(SLOW) } }, costly, 'rules_too_costly', 'subject.when'],
    [{ actor: { when: when(SLOW) } }, costly, 'rules_too_costly', 'actor.when'],
    [{ when: when(`!(${SLOW})`) }, costly, 'rules_too_costly', 'when'],
    [{ grant: { claims: [['slow', value(SLOW)]] } }, costly, 'rules_too_costly', 'grant.claims.slow'],
    [
      { subject: { when: when('size(subject.claims.groups) > 5') } },
      elsewhere,
      'subject_claims_elsewhere',
      'subject.when',
    ],
    [{ actor: { when: when('size(actor.claims.groups) > 5') } }, elsewhere, 'actor_claims_elsewhere', 'actor.when'],
    [
      { when: when('"x" in actor.claims.groups || "x" in subject.claims.groups') },
      elsewhere,
      'actor_claims_elsewhere',
      'when',
    ],
    [{ when: when('!("x" in subject.claims.groups)') }, elsewhere, 'subject_claims_elsewhere', 'when'],
    [
      { grant: { claims: [['groups', value('subject.claims.groups')]] } },
      elsewhere,
      'subject_claims_elsewhere',
      'grant.claims.groups',
    ],
  ] as const;
  for (const [parts, asked, reason, what] of rows) {
    const told = ask(narrowly(parts), asked);
    assert.equal(told.refusal?.reason, reason, what);
    assert.match(told.refusal?.detail ?? '', new RegExp(`^“narrow”, ${what}: `));
    assert.equal(ask(narrowly(parts), plain).refusal, undefined, `${what}, its twin`);
    const elsewhereTo = ask(
      { resources: [api, other], rules: [...narrowly(parts).rules.slice(0, 1), rule([other])] },
      {
        ...asked,
        audiences: ['other'],
      },
    );
    assert.equal(elsewhereTo.refusal, undefined, 'a rule that grants other targets has no say');
    const watched = ask(narrowly({ ...parts, mode: 'audit' }), asked);
    assert.equal(watched.decision !== undefined, true, 'a rule in audit mode refuses nothing');
    assert.deepEqual(watched.trace.shadows, [{ rule: 'narrow', reason }]);
  }
  const absent = ask(narrowly({ when: when('subject.claims.role == "x"') }), elsewhere);
  assert.equal(absent.trace.rule, 'wide', 'a claim that is not there is a plain no');
});

test('all rules of a request share one budget, and what is only watched has its own', () => {
  const text = 'subject.claims.list.exists(x, x == "y")';
  const subject = token('ada', { claims: { list: Array.from({ length: 2000 }, (_, index) => `group-${index}`) } });
  const many = (count: number, mode: Rule['mode'], condition: string) =>
    Array.from({ length: count }, (_, index) => rule([api], { name: `${index}`, mode, when: when(condition) }));
  const told = (rules: readonly Rule[]) => ask({ resources: [api], rules }, { subject });
  assert.equal(told([...many(20, 'enforce', text), wide]).trace.rule, 'wide');
  assert.equal(told([...many(500, 'enforce', text), wide]).refusal?.reason, 'rules_too_costly');
  assert.equal(told(many(500, 'enforce', text)).refusal?.reason, 'rules_too_costly');
  assert.equal(told([...many(200, 'enforce', '"y" in subject.claims.list'), wide]).trace.rule, 'wide');
  const watched = told([...many(500, 'audit', text), wide]);
  assert.equal(watched.trace.rule, 'wide');
  assert.equal(watched.trace.shadows?.length, 100, 'the first of very many');
  assert.equal(watched.trace.shadows?.at(-1)?.reason, 'rules_too_costly');
});

test('no rule is asked twice, whether one decides or none', () => {
  const asked = new Map<string, number>();
  const counted = (name: string, text: string): CompiledExpression => {
    const condition = when(text);
    const evaluate: CompiledExpression['evaluate'] = (...of) => {
      asked.set(name, (asked.get(name) ?? 0) + 1);
      return condition.evaluate(...of);
    };
    return { ...condition, evaluate };
  };
  const crowd = (count: number, targets: Rule['grant']['targets']) =>
    Array.from({ length: count }, (_, index) => {
      const name = `${targets[0].audience} ${index}`;
      return rule(targets, { name, when: counted(name, 'now < 1') });
    });
  for (const count of [3, 60]) {
    const rules = [...crowd(count, [api]), ...crowd(count, [other])];
    for (const audiences of [[], ['api'], ['nobody']]) {
      asked.clear();
      assert.ok(ask({ resources: [api, other], rules }, { audiences }).refusal);
      assert.deepEqual([...new Set(asked.values())], [1], `${count} ${audiences}`);
      asked.clear();
      const last = rule([api, other], { name: 'last' });
      ask({ resources: [api, other], rules: [...rules, last] }, { audiences });
      assert.deepEqual([...new Set(asked.values())], [1], `${count} ${audiences}`);
    }
  }
});
