// A file is read in parts. It must be the same as reading it whole: a marker at its head, such as ---, has it read so.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Variables of the configuration are written so.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import type { Path } from '../../src/config/fault.ts';
import { createParsedParts } from '../../src/config/parsed-parts.ts';
import { readYaml, type YamlFile } from '../../src/config/yaml.ts';
import { openDocument } from '../../src/config/yaml-document.ts';
import { divide } from '../../src/config/yaml-parts.ts';
import { readPlain } from '../../src/config/yaml-plain.ts';
import { repository } from '../support/program.ts';

const ENVIRONMENT = { SET: 'from the environment' };
const RUNS = Number(process.env.RUNS ?? 1000);
const MARKER = '---\n';

/** Every path of the value, and some beyond it. */
function pathsIn(value: unknown, path: Path = []): readonly Path[] {
  const inner =
    typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([key, one]) => pathsIn(one, [...path, Array.isArray(value) ? Number(key) : key]))
      : [];
  return [path, [...path, 'absent'], [...path, 99], ...inner];
}

/** The value, the faults, and the places of a reading. @param before the lines before the text */
function describe(file: YamlFile, before: number) {
  const { value, faults, unknown } = file;
  const found = faults.splice(0);
  for (const path of pathsIn(value))
    for (const about of ['value', 'key', { line: 1, column: 3 }] as const)
      file.complain(path, 'wrong', 'warning', about);
  const all = [...found, ...faults].map((fault) => ({ ...fault, line: Math.max(1, fault.line - before) }));
  return { value, faults: all, unknown, lines: pathsIn(value).map((path) => Math.max(1, file.lineOf(path) - before)) };
}

function assertSame(text: string): void {
  const file = readYaml(MARKER + text, ENVIRONMENT);
  // A text that cannot be parsed is read in whole, and nothing has a place in a text without a key.
  if (file.value === undefined || isDeepStrictEqual(file.value, {})) {
    assert.deepEqual(readYaml(text, ENVIRONMENT).value, file.value, text);
    return;
  }
  const whole = describe(file, 1);
  const parsed = createParsedParts();
  assert.deepEqual(describe(readYaml(text, ENVIRONMENT, { parsed }), 0), whole, text);
  const again = createParsedParts(parsed.all());
  assert.deepEqual(describe(readYaml(text, ENVIRONMENT, { parsed: again }), 0), whole, text);
}

const TEXTS = [
  'issuer: https://login.example.com\n# a comment\n\nrules:\n  # of a rule\n  - name: a\n    when: |\n      # not a comment\n      x == "a"\n\n  # of another\n  - { name: b }\nlog: json\n',
  'rules: # those\n- a: 1\n  b: |+\n    text\n\n\n- c\nother:\n  - - x\n    - y\n  -\n    z: 1\n',
  'a: &name [1, 2]\nb: *name\n',
  'a:\n  - &name 1\n  - *name\n',
  'a:\n  - [*name]\n  - &name 1\n',
  'a: 1\nb: 2\na: 3\n',
  'a:\n  - x: 1\n    x: 2\n',
  'a:\n  - "two\n  - lines"\n',
  'a: "two\nb: lines"\n',
  'a: [1,\nb: 2]\n',
  'a:\n  - {x: 1,\n  - y: 2}\n',
  'a:\n  - x\n b: 1\n',
  'a:\n    - x\n  - y\n',
  'a:\n  - ${SET}\n  - ${UNSET}\nb: ${UNSET:-1}\n',
  'a: 12345678901234567890\nb:\n  - 1e400\n',
  'null: 1\ntrue: 2\n',
  'null:\n  - 1\n',
  '? a\n: b\nc: d\n',
  'a: b\n  c\nd: |\n e\nf: >-\n  g\n  h\n',
  'a: !tag b\n',
  'a:\n- b\n...\nc: d\n',
  'a:\r\n  - b\r\n  - c: d\r\ne: f\r\n',
  'a:\n\t- b\nc: d\n',
  'a:\n  - b\n\t- c\n',
  'a: |\n  b\n# c\n  d\n',
  '__proto__:\n  - a\nb: { __proto__: c }\n',
  'a\nb\n',
  '- a\n- b: c\n',
];

test('reads the same in parts as in whole, with the same faults at the same places', () => {
  for (const text of TEXTS) assertSame(text);
  for (const page of ['docs/reference/configuration.md', 'docs/guides/teams.md'])
    for (const [, text = ''] of readFileSync(join(repository, page), 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g))
      assertSame(text);
});

/** Values of entries. Their further lines are indented below the first. */
const VALUES = [
  'a',
  '12',
  '"b: c"',
  "'d # e'",
  '[f, g]',
  '{ h: i }',
  '{ j: [k, l],\n  m: n }',
  'o: p',
  'q: r # s\nt:\n  - u\n  - v',
  'w: |\n  x\n  # y\n\n  z',
  'a: >-\n  b\n  c\nd: e',
  'f: |+\n  g\n\n',
  '- h\n- i',
  'j:\n- k\n- l: m',
  'n: ${SET}',
  'o: "p\n  q"',
  'r: s\n  t',
  '&u v',
  'x: &y z\na: *y',
  '',
  '|\n b',
  'c:',
  '? d\n: e',
  '"f": g',
  'https://h.example/i',
  'j: ${SET:-k}',
];
/** Lines that make most texts invalid, or that belong to another entry than they seem to. */
const ODD = [
  '"open',
  "'open",
  '[open',
  '{open',
  '&n x',
  '*n',
  '*y',
  '${NO}',
  '!t u',
  '- v',
  'w: x',
  ']',
  '}',
  '"',
  'k: |2',
  '#',
  '# - c',
  '- # d',
  'a:',
  '  ',
  '\t',
  '\r',
  ': e',
  'null: f',
  'b: c: d',
];

const indented = (text: string, by: number): string => text.replaceAll('\n', `\n${' '.repeat(by)}`);
const entry = fc.constantFrom(...VALUES);
const section = fc
  .record({
    entries: fc.array(entry, { maxLength: 4 }),
    indent: fc.constantFrom(0, 2, 4),
    isList: fc.constantFrom(true, true, false),
    comment: fc.constantFrom('', '', ' # c'),
  })
  .map(({ entries, indent, isList, comment }) => {
    if (!isList) return ` ${indented(entries[0] ?? '', 2)}${comment}`.replace(/^ (?=.*: )/, `${comment}\n  `);
    return [comment, ...entries.map((one) => `${' '.repeat(indent)}- ${indented(one, indent + 2)}`)].join('\n');
  });
const oddity = fc.record({ at: fc.nat(), indent: fc.constantFrom(0, 1, 2, 4), text: fc.constantFrom(...ODD) });
const text = fc
  .record({
    sections: fc.array(section, { minLength: 1, maxLength: 4 }),
    oddities: fc.array(oddity, { maxLength: 2 }),
    feed: fc.constantFrom('\n', '\n', '\r\n'),
  })
  .map(({ sections, oddities, feed }) => {
    const lines = sections.flatMap((body, index) => `${'abcd'[index]}:${body}`.split('\n'));
    for (const { at, indent, text: odd } of oddities)
      lines.splice(at % (lines.length + 1), 0, ' '.repeat(indent) + odd);
    return `${lines.join(feed)}${feed}`;
  });

test('divides a text whose lines end with a carriage return, too', () => {
  const text = 'a:\n  - b # c\n  - d\ne: f\n';
  const pathsOf = (one: string) => divide(one)?.map(({ path }) => path);
  assert.deepEqual(pathsOf(text), [['a', 0], ['a', 1], ['e']]);
  assert.deepEqual(pathsOf(text.replaceAll('\n', '\r\n')), pathsOf(text));
});

test('reads any text the same in parts as in whole', () => {
  fc.assert(fc.property(text, assertSame), { seed: 19, numRuns: RUNS });
});

const PLAIN = [
  "  - audience: https://a.example\n    locations: ['https://a.example/v1']\n    scopes: [read, 'a.read', \"x\"] # those\n    token: { lifetime: 10m, typ: JWT }\n",
  '- name: a rule of no one\n  when: subject.claims.sub != "ada" && request.n[0] == 1\n  grant:\n    scopes: { read: [a, b] }\n    lifetime: 5\n',
  'server:\n  port: 8080\n  # a comment\n  tls:\n    files:\n    - a/b.pem\n    - c: null\n      d: true\n  limits: {}\n',
  '  - name: a\n    client: b\n    subject: { issuer: self, types: [access_token], clients: [] }\n    grant: { audiences: [https://c.example:8443/d], lifetime: 5m }\n',
];
const TOKENS =
  '- |: |:| |\n|\n  |[|]|{|}|,|, |"|\'|#| #|a: |b|0|01|1e3|0x1|~|*|&a |!|%|@|`|?|..|true|Null|\t|\\|---|$|<<: |é|>|k:\n  - '
    .split('|')
    .concat('|');
const edits = fc.array(fc.record({ at: fc.nat(), cut: fc.nat(2), token: fc.constantFrom('', ...TOKENS) }), {
  maxLength: 3,
});

test('reads the usual YAML without the parser as the parser reads it, and leaves it the rest', () => {
  let plain = 0;
  fc.assert(
    fc.property(fc.constantFrom(...PLAIN), edits, (text, changes) => {
      const changed = changes.reduce((before, { at, cut, token }) => {
        const place = at % (before.length + 1);
        return before.slice(0, place) + token + before.slice(place + cut);
      }, text);
      const read = readPlain(changed);
      if (read === undefined) return;
      plain++;
      const { document, syntax, problems } = openDocument(changed, { environment: {}, forbidden: () => undefined });
      assert.deepEqual([syntax, problems, document.toJS()], [undefined, [], read.value], changed);
    }),
    { seed: 19, numRuns: RUNS },
  );
  assert.ok(plain > RUNS / 5, `${plain}`);
  for (const text of ['', 'a: ${SET}\n', `a: ${'['.repeat(9999)}`, '- &a b\n- *a\n', 'a: 1\na: 2\n'])
    assert.equal(readPlain(text), undefined, text);
});

test('parses only the parts that changed since the reading before, and again those that read the environment', () => {
  const entries = (value: unknown): readonly unknown[] => (value as { readonly rules: readonly unknown[] }).rules;
  const text = 'rules:\n  - name: a\n  - name: b\n  - name: ${NAME}\n';
  const before = createParsedParts();
  const [a] = entries(readYaml(text, { NAME: 'c' }, { parsed: before }).value);
  const changed = text.replace('b', 'new');
  const now = entries(readYaml(changed, { NAME: 'd' }, { parsed: createParsedParts(before.all()) }).value);
  assert.deepEqual(now, [{ name: 'a' }, { name: 'new' }, { name: 'd' }]);
  assert.equal(now[0], a);
});

test('parses a part again whose variable is hidden in an escape, and forbids the variable as in a first reading', () => {
  const forbidden = (name: string): string => `${name} is not for this file`;
  for (const hidden of ['"\\x24{SECRET}"', '"$\\x7bSECRET}"', '"\\u0024{SECRET:-none}"', '"$\\\n      {SECRET}"']) {
    const text = `clients:\n  - id: x\n    secret: ${hidden}\n  - id: y\n    secret: "\\x24SECRET"\n`;
    const before = createParsedParts();
    const first = readYaml(text, { SECRET: 'hunter2' }, { parsed: before }).value as { clients: readonly unknown[] };
    assert.deepEqual(first.clients[0], { id: 'x', secret: 'hunter2' }, hidden);
    const next = () => createParsedParts(before.all());
    const second = readYaml(text, { SECRET: 'two' }, { parsed: next() }).value as { clients: readonly unknown[] };
    assert.deepEqual(second.clients[0], { id: 'x', secret: 'two' }, hidden);
    // The other part has no variable, and is kept.
    assert.equal(second.clients[1], first.clients[1]);
    const limited = { forbidden, parsed: next() };
    const again = readYaml(text, {}, limited);
    assert.deepEqual(
      [again.value, again.faults],
      [readYaml(text, {}, { forbidden }).value, readYaml(text, {}, { forbidden }).faults],
    );
    assert.equal(JSON.stringify(again.value).includes('hunter2'), false);
  }
});

test('names a fault in lists that are called constructor and __proto__', () => {
  const { faults } = readYaml('constructor:\n  - ${NO}\n__proto__:\n  - ${NO}\n', {});
  assert.deepEqual(
    faults.map(({ path }) => path),
    ['constructor[0]', '__proto__[0]'],
  );
});
