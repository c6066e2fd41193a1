// Text from outside stays text when it is printed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printable, printableLines } from '../../src/primitives/printable.ts';

test('escapes text that could control a terminal, hide text or begin a line, and keeps letters of every script', () => {
  const escaped = {
    '\u001b[31mred': '\\u001b[31mred',
    '\u009b31mred\u009d0;title\u009c': '\\u009b31mred\\u009d0;title\\u009c',
    'a\u202egnp.exe': 'a\\u202egnp.exe',
    'a\u200bb\u00adc': 'a\\u200bb\\u00adc',
    'a\r\nb\tc\u0085d\u2028e': 'a\\u000d\\u000ab\\u0009c\\u0085d\\u2028e',
    '\ud800': '\\ud800',
    '\u{e0041}': '\\udb40\\udc41',
    '\u0000\u007f': '\\u0000\\u007f',
  };
  for (const [text, expected] of Object.entries(escaped)) {
    assert.equal(printable(text), expected);
    assert.equal(JSON.parse(`"${expected}"`), text, 'in JSON the value is the same');
  }
  for (const text of ['Zoë', '東京', 'قاهرة', 'e\u0301', '\u{1f600}', '“no” → \\u001b'])
    assert.equal(printable(text), text);
});

test('keeps the line ends of output, and escapes everything else', () => {
  assert.equal(printableLines('a\nb\r\nc\n'), 'a\nb\r\nc\n');
  assert.equal(printableLines('safe\rfake\u001b[2K\n'), 'safe\\u000dfake\\u001b[2K\n');
});
