// Comparison of distinguished names: RFC 4514 for the text, RFC 5280 for the certificate, RFC 4517 for the values.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { subjectOf, urisOf } from '../../src/client-auth/certificate-names.ts';
import { parseDistinguishedName } from '../../src/client-auth/distinguished-name.ts';
import { selfIssued } from '../support/tls-client.ts';

const same = (...texts: readonly string[]): void => {
  const [first, ...others] = texts.map(parseDistinguishedName);
  assert.notEqual(first, undefined, texts[0]);
  for (const [index, other] of others.entries()) assert.equal(other, first, texts[index + 1]);
};

test('treats different spellings of a name as equal (MT-02)', () => {
  same('CN=Ada,O=Example', 'cn=ada,o=example', ' CN = Ada , O = Example', '2.5.4.3=ADA,2.5.4.10=example');
  same('CN=Ada  Lovelace,O=x', 'CN=ada lovelace,O=x', 'CN=\\ Ada Lovelace\\ ,O=x');
  same('CN=a+UID=7,O=x', 'UID=7+CN=a,O=x');
  same('CN=Back\\, Office', 'CN=Back\\2C Office', 'CN=back\\2c office');
  same('CN=Lu\\C4\\8Di\\C4\\87', 'CN=Lučić', 'CN=#0c074c75c48d69c487');
  same('CN=\\#1\\=\\"\\\\\\;\\<\\>\\+', 'CN=\\23\\31\\3d\\22\\5c\\3b\\3c\\3e\\2b');
});

test('distinguishes names that differ in a part, its order or its kind', () => {
  const distinct = [
    'CN=a,O=b',
    'O=b,CN=a',
    'CN=a',
    'CN=a+O=b',
    'CN=a,OU=b',
    'CN=a\\,O\\=b',
    'CN=a,O=b,C=DE',
    'CN=ab,O=',
  ];
  const told = distinct.map(parseDistinguishedName);
  assert.equal(new Set(told).size, distinct.length);
  assert.deepEqual(
    told.map((one) => one !== undefined),
    distinct.map((_, index) => index < 7),
  );
});

test('refuses text that is not a name', () => {
  const bad = [
    '',
    ',',
    'CN',
    'CN=',
    'CN=a,',
    'CN=a;O=b',
    'CN="a"',
    'CN=a\\',
    'CN=a\\4',
    'CN=a\\zz',
    'CN=\\ff',
    'CN=#0',
    'CN=#0c',
  ];
  for (const text of [...bad, 'CN=#0c05aa', 'XY=a', '2=a', 'CN=a=b+', 'CN=a\0', '/O=x/CN=a'])
    assert.equal(parseDistinguishedName(text), undefined, text);
  same('CN=a=b', 'CN=a\\=b');
});

test('reads the same names from a certificate, in any encoding', async () => {
  const { x509 } = await selfIssued({
    name: [{ C: ['DE'] }, { O: ['Example & Söhne'] }, { OU: ['a', 'b'] }, { CN: ['x, y'] }],
    names: [
      { type: 'url', value: 'https://a.example/?x=1,URI:https://b.example' },
      { type: 'dns', value: 'c.example' },
      { type: 'url', value: 'urn:d' },
    ],
  });
  assert.equal(subjectOf(x509), parseDistinguishedName('CN=x\\, y,OU=b+OU=a,O=EXAMPLE & söhne,C=de'));
  assert.deepEqual(urisOf(x509), ['https://a.example/?x=1,URI:https://b.example', 'urn:d']);
  const bare = await selfIssued({ name: 'CN=nobody' });
  assert.deepEqual(urisOf(bare.x509), []);
});
