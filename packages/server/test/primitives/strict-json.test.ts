// JSON from outside is read as every parser reads it, or refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isExactNumber, parseJsonFile, parseJsonObject } from '../../src/primitives/strict-json.ts';

const EXACT = {
  '9007199254740991': 9007199254740991,
  '-9007199254740991': -9007199254740991,
  '0': 0,
  '-0': -0,
  '1E2': 100,
  '1e+2': 100,
  '1.50e1': 15,
  '10e-1': 1,
  '1.0': 1,
  '0e999999999999999999999': 0,
  '0.1': 0.1,
  '0.10000000000000000055511': 0.1,
  '1735689600.123': 1735689600.123,
  '5e-324': 5e-324,
  '900719925474099100e-2': 9007199254740991,
} as const;

const ROUNDED = [
  '9007199254740992',
  '9007199254740993',
  '-9007199254740993',
  '1234567890123456789',
  '1234567890123456800',
  '10000000000000000000000',
  '1e22',
  '1E+309',
  '1e309',
  '-1e309',
  '1e99999999999999999999',
  '9007199254740991.4',
  '9007199254740992.5',
  '0.99999999999999999999',
  '41.99999999999999999999',
  '1e-400',
  '-1e-99999999999999999999',
  '10e-500',
];

/** Positions of a number, in canonical and other spellings. */
const places = (literal: string): string[] => [
  `{"a":${literal}}`,
  `{"a":[${literal}]}`,
  `{"a":[1,${literal},"x"]}`,
  `{"a":{"b":${literal}},"c":1}`,
  `{ "a" : ${literal} }`,
  `{"a":"\\u0061","b":\n${literal}\n}`,
];

test('reads a number as it is written', () => {
  for (const [literal, value] of Object.entries(EXACT)) {
    assert.ok(isExactNumber(literal), literal);
    assert.deepEqual({ ...parseJsonObject(`{"a":${literal}}`) }, { a: value }, literal);
    for (const text of places(literal)) assert.ok(parseJsonObject(text), text);
  }
});

test('refuses the whole text for a number that a double would round (RFC 7493 section 2.2)', () => {
  for (const literal of ROUNDED) {
    assert.ok(!isExactNumber(literal), literal);
    for (const text of places(literal)) assert.equal(parseJsonObject(text), undefined, text);
  }
});

test('does not take digits in a string for a number', () => {
  for (const literal of ROUNDED) {
    const value = { sub: literal, list: [`:${literal}`, `,${literal}`, `[${literal}`], [`a":${literal}`]: '' };
    for (const space of [0, 1])
      assert.deepEqual({ ...parseJsonObject(JSON.stringify(value, null, space)) }, value, literal);
  }
});

test('refuses the whole text for a duplicate member, in any spelling and at any depth', () => {
  const names = ['a', '', '__proto__', 'constructor', '0', '4294967294', '-1', 'é', '\ud83d\ude00', '":', '\\'];
  const escaped = (name: string): string =>
    `"${[...Array(name.length).keys()].map((at) => `\\u${name.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')}"`;
  for (const name of names)
    for (const first of [JSON.stringify(name), escaped(name)])
      for (const second of [JSON.stringify(name), escaped(name)])
        for (const around of [
          (members: string) => `{${members}}`,
          (members: string) => `{"x":{${members}}}`,
          (members: string) => `{"x":[1,{${members}}], "y":":"}`,
        ]) {
          assert.equal(parseJsonObject(around(`${first}:1,${second}:{"b":2}`)), undefined, first);
          assert.equal(parseJsonObject(around(`${first}:{"b":2},${second} : 1`)), undefined, first);
          assert.ok(parseJsonObject(around(`${first}:{"b":1},"other" :{"b":1}`)), first);
        }
  assert.deepEqual(Object.keys(parseJsonObject('{ "__proto__":{"a":1} }') ?? {}), ['__proto__']);
});

test('never reads two different integers as equal, in any spelling', () => {
  const integer = fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n });
  const spelled = fc.tuple(integer, fc.nat(3), fc.constantFrom('', '.0', 'e0', '.00E+0')).map(([value, zeros, end]) => {
    const shifted = value % 10n ** BigInt(zeros) === 0n && zeros > 0;
    return { value, literal: shifted ? `${value / 10n ** BigInt(zeros)}e${zeros}` : `${value}${end}` };
  });
  const near = fc.bigInt({ min: 2n ** 53n - 4n, max: 2n ** 53n + 4n }).map((value) => ({ value, literal: `${value}` }));
  fc.assert(
    fc.property(fc.oneof(spelled, near), ({ value, literal }) => {
      const read = parseJsonObject(`{"a":${literal}}`);
      const safe = value <= 2n ** 53n - 1n && value >= -(2n ** 53n) + 1n;
      assert.equal(read === undefined ? undefined : BigInt(read.a as number), safe ? value : undefined, literal);
    }),
    { seed: 1, numRuns: 2000 },
  );
});

test('counts commas, brackets and colons outside strings only', () => {
  const text = ',[{:'.repeat(20_000);
  for (const space of [0, 1]) assert.deepEqual({ ...parseJsonObject(JSON.stringify({ text }, null, space)) }, { text });
  const list = (elements: number): string => `{"a":[${'1,'.repeat(elements - 1)}1]}`;
  assert.ok(parseJsonObject(list(16_383)));
  assert.equal(parseJsonObject(list(16_384)), undefined);
  assert.ok(parseJsonFile(list(16_384)));
});

test('refuses text that ends in a string, and nesting of more than 64 levels', () => {
  const nested = (levels: number): string => `{"a":${'['.repeat(levels - 1)}1${']'.repeat(levels - 1)}}`;
  for (const read of [parseJsonObject, parseJsonFile]) {
    for (const text of ['{"a', '{"a\\', '{"a":"', '{"a":1e', '{"a":-']) assert.equal(read(text), undefined, text);
    assert.ok(read(nested(64)));
    assert.equal(read(nested(65)), undefined);
    assert.equal(read('{"a":9007199254740993}'), undefined);
  }
});

test('reads a long number in time proportional to its length', () => {
  for (const literal of [`0.${'0'.repeat(200_000)}1`, `1${'0'.repeat(200_000)}1`, `${'0.'.padEnd(200_000, '10')}e3`]) {
    isExactNumber(literal);
    parseJsonObject(`{"a":${literal}}`);
  }
});

test('reads at most as many numbers as a text may have items, also in text that is not JSON', (t) => {
  const { mock } = t.mock.method(Number, 'isInteger');
  for (const [start, between] of [
    ['{"a":[', ','],
    ['{"a":', ' '],
    ['', ' '],
    ['{"a":', '"b"'],
    ['[', '}'],
  ] as const) {
    mock.resetCalls();
    assert.equal(parseJsonObject(start + `1.0${between}`.repeat(100_000)), undefined);
    assert.ok(mock.callCount() <= 16_384, `${mock.callCount()} numbers: ${start}1.0${between}`);
  }
  assert.ok(parseJsonObject(`{"a":[${'1.0,'.repeat(16_382)}1.0]}`));
});
