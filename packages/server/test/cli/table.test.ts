// Tables for people, at any width of a terminal.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Columns, createTable, layOut } from '../../src/cli/table.ts';

interface Item {
  readonly id: string;
  readonly url?: string;
  readonly createdAt: string;
}

const columns: Columns<Item> = { id: ({ id }) => id, url: ({ url }) => url, createdAt: ({ createdAt }) => createdAt };
const items = [
  { id: 'a', url: 'https://api.example/orders/v1', createdAt: '2026-01-31' },
  { id: 'longer', createdAt: '2026-02-01' },
];
const at = (width: number): readonly string[] => layOut(columns, items, { width, head: (text) => `<${text}>` });

test('in a pipe, each row is one line under a header, columns fit their content, and - marks an empty cell', () => {
  assert.deepEqual(at(Number.POSITIVE_INFINITY), [
    '<ID      URL                            CREATED AT>',
    'a       https://api.example/orders/v1  2026-01-31',
    'longer  -                              2026-02-01',
  ]);
});

test('on a narrow terminal, cells wrap, and columns that do not fit are printed below the row', () => {
  assert.deepEqual(at(42), [
    '<ID      URL                     CREATED AT>',
    'a       https://api.example/    2026-01-31',
    '        orders/v1',
    'longer  -                       2026-02-01',
  ]);
  assert.deepEqual(at(25), [
    '<ID      URL>',
    'a       https://',
    '        api.example/',
    '        orders/v1',
    '    created at 2026-01-31',
    'longer  -',
    '    created at 2026-02-01',
  ]);
  for (let width = 25; width < 60; width++)
    for (const line of at(width)) assert.ok(line.replace(/^<|>$/g, '').length <= width, `${width}: ${line}`);
});

test('a cell cannot control the terminal or begin a line, and wide characters count as two', () => {
  const lines = layOut(columns, [{ id: '中文\u001b[2J\n\u202e', createdAt: 'x' }], {
    width: Number.POSITIVE_INFINITY,
    head: String,
  });
  assert.deepEqual(lines, ['ID                         URL  CREATED AT', '中文\\u001b[2J\\u000a\\u202e  -    x']);
});

test('a growing table has one header', () => {
  const table = createTable(columns, { width: 80, head: String });
  assert.deepEqual(table.add([{ id: 'a', createdAt: 'x' }]), ['ID  URL  CREATED AT', 'a   -    x']);
  assert.deepEqual(table.add([{ id: 'abc', createdAt: 'y' }]), ['abc  -    y']);
});
