// After any change to its bytes, an assertion is refused or has exactly the signed identity.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TokenRefusal } from '../../src/primitives/refusal.ts';
import { passByteGate } from '../../src/saml/byte-gate.ts';
import { createXmlLoader, readDocument } from '../../src/saml/document.ts';
import type { SamlContext, SamlIdentity } from '../../src/saml/identity.ts';
import { read } from '../support/saml-check.ts';
import {
  all,
  assertion1,
  assertion2,
  attribute2,
  contextFor,
  element,
  identityProvider,
  sign,
  trustIn,
  x509,
} from '../support/saml-signer.ts';

const idp = identityProvider();
const versions = [
  ['saml2', sign(assertion2(idp), idp.key, { keyInfo: x509(idp.certificate) })],
  ['saml1', sign(assertion1(idp), idp.key)],
] as const;
const parser = await createXmlLoader()();

/** The identity, or undefined for a refusal. Any other error fails the test. */
async function attempt(document: string | Uint8Array, context: SamlContext): Promise<SamlIdentity | undefined> {
  try {
    return await read(document, context);
  } catch (error) {
    if (error instanceof TokenRefusal && error.detail !== undefined && error.detail.length < 2000) return undefined;
    throw error;
  }
}

/** Fragments that change the structure of XML. */
const piece = fc.oneof(
  fc.constantFrom(
    '<',
    '>',
    '/',
    '"',
    "'",
    '&',
    '=',
    ' ',
    '\n',
    '\r',
    '\0',
    '&#13;',
    '&amp;',
    '&lt;',
    ']]>',
    '<!--',
    '-->',
    '<?',
    '<![CDATA[',
  ),
  fc.constantFrom(
    '<x/>',
    '</saml:Subject>',
    '<saml:Subject>',
    ' ID="_a1"',
    ' xmlns:saml="urn:x"',
    ' xmlns="urn:x"',
    ' xml:id="_a1"',
    'ds:',
    'saml:',
  ),
  fc.string({ unit: 'binary', maxLength: 4 }),
);

interface Edit {
  readonly at: number;
  readonly remove: number;
  readonly insert: string;
}
const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  remove: fc.nat(40),
  insert: piece,
});

const apply = (document: string, edits: readonly Edit[]): string =>
  edits.reduce((text, { at, remove, insert }) => {
    const start = Math.floor(at * text.length);
    return text.slice(0, start) + insert + text.slice(start + remove);
  }, document);

for (const [version, signed] of versions) {
  const context = contextFor([trustIn(idp)], { version });

  test(`${version}: edits of the text never change the identity (SA-11)`, async () => {
    const identity = await read(signed, context);
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
        const found = await attempt(apply(signed, edits), context);
        if (found !== undefined) assert.deepEqual(found, identity);
      }),
      { numRuns: 3000 },
    );
  });

  test(`${version}: changed bytes never change the identity`, async () => {
    const identity = await read(signed, context);
    const bytes = Buffer.from(signed);
    const change = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const changed = Buffer.from(bytes);
        for (const [at, value] of changes) changed[at] = value;
        const found = await attempt(changed, context);
        if (found !== undefined) assert.deepEqual(found, identity);
      }),
      { numRuns: 2000 },
    );
  });

  test(`${version}: moved or duplicated parts never change the identity (SA-11)`, async () => {
    const identity = await read(signed, context);
    const position = fc.nat(signed.length);
    await fc.assert(
      fc.asyncProperty(position, position, position, fc.boolean(), async (a, b, to, keep) => {
        const [start, end] = [Math.min(a, b), Math.max(a, b)];
        const part = signed.slice(start, end);
        const rest = keep ? signed : signed.slice(0, start) + signed.slice(end);
        const found = await attempt(rest.slice(0, to) + part + rest.slice(to), context);
        if (found !== undefined) assert.deepEqual(found, identity);
      }),
      { numRuns: 1000 },
    );
  });
}

test('reads any text as it was signed', async () => {
  const context = contextFor([trustIn(idp)]);
  const text = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
    .filter((value) => !/[\p{Cc}\p{Cs}\ufffe\uffff]/u.test(value));
  const control = fc.constantFrom('\t', '\n', '\r', '\r\n', '&amp;', ']]>', '<!--', '"', "'");
  const value = fc.array(fc.oneof(text, control), { maxLength: 4 }).map((parts) => parts.join(''));
  await fc.assert(
    fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 3 }), value, async (values, name) => {
      const assertion = assertion2(idp, { attributes: all(attribute2(`n${name}`, ...values)) });
      const { attributes } = await read(sign(assertion, idp.key), context);
      assert.deepEqual(Object.entries(attributes), [[`n${name}`, values]]);
    }),
    { numRuns: 300 },
  );
});

test('a document that the byte gate and the parser accept holds only elements and text', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      try {
        const bytes = Buffer.from(`<a>${pieces.join('')}</a>`);
        passByteGate(bytes);
        readDocument(parser, bytes);
      } catch (error) {
        assert.ok(error instanceof TokenRefusal);
      }
    }),
    { numRuns: 5000 },
  );
});

test('frees every document, accepted or refused', async () => {
  const context = contextFor([trustIn(idp)]);
  // A parsed attribute takes twenty times its text: two megabytes for each document.
  const letters = [...'ABCDEabcdefghijklmnopqrstuvwxyz'].map((name) => [name, ''] as const);
  const value = element('saml:AttributeValue', Object.fromEntries(letters));
  const attributes = element('saml:Attribute', { Name: 'x' }, ...Array.from({ length: 500 }, () => value));
  const large = sign(assertion2(idp, { attributes }), idp.key);
  const cuts = ['Conditions', 'DigestValue', 'Issuer', 'AttributeStatement'].map((name) =>
    large.replace(`${name}>`, `x${name}>`),
  );
  const relative = large.replace('<saml:Subject>', '<saml:Subject xmlns:x="relative">');
  const wellFormed = [large, large.replace('ada', 'eve'), relative, large.replaceAll('saml:Issuer', 'saml:x')];
  // It is parsed completely, and then refused.
  const doubtful = ['Subject', 'Conditions', 'AuthnStatement', 'Assertion'].map((name) =>
    large.replace(`</saml:${name}>`, '<no:x></no:x>$&'),
  );
  for (const document of wellFormed) await attempt(document, context);
  const before = process.memoryUsage().rss;
  for (let round = 0; round < 20; round++) {
    for (const document of [...wellFormed, ...cuts, ...doubtful]) await attempt(document, context);
  }
  const grown = (process.memoryUsage().rss - before) / (1 << 20);
  assert.ok(grown < 100, `${grown} MiB`);
});
