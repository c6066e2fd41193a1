// Configuration files: valid ones, truncated, duplicated and filled with nonsense.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { ConfigurationError } from '../../../src/config/fault.ts';
import { parseConfiguration } from '../../../src/config/load.ts';
import { configuration as basic } from '../../support/basics.ts';
import { yamlOf } from '../../support/configuration.ts';
import { repository } from '../../support/program.ts';
import { fileOf } from '../../support/worlds.ts';
import { world } from '../bench.ts';
import { apply, edit, few, place } from '../edits.ts';
import { defineTarget } from '../target.ts';

const files = [
  yamlOf(basic),
  fileOf(world, []),
  ...globSync('{deploy,examples/*}/cambio.yaml', { cwd: repository })
    .toSorted()
    .map((file) => readFileSync(join(repository, file), 'utf8')),
];

const piece = fc.oneof(
  fc.constantFrom(
    '&a ',
    '*a',
    '<<: *a\n',
    '!!binary ',
    '!!js/function ',
    '!x ',
    '? ',
    ': ',
    '- ',
    '|\n',
    '>\n',
    '{',
    '}',
    '[',
    ']',
    ',',
    '"',
    "'",
    '#',
    '\t',
    '\n',
    '\n  ',
    '---\n',
    '...\n',
    '%YAML 1.1\n',
    '\0',
    '\ufeff',
    '$' + '{X}',
    '$' + '{PORT:-}',
    '${',
    '~',
    'null',
    'true',
    '1e999',
    '0x10',
    '.inf',
    '1 year',
  ),
  fc.constantFrom(
    'issuer: ',
    'rules:\n',
    'clients: ',
    '__proto__: ',
    'constructor: {}\n',
    'when: ',
    'a: &a [*a]\n',
    `${'['.repeat(400)}`,
    `${'{a: '.repeat(200)}`,
    'a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c]\n',
  ),
  fc.string({ maxLength: 6 }),
);

const input = fc.record({
  file: fc.nat(files.length - 1),
  edits: few(edit(piece, 40), 3),
  /** Inserted at the start of this line. */
  line: fc.option(fc.tuple(place, piece), { freq: 2 }),
  /** A part that is copied to another place. */
  doubled: fc.option(fc.tuple(place, fc.nat(120), place), { freq: 3 }),
});

function write({ file, edits, line, doubled }: typeof input extends fc.Arbitrary<infer T> ? T : never): string {
  let text = apply(files[file] ?? '', edits);
  if (line !== null) {
    const start = text.lastIndexOf('\n', line[0] * text.length) + 1;
    text = text.slice(0, start) + line[1] + text.slice(start);
  }
  if (doubled === null) return text;
  const [from, length, to] = doubled;
  const start = Math.floor(from * text.length);
  return apply(text, [{ at: to, remove: 0, insert: text.slice(start, start + length) }]);
}

export const configuration = defineTarget({
  name: 'configuration',
  title: 'a configuration file is valid, or every fault is reported in one line with its position',
  short: 30,
  input,
  judge: async (one) => {
    const text = write(one);
    const lines = text.split('\n').length;
    try {
      const { warnings, examine } = await parseConfiguration(text, {
        file: join(tmpdir(), 'cambio.yaml'),
        environment: { ISSUER: 'http://127.0.0.1:8080', PORT: '8080' },
      });
      assert.ok(warnings.every(({ severity }) => severity === 'warning'));
      examine();
      return true;
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      assert.notEqual(error.faults.length, 0);
      for (const { line, column, message } of error.faults) {
        assert.ok(line >= 1 && line <= lines && column >= 1, `${line}:${column} of ${lines} lines: ${message}`);
        assert.match(message, /^[^\n]+$/);
      }
      return false;
    }
  },
});
