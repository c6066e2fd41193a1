// The kept form of configurations: digests, and changes in words.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type ConfigurationContent,
  canonical,
  digestText,
  keepConfiguration,
  listParts,
  readContent,
} from '../../src/audit/configuration.ts';
import { describeChange, findChanges, findEntry, summarize } from '../../src/audit/configuration-changes.ts';
import type { JsonObject } from '../../src/primitives/strict-json.ts';

const rule = (name: string | undefined, lifetime = '10m', scopes: readonly string[] = ['read']): JsonObject => ({
  ...(name !== undefined && { name }),
  client: 'gateway',
  grant: { audiences: ['https://api.example'], scopes, lifetime },
});

const base: JsonObject = {
  issuer: 'https://login.example',
  server: { port: 8080 },
  accounts: 2,
  issuers: [{ name: 'idp', issuer: 'https://idp.example' }],
  clients: [{ id: 'gateway', scopes: ['read'], refreshLifetime: '1d' }, { id: 'agent' }],
  rules: [rule('one'), rule('two'), rule('three')],
};

const of = (content: JsonObject, registered: Record<string, JsonObject> = {}): ConfigurationContent => ({
  files: [{ path: '', content }],
  registered,
});

const sortedOf = (content: ConfigurationContent | undefined): unknown => content && JSON.parse(canonical(content));

const wordsOf = (after: ConfigurationContent, before = of(base)): readonly string[] =>
  findChanges(before, after).map(describeChange);

const cases: Readonly<Record<string, readonly [ConfigurationContent, ...string[]]>> = {
  'nothing, in another order of keys': [of(Object.fromEntries(Object.entries(base).toReversed()))],
  'an added, a removed and a changed entry': [
    of({ ...base, issuers: [], rules: [rule('one', '5m'), rule('two'), rule('three'), rule('four')] }),
    'issuer idp removed',
    'rule one: grant.lifetime 10m → 5m',
    'rule four added',
  ],
  'a list': [
    of({ ...base, clients: [{ id: 'gateway', scopes: ['write', 'all'], refreshLifetime: '1d' }, { id: 'agent' }] }),
    'client gateway: scopes write, all added; read removed',
  ],
  'a key that is set, and one that no longer is': [
    of({ ...base, server: { host: '127.0.0.1' } }),
    'server: port 8080 → not set',
    'server: host not set → 127.0.0.1',
  ],
  'the number of accounts': [of({ ...base, accounts: 3 }), 'accounts 2 → 3'],
  'the order of rules': [
    of({ ...base, rules: [rule('three'), rule('one'), rule('two')] }),
    'rule three: moved to another place in the order',
  ],
  'a rule without a name': [
    of({ ...base, rules: [rule('one'), rule('two'), rule('three'), rule(undefined)] }),
    'rule 4 added',
  ],
  'a registered client': [of(base, { reports: { auth: 'none' } }), 'registered client reports added'],
  'an entry that moved to an included file': [
    {
      files: [
        { path: '', content: { ...base, rules: [rule('one'), rule('two')] } },
        { path: 'teams/a.yaml', content: { rules: [rule('three')] } },
      ],
      registered: {},
    },
    'rule three: file the main file → teams/a.yaml',
  ],
};

for (const [what, [after, ...expected]] of Object.entries(cases))
  test(`describes ${what}`, () => {
    assert.deepEqual(wordsOf(after), expected);
    const same = keepConfiguration(after).digest === keepConfiguration(of(base)).digest;
    assert.equal(same, expected.length === 0, 'the digest differs when something changed');
  });

test('cuts long values, and counts the changes beyond the first ones', () => {
  const long = of({ ...base, issuer: `https://${'x'.repeat(5000)}.example` });
  assert.ok((wordsOf(long)[0] ?? '').length < 330);
  const many = of({ ...base, rules: Array.from({ length: 100 }, (_, index) => rule(`rule of team ${index}`)) });
  const { changes, more } = summarize(findChanges(of(base), many));
  assert.deepEqual([changes.length, more], [20, 83]);
});

test('reads a configuration back from its texts, and not without one of them', () => {
  const numbered = Array.from({ length: 300 }, (_, index) => [`client-${index}`, { index }] as const);
  const registered = Object.fromEntries([...numbered, ['__proto__', { index: -1 }], ['constructor', { index: -2 }]]);
  const { digest, texts, content } = keepConfiguration(of(base, registered));
  const text = texts.get(digest) ?? '';
  assert.equal(digestText(text), digest);
  assert.equal(JSON.stringify(sortedOf(readContent(text, texts))), JSON.stringify(sortedOf(content)));
  assert.deepEqual(findChanges(readContent(text, texts) ?? of({}), content), []);
  assert.deepEqual(
    Object.keys(readContent(text, texts)?.registered ?? {})
      .filter((id) => !id.startsWith('client-'))
      .toSorted(),
    ['__proto__', 'constructor'],
  );
  const [part = ''] = listParts(text) ?? [];
  assert.equal(readContent(text, new Map([...texts].filter(([one]) => one !== part))), undefined);
  assert.equal(listParts(texts.get(part) ?? ''), undefined, 'a part is not a configuration');
  const other = keepConfiguration(of(base, { ...registered, 'client-7': { index: 'changed' } }));
  assert.equal([...other.texts.keys()].filter((one) => !texts.has(one)).length, 2, 'one part, and the list of parts');
});

test('finds a rule or a client by its name, wherever it stands', () => {
  const content = of(base, { reports: { auth: 'none' } });
  assert.deepEqual(findEntry(content, 'rules', 'two'), { entry: 'rule two', value: rule('two') });
  assert.equal(findEntry(content, 'clients', 'agent')?.entry, 'client agent');
  assert.equal(findEntry(content, 'clients', 'reports')?.entry, 'registered client reports');
  assert.equal(findEntry(content, 'clients', 'nobody'), undefined);
});
