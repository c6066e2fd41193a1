// The JSON Schema of the configuration file, beside the checks of `cambio check`: Ajv reads the one, Zod makes the other.
import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { configurationSchema, includedFileSchema, type JsonSchema } from '../../src/config/json-schema.ts';
import { configurationFile } from '../../src/config/schema.ts';
import { readYaml } from '../../src/config/yaml.ts';
import { cambio } from '../support/command.ts';
import { repository, temporaryFolder } from '../support/program.ts';

const schema = configurationSchema();
const validate = new Ajv2020({ strict: false }).compile(schema);
const bySchema = (value: unknown): boolean => validate(value);
const validateIncluded = new Ajv2020({ strict: false }).compile(includedFileSchema());
const byForm = (value: unknown): boolean => configurationFile.safeParse(value).success;

const read = (path: string): string => readFileSync(join(repository, path), 'utf8');
const filesOf = (pattern: string): readonly string[] => globSync(pattern, { cwd: repository });

/** Every configuration of the documentation and of the examples, with its place. */
const samples: readonly (readonly [place: string, text: string])[] = [
  ...['*.md', 'docs/**/*.md']
    .flatMap(filesOf)
    .flatMap((page) =>
      [...read(page).matchAll(/```yaml\n([\s\S]*?)```/g)]
        .map(([, text = '']) => [page, text] as const)
        .filter(([, text]) => /^issuer:/m.test(text)),
    ),
  ...[...filesOf('examples/issuers/*.yaml'), 'examples/quickstart/cambio.yaml'].map(
    (path) => [path, read(path)] as const,
  ),
];

test('accepts every configuration of the documentation and the examples, before variables are replaced', () => {
  assert.ok(samples.length > 25);
  for (const [place, text] of samples)
    assert.equal(bySchema(parse(text)), true, `${place}: ${validate.errors?.[0]?.message}`);
});

test('the first line of each example names the schema to editors', () => {
  for (const path of [...filesOf('examples/issuers/*.yaml'), 'examples/quickstart/cambio.yaml']) {
    const [, named = ''] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(read(path)) ?? [];
    assert.deepEqual(JSON.parse(read(join(dirname(path), named))), schema, path);
  }
});

test('accepts the included files of the documentation, whose first line names their schema, and no section of the main file', () => {
  const included = ['docs/**/*.md']
    .flatMap(filesOf)
    .flatMap((page) => [...read(page).matchAll(/```yaml team\n([\s\S]*?)```/g)]);
  assert.ok(included.length >= 2);
  for (const [, text = ''] of included) {
    assert.match(text, /^# yaml-language-server: \$schema=(?:\.\.\/)+cambio-included\.schema\.json\n/);
    assert.equal(validateIncluded(parse(text)), true, `${text}${JSON.stringify(validateIncluded.errors)}`);
    for (const [section, value] of [
      ['issuer', 'https://login.example.com'],
      ['include', 'more.yaml'],
      ['server', {}],
      ['rules', [{ name: 'without a client' }]],
      ['resources', [{ audience: 7, scopes: [] }]],
    ] as const)
      assert.equal(validateIncluded({ ...parse(text), [section]: value }), false, section);
  }
  assert.equal(validateIncluded({}), true);
});

/** Faults of the wrong files that a schema cannot see, and the one that only the schema sees as a fault of form. */
const OTHERWISE: Readonly<Record<string, string>> = {
  'an unset variable': 'a variable has a value only where the file is read',
  'issuer without scheme': 'check refuses it after the form',
  'a jwksUri without scheme': 'check refuses it after the form',
};

test('agrees with check about the form of each wrong file in messages.txt', () => {
  let [accepted, refused] = [0, 0];
  for (const block of read('packages/server/test/config/messages.txt').split('\n### ').slice(1)) {
    const [name = '', ...lines] = block.split('\n');
    const text = lines.filter((line) => !line.startsWith('! ')).join('\n');
    const { value } = readYaml(text, {});
    // YAML that cannot be read has no form, and what begins with * may be an alias without a value.
    if (value === undefined || /\*/.test(text.replace(/".*?"|'.*?'/g, ''))) continue;
    const expected = byForm(value) !== name in OTHERWISE;
    assert.equal(bySchema(parse(text, { uniqueKeys: false }) ?? {}), expected, name);
    expected ? accepted++ : refused++;
  }
  assert.ok(accepted > 20 && refused > 40, `${accepted} accepted, ${refused} refused`);
});

type Keys = readonly (string | number)[];

/** Every place of a value, with the value there. */
const placesOf = (value: unknown, at: Keys = []): readonly (readonly [Keys, unknown])[] => [
  [at, value],
  ...(typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, one]) => placesOf(one, [...at, Array.isArray(value) ? Number(key) : key]))
    : []),
];

/** The value with another one at the place; undefined removes the key. */
function withAt(value: unknown, [key, ...rest]: Keys, other: unknown): unknown {
  if (key === undefined) return other;
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) };
  const inner = (copy as Record<string | number, unknown>)[key];
  const changed = withAt(inner, rest, other);
  if (changed === undefined && !Array.isArray(copy)) delete (copy as Record<string | number, unknown>)[key];
  else (copy as Record<string | number, unknown>)[key] = changed;
  return copy;
}

test('sees a missing key, an unknown key and a value of another kind wherever check does, and refuses nothing else', () => {
  let count = 0;
  for (const [place, text] of samples) {
    const value = readYaml(text, { GATEWAY_SECRET: 's', WEB_SECRET: 's' }).value;
    for (const [at, old] of placesOf(value)) {
      const others: unknown[] = [7, true, 'https://a b', null, [], {}, [{}]];
      if (at.length > 0) others.push(undefined);
      if (typeof old === 'object' && old !== null && !Array.isArray(old)) others.push({ ...old, unknownKey: 1 });
      for (const other of others) {
        const changed = withAt(value, at, other);
        count++;
        const accepted = byForm(changed);
        // The rules of some texts, such as distinguished names, are known to check alone.
        if (!accepted && typeof other === 'string') continue;
        if (accepted !== bySchema(changed))
          assert.fail(
            `${place}: ${at.join('.')} = ${JSON.stringify(other)}: check ${accepted ? 'accepts' : 'refuses'} it`,
          );
      }
    }
  }
  assert.ok(count > 5000, `${count}`);
});

test('describes every key, and has patterns and examples of our own forms', () => {
  const undescribed = (one: JsonSchema, path: string): readonly string[] => [
    ...Object.entries(one.properties ?? {}).flatMap(([key, inner]) => [
      ...(inner.description === undefined && inner.not === undefined ? [`${path}.${key}`] : []),
      ...undescribed(inner, `${path}.${key}`),
    ]),
    ...[one.items, ...(one.anyOf ?? [])].flatMap((inner) => (inner === undefined ? [] : undescribed(inner, path))),
  ];
  assert.deepEqual(undescribed(schema, ''), []);
  const { examples, pattern, description, default: otherwise } = schema.properties?.keys?.properties?.rotateEvery ?? {};
  assert.deepEqual([examples, otherwise], [['10m', '1h', '30d'], '30d']);
  assert.match(['$', '{DAYS}d'].join(''), new RegExp(pattern ?? '^$'));
  assert.doesNotMatch('30', new RegExp(pattern ?? ''));
  assert.match(description ?? '', /^How long a key signs\.[\s\S]*10m, 1h or 30d/);
});

test('cambio schema prints it, or writes it to a file', async (t) => {
  const file = join(temporaryFolder(t), 'cambio.schema.json');
  const printed = await cambio(t, ['schema']);
  assert.deepEqual([printed.code, printed.stderr], [0, '']);
  assert.deepEqual(JSON.parse(printed.stdout), JSON.parse(read('docs/reference/cambio.schema.json')));
  const included = await cambio(t, ['schema', '--included']);
  assert.deepEqual(JSON.parse(included.stdout), JSON.parse(read('docs/reference/cambio-included.schema.json')));
  assert.deepEqual(await cambio(t, ['schema', '--out', file]), { code: 0, stdout: '', stderr: '' });
  assert.deepEqual(await cambio(t, ['schema', '--included', '--out', file]), { code: 0, stdout: '', stderr: '' });
  assert.deepEqual(await cambio(t, ['schema', '--out', file]), { code: 0, stdout: '', stderr: '' });
  for (const content of [
    'issuer: https://login.example\n',
    '{"$schema": "https://json-schema.org/draft/2020-12/schema"}',
    '',
  ]) {
    const own = `${file}.own`;
    writeFileSync(own, content);
    const { code, stderr } = await cambio(t, ['schema', '--out', own]);
    assert.deepEqual(
      [code, stderr],
      [
        2,
        `cambio: ${own} exists, and is not a schema that cambio wrote: it is not replaced. Example: --out cambio.schema.json\n`,
      ],
    );
    assert.equal(readFileSync(own, 'utf8'), content);
  }
  assert.equal(readFileSync(file, 'utf8'), printed.stdout);
  const missing = join(file, 'x.json');
  assert.deepEqual(await cambio(t, ['schema', '--out', missing]), {
    code: 1,
    stdout: '',
    stderr: `cambio: cannot write ${missing}: a part of its path is a file, not a folder\n`,
  });
});
