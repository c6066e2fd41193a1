// The memory that tallies use, for any input.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTallies, tallyKey } from '../../src/primitives/tallies.ts';

test('makes keys of one size for any input, and different keys for different parts', () => {
  const long = 'x'.repeat(1_000_000);
  assert.deepEqual([tallyKey(long).length, tallyKey('a', long).length, tallyKey('').length], [43, 43, 43]);
  assert.equal(tallyKey('a', 'b'), tallyKey('a', 'b'));
  assert.equal(new Set([tallyKey('a', 'b'), tallyKey('ab'), tallyKey('a b'), tallyKey('b', 'a')]).size, 4);
});

for (const since of ['first', 'last'] as const) {
  test(`removes expired tallies, a few with each call (since ${since})`, () => {
    const clock = { now: 0 };
    const tallies = createTallies(() => clock.now, 1000, since);
    for (let index = 0; index < 100; index++) tallies.add(tallyKey(`stranger ${index}`));
    assert.equal(tallies.size(), 100);
    clock.now = 999;
    tallies.get(tallyKey('anybody'));
    assert.equal(tallies.size(), 100);
    clock.now = 1000;
    for (let index = 0; index < 13; index++) tallies.get(tallyKey('anybody'));
    assert.equal(tallies.size(), 0);
  });
}

test('keeps a current tally while others expire', () => {
  const clock = { now: 0 };
  const tallies = createTallies(() => clock.now, 1000, 'last');
  const ada = tallyKey('ada');
  tallies.add(ada);
  tallies.add(tallyKey('bob'));
  clock.now = 600;
  tallies.add(ada);
  clock.now = 1200;
  assert.deepEqual(tallies.get(ada), { first: 0, last: 600, count: 2 });
  assert.equal(tallies.size(), 1);
});
