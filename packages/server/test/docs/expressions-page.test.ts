// docs/reference/expressions.md lists what there is: its functions and macros are those of the implementation, and its examples are true.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { compileExpression, ExpressionFault } from '../../src/expression/condition.ts';
import { createEnvironment } from '../../src/expression/context.ts';
import { signatures } from '../../src/expression/functions.ts';
import { macros } from '../../src/expression/macros.ts';
import { conditionVariables } from '../../src/policy/facts.ts';
import { evaluate } from '../support/evaluating.ts';

const page = readFileSync(join(import.meta.dirname, '../../../../docs/reference/expressions.md'), 'utf8');

/** The cells of the rows of a section, without its head. */
function rowsOf(title: string): readonly (readonly string[])[] {
  const [, section = ''] = page.split(`\n## ${title}\n`);
  const [own = ''] = section.split('\n## ');
  const rows = own.split('\n').filter((line) => line.startsWith('| '));
  return rows.slice(1).map((line) => line.slice(2, -2).split(/ \| /));
}

const codeOf = (cell = ''): readonly string[] =>
  [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code.replaceAll('\\|', '|'));

const facts = {
  subject: { iss: 'a', sub: 'ada', type: 'access_token', aud: [], claims: { tenant: 'red' } },
  actor: {},
  client: { id: 'gateway' },
  targets: [],
  scope: [],
  chain: [],
  now: 1_772_366_400,
};

test('the page of expressions lists every function and every macro, and no other', () => {
  const functions = [...rowsOf('Functions'), ...rowsOf('Times')].flatMap(([cell]) => codeOf(cell));
  assert.deepEqual(functions.toSorted(), signatures.toSorted());
  assert.equal(new Set(functions).size, functions.length);
  const named = rowsOf('Macros').flatMap(([cell]) => codeOf(cell));
  const listed = named.map((macro) => {
    const [, name, parameters = ''] = /(\w+)\((.+)\)$/.exec(macro) ?? [];
    return `${name}/${parameters.split(', ').length}`;
  });
  assert.deepEqual(listed.toSorted(), macros.toSorted());
});

test('the examples of the page of expressions are true', () => {
  const sections = ['Operators', 'Macros', 'Functions', 'Times'];
  const examples = sections.flatMap(rowsOf).map((cells) => codeOf(cells.slice(2).join(' | ')).join(''));
  assert.ok(examples.length > 40);
  for (const example of examples) {
    const expression = compileExpression(example, conditionVariables);
    assert.deepEqual(evaluate(expression, facts), { value: true }, example);
  }
});

test('the page of expressions names every function that the library has and expressions lack', () => {
  const known = new Set(signatures.map((signature) => /(\w+)\(/.exec(signature)?.[1]));
  const absent = rowsOf('Not available').map(([cell]) => cell);
  const { functions } = createEnvironment({}).getDefinitions();
  const lacking = functions
    .map(({ name }) => name)
    .filter((name) => !known.has(name) && !macros.some((macro) => macro.startsWith(`${name}/`)));
  assert.ok(lacking.length > 10);
  for (const name of new Set(lacking))
    assert.ok(
      absent.some((cell) => cell?.includes(`${name}(`)),
      name,
    );
  for (const text of [
    'b"a"',
    '1u',
    '{1: "a"}',
    'timestamp(now).getHours("Europe/Berlin")',
    'cel.bind(a, 1, a)',
    'a.?b',
    '1 == "a"',
  ])
    assert.throws(() => compileExpression(text, conditionVariables), ExpressionFault, text);
});
