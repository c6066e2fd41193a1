// The worst form, token and JSON that pass each gate take less than 20 ms of CPU. The worst SAML assertion is measured in
// saml/byte-gate.test.ts, the worst conditions in policy/cannot-tell.test.ts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseForm } from '../../src/http/form.ts';
import { readCompact } from '../../src/keys/jws.ts';
import { redactTokens } from '../../src/primitives/redact.ts';
import { Refusal, TokenRefusal } from '../../src/primitives/refusal.ts';
import { parseJsonObject } from '../../src/primitives/strict-json.ts';
import { assertQuick } from '../support/processor.ts';

const LIMIT_MS = 20;

/** A refusal is a result, too, and must not take longer. */
function orRefused(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof Refusal || error instanceof TokenRefusal)) throw error;
  }
}

const assertReads = (what: string, run: () => unknown): Promise<void> =>
  assertQuick(what, LIMIT_MS, () => orRefused(run));

const fill = (text: string, length: number): string => text.repeat(Math.floor(length / text.length));
const members = (count: number, value = '1'): string =>
  Array.from({ length: count }, (_, index) => `"m${index}":${value}`).join(',');

const BODY = 1_048_576;
const forms: Readonly<Record<string, string>> = {
  'one long value': `a=${fill('x', BODY - 2)}`,
  'one value in escapes': `a=${fill('%41', BODY - 2)}`,
  'one value of two-byte letters': `a=${fill('%C3%A9', BODY - 2)}`,
  'plus signs': `a=${fill('+', BODY - 2)}`,
  'as many parameters as may be': fill(`${fill('a', 2000)}=${fill('%41', 2000)}&`, BODY).slice(0, -1),
  'plus signs in as many parameters as may be': fill(`a=${fill('+', 4000)}&`, BODY).slice(0, -1),
  'nothing but separators': fill('&', BODY),
  'nothing but signs of equality': fill('=', BODY),
  'a name of escapes': `${fill('%5F', BODY - 2)}=`,
  'broken at the end': `a=${fill('%41', BODY - 6)}%4`,
};

/** As many members as fit into the length and pass the parser. */
const namesIn = (length: number, name: (index: number) => string, value: string): string =>
  Array.from({ length: 16_384 }, (_, index) => `"${name(index)}":${value}`)
    .join(',')
    .slice(0, length - 10)
    .replace(/,[^,]*$/, '');

/** By the bytes that the caller of each gate accepts. */
const documents = (length: number): Readonly<Record<string, string>> => ({
  'many members': `{${members(Math.floor(length / 12))}}`,
  'many members of long names': `{${Array.from({ length: length / 64 }, (_, index) => `"${String(index).padStart(54, 'x')}":1`).join(',')}}`,
  'a list of numbers': `{"a":[${fill('1,', length - 20)}1]}`,
  'a list of long numbers': `{"a":[${fill('0.12345678901234567,', length - 40)}1]}`,
  'one number without end': `{"a":0.${fill('1', length - 10)}}`,
  'one number of a great exponent': `{"a":1e${fill('0', length - 10)}1}`,
  'one long text': `{"a":"${fill('x', length - 10)}"}`,
  'one text of escapes': `{"a":"${fill('\\u0041', length - 10)}"}`,
  'one text of backslashes': `{"a":"${fill('\\\\', length - 10)}"}`,
  'a text of braces': `{"a":"${fill('{[', length - 10)}"}`,
  'many texts': `{"a":[${fill('"",', length - 20)}""]}`,
  'nesting as deep as may be': `{"a":${fill('[', 62)}1${fill(']', 62)},"b":[${fill('{"c":[]},', length - 200)}1]}`,
  'nesting deeper than may be': fill('{"a":', length),
  blanks: `{${fill(' ', length - 10)}"a":1}`,
  'as many members as may be, of names in escapes': `{ ${namesIn(length, (index) => `\\u0061${'x'.repeat(18)}${index}`, '1')}}`,
  'as many members as may be, of names that are numbers': `{ ${namesIn(length, (index) => `${4_294_967_294 - index * 7}`, '1')}}`,
  'as many members as may be, of short names in escapes': `{ ${namesIn(length, (index) => `\\u00e9${index.toString(36)}`, '1')}}`,
  'objects, each of which holds another of another, without a comma': `{ "a":[${fill('{"4294967293":{"4294967293":{"4294967293":{}}}},', Math.min(length - 40, 48 * 3276))}{}]}`,
  'more of them than may be': `{ "a":[${fill('{"4294967293":{"4294967293":{"4294967293":{}}}},', Math.min(length - 40, 48 * 16_000))}{}]}`,
  'members of objects, each with a number for a name': `{ ${fill('"4294967293":{"4294967291":1},', Math.min(length - 40, 30 * 8190))}"a":1}`,
  'a member that stands twice at the end': `{${members(Math.floor(length / 13))},"m0":2}`,
});

test('reads the worst form in less than 20 ms of CPU', async () => {
  for (const [what, body] of Object.entries(forms)) {
    const bytes = Buffer.from(body);
    await assertReads(what, () => parseForm('application/x-www-form-urlencoded', bytes));
  }
});

test('reads the worst JSON of an admin request, and of an answer from outside, in less than 20 ms of CPU', async () => {
  for (const length of [524_288, BODY])
    for (const [what, text] of Object.entries(documents(length))) {
      await assertReads(`${what}, ${length} characters`, () => parseJsonObject(text));
    }
});

test('reads the worst token in less than 20 ms of CPU', async () => {
  const encode = (text: string): string => Buffer.from(text).toString('base64url');
  const header = encode('{"alg":"ES256","typ":"at+jwt"}');
  for (const [what, text] of Object.entries(documents(45_000)))
    for (const token of [
      `${header}.${encode(text)}.AAAA`,
      `${encode(text)}.e30.AAAA`,
      `${header}.e30.${encode(text)}`,
    ]) {
      await assertReads(what, () => readCompact(token));
    }
});

const paths: Readonly<Record<string, string>> = {
  'beginnings of tokens': fill('eyJ', 65_536),
  'beginnings with dots': fill('eyJaaaaaaaa.', 65_536),
  'prefixes of opaque tokens': fill('cambio_at_', 65_536),
  dots: fill('.', 65_536),
};

for (const [name, text] of Object.entries(paths)) {
  test(`tokens are redacted from 64 KiB of ${name} in less than ${LIMIT_MS} ms`, async () => {
    await assertReads(name, () => redactTokens(text));
  });
}

test('a token is redacted wherever it stands, and other text is kept', () => {
  const part = 'a'.repeat(20);
  const jwt = `eyJ${part}.${part}.${part}`;
  for (const [text, kept] of [
    [`/x/${jwt}?y=1`, '/x/[withheld]?y=1'],
    [`id.x${jwt} and ${jwt}`, 'id.x[withheld] and [withheld]'],
    [`cambio_rt_${part}`, '[withheld]'],
    [`${jwt}.cambio_at_${part}`, '[withheld][withheld]'],
    [`xcambio_at_${part}/y`, 'x[withheld]/y'],
    ['https://api.example/v1/orders.of.eyJane.com', 'https://api.example/v1/orders.of.eyJane.com'],
    ['cambio_at_1', 'cambio_at_1'],
  ] as const)
    assert.equal(redactTokens(text), kept);
});
