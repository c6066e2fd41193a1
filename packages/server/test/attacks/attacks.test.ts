// Tries every attack of rows.tsv. Each row has a case, each case a row, and every attack must fail.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { undoing, type World } from './group.ts';
import { groups } from './groups/index.ts';
import { formatPage, judge, type Verdict } from './page.ts';
import { letterOf, type Row, rows } from './row.ts';

const verdicts = new Map<Row, Verdict>();

test('every row is in a group', () => {
  const letters = new Set(groups.map(({ letter }) => letter));
  assert.deepEqual(
    rows.filter(({ id }) => !letters.has(letterOf(id))),
    [],
  );
});

for (const { letter, cases, open } of groups) {
  const own = rows.filter(({ id }) => letterOf(id) === letter);
  suite(own[0]?.group ?? letter, () => {
    const { after: undoLater, undo } = undoing();
    let world: World;
    before(async () => {
      world = await open({ after: undoLater });
    });
    after(undo);

    test('has a case, or a reason for having none, for each row and nothing else', () => {
      assert.deepEqual([...cases.keys()].toSorted(), own.map(({ id }) => id).toSorted());
    });
    for (const row of own.filter(({ id }) => cases.get(id) === 'case')) {
      test(`${row.id}: ${row.input}`, async () => {
        verdicts.set(row, await world(row));
      });
    }
  });
}

test('docs/evidence/attacks.md has the verdict of each row: npm run attacks writes it', async () => {
  const lines = await judge(groups, rows, async (_group, row) => verdicts.get(row) ?? { broken: 'see its test' });
  const page = readFileSync(join(import.meta.dirname, '../../../../docs/evidence/attacks.md'), 'utf8');
  assert.equal(page, formatPage(lines));
});
