// Which bytes reach the XML parser? Each refusal has its accepted twin.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { readAssertion } from '../../src/saml/assertion.ts';
import { DS, EXCLUSIVE } from '../../src/saml/names.ts';
import { assertQuick } from '../support/processor.ts';
import { nameIn, read, refusal, refuses } from '../support/saml-check.ts';
import { encrypt } from '../support/saml-exchange.ts';
import {
  AUDIENCE,
  assertion2,
  attribute2,
  audienceRestriction,
  contextFor,
  decrypting,
  element,
  encode,
  identityProvider,
  sign,
  transform,
  trustIn,
} from '../support/saml-signer.ts';

const idp = identityProvider();
const context = contextFor([trustIn(idp)]);
const signed = sign(assertion2(idp), idp.key);
const accepted = () => read(signed, context);

const put = (content: string) => signed.replace('</saml:Subject>', () => content);

test('accepts base64url only, padded or not (SA-01)', async () => {
  // Its length needs padding, and its bytes need `-` or `_`.
  const xml = sign(assertion2(idp, { nameId: 'ådåÿ~?>' }), idp.key, { attributes: { Id: '_s' } });
  const token = [xml, `${xml} `, `${xml}  `].map(encode).find((one) => one.length % 4 === 2) ?? '';
  assert.equal(nameIn(await readAssertion(token, context)), 'ådåÿ~?>');
  await readAssertion(`${token}==`, context);
  const base64 = Buffer.from(token, 'base64url').toString('base64');
  const refused: readonly (readonly [string, RegExp])[] = [
    [base64.replace(/=+$/, ''), /base64 with \+ or \//],
    [`${token}=`, /not canonical base64url/],
    [`${token}===`, /not canonical base64url/],
    [`${token.slice(0, -1)}${token.endsWith('g') ? 'h' : 'B'}`, /not canonical base64url/],
    [` ${token}`, /white space/],
    [token.replace(/(.{76})/g, '$1\r\n'), /white space/],
    [`${token}\n`, /white space/],
    [xml, /it is plain XML/],
    [`${token}.`, /not canonical base64url/],
    ['', /does not begin with an XML element/],
  ];
  for (const [bad, detail] of refused) {
    const { fault, detail: found } = await refusal(bad, context);
    assert.deepEqual([fault, detail.test(found ?? '') || found], ['malformed', true]);
  }
});

test('never inflates a token', async () => {
  await accepted();
  await refuses(deflateRawSync(signed), context, 'malformed', /not UTF-8|does not begin|control/);
  await refuses(gzipSync(signed), context, 'malformed', /not UTF-8/);
  const bomb = deflateRawSync(Buffer.alloc(8 << 20, ' '));
  await assertQuick('a bomb', 5, () => refuses(bomb, context, 'malformed', /not UTF-8|does not begin/));
});

test('refuses a DOCTYPE and its declarations quickly (SA-10)', async () => {
  await accepted();
  const laughs = Array.from({ length: 12 }, (_, at) => `<!ENTITY l${at + 1} "${`&l${at};`.repeat(10)}">`).join('');
  const types = [
    '<!DOCTYPE x>',
    '<!DOCTYPE x [<!ENTITY e "ada">]>',
    `<!DOCTYPE x [<!ENTITY l0 "ha">${laughs}]>`,
    '<!doctype x>',
    '<!DOCTYPE x [<!ATTLIST x ID ID #IMPLIED>]>',
  ];
  for (const type of types) {
    await assertQuick(type, 5, () => refuses(type + signed, context, 'malformed', /DOCTYPE|entity/));
    await refuses(`<?xml version="1.0"?>\n${type}${signed}`, context, 'malformed', /DOCTYPE|entity/);
  }
  await refuses(signed.replace('>ada<', '>&e;<'), context, 'malformed', /entity that XML does not define/);
  await refuses(signed.replace('>ada<', '>&#97;&nbsp;<'), context, 'malformed', /entity/);
});

test('fetches nothing that a document refers to', async (t) => {
  let connections = 0;
  const listener = createServer(() => undefined).on('connection', () => connections++);
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  t.after(() => listener.close());
  const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/x`;
  await accepted();
  const documents = [
    `<!DOCTYPE x SYSTEM "${url}">${signed}`,
    `<!DOCTYPE x PUBLIC "-//X//X" "${url}">${signed}`,
    `<!DOCTYPE x [<!ENTITY e SYSTEM "${url}">]>${signed.replace('>ada<', '>&e;<')}`,
    `<!DOCTYPE x [<!ENTITY % p SYSTEM "${url}"> %p;]>${signed}`,
    `<?xml-stylesheet href="${url}"?>${signed}`,
    signed.replace('</saml:Subject>', `<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="${url}"/>$&`),
    signed.replace(
      'Version=',
      `xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:schemaLocation="urn:x ${url}" Version=`,
    ),
    signed.replace('URI="#_a1"', `URI="${url}"`),
    signed
      .replace('</ds:SignatureValue>', `$&<ds:KeyInfo><ds:RetrievalMethod URI="${url}"/></ds:KeyInfo>`)
      .replace('>ada<', '>eve<'),
  ];
  for (const document of documents) await assert.rejects(read(document, context));
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(connections, 0);
});

test('refuses comments, CDATA sections and processing instructions everywhere (SA-12)', async () => {
  await accepted();
  const pieces = [
    ['<!-- -->', /a comment/],
    ['<!---->', /a comment/],
    ['<![CDATA[x]]>', /a CDATA section/],
    ['<?x y?>', /a processing instruction/],
    ['<?xml version="1.0"?>', /a processing instruction/],
  ] as const;
  const places = [
    /(?<=>a)(?=da<)/,
    /(?=<ds:DigestValue>)/,
    /(?<=<ds:DigestValue>....)/,
    /(?<=<ds:SignatureValue>....)/,
    /$/,
    /^(?=.)/s,
  ];
  for (const [piece, detail] of pieces) {
    for (const spot of places) {
      if (spot.source.startsWith('^') && piece.startsWith('<?xml')) continue;
      await refuses(
        signed.replace(spot, () => piece),
        context,
        'malformed',
        detail,
      );
    }
  }
  // Signed with the comment: the canonical form drops it, and parsers could read different names.
  const commented = assertion2(idp, { nameId: 'admin@example.org' }).replace('@', '<!-- -->@');
  await refuses(sign(commented, idp.key), context, 'malformed', /a comment/);
});

test('accepts XML 1.0 in UTF-8 without byte order mark and control characters only (SA-10)', async () => {
  for (const declaration of ["<?xml version='1.0' encoding='utf-8'?>", '<?xml version="1.0" standalone="yes" ?>\r\n']) {
    await read(declaration + signed, context);
  }
  const utf16 = Buffer.from(`\ufeff<?xml version="1.0" encoding="UTF-16"?>${signed}`, 'utf16le');
  await refuses(utf16, context, 'malformed', /not UTF-8/);
  await refuses(utf16.subarray(2), context, 'malformed', /control character/);
  await refuses(utf16.swap16(), context, 'malformed', /not UTF-8/);
  const latin = `<?xml version="1.0" encoding="ISO-8859-1"?>${signed}`;
  await refuses(latin, context, 'malformed', /XML declaration that is not for XML 1.0/);
  await refuses(Buffer.from(latin.replace('ada', 'ådå'), 'latin1'), context, 'malformed', /not UTF-8/);
  await refuses(`<?xml version="1.1"?>${signed}`, context, 'malformed', /XML declaration that is not for XML 1.0/);
  await refuses(`<?xml version="1.0" encoding="UTF-7"?>${signed}`, context, 'malformed', /XML declaration/);
  await refuses(`\ufeff${signed}`, context, 'malformed', /does not begin/);
  await refuses(Buffer.concat([Buffer.from(signed), Buffer.from([0xc0, 0x80])]), context, 'malformed', /not UTF-8/);
  for (const char of ['\0', '\u0001', '\u000b', '\u001f']) {
    await refuses(signed.replace('>ada<', `>a${char}da<`), context, 'malformed', /control character/);
  }
  for (const char of ['&#0;', '&#1;', '&#xFFFE;', '&#xD800;', '\uffff']) {
    await refuses(signed.replace('>ada<', `>a${char}da<`), context, 'malformed', /well-formed/);
  }
});

test('refuses XML that is not well-formed (SA-10)', async () => {
  await accepted();
  const broken = [
    signed + signed,
    `${signed}text`,
    `text${signed}`,
    signed.slice(0, -1),
    signed.replace('</saml:Subject>', ''),
    signed.replace('<saml:Subject>', '<other:Subject>').replace('</saml:Subject>', '</other:Subject>'),
    signed.replace('Version="2.0"', 'Version="2.0" Version="2.0"'),
    signed.replace('Version="2.0"', 'Version=2.0'),
    signed.replace('Version="2.0"', 'Version="<"'),
    signed.replace('>ada<', '>a]]>da<'),
    signed.replace('>ada<', '>a&da<'),
    signed.replace('Version=', 'xmlns:a="u" xmlns:b="u" a:c="" b:c="" Version='),
    '<',
    '<a',
    '<a b="',
  ];
  for (const document of broken) {
    await refuses(document, context, 'malformed', /well-formed|does not begin|entity|does not end/);
  }
});

test('limits size, depth and width, and refuses quickly (SA-01, SA-10)', async () => {
  const filled = (length: number) =>
    sign(assertion2(idp, { attributes: attribute2('x', 'x'.repeat(length)) }), idp.key);
  await read(filled(100_000), context);
  await read(sign(assertion2(idp, { attributes: { xml: attribute2('x', 'y').xml.repeat(1000) } }), idp.key), context);
  await assertQuick('a long value', 20, () =>
    refuses(filled(1 << 20), context, 'malformed', /more than 174764 characters/),
  );
  await refuses(filled(140_000), context, 'malformed', /more than 174764 characters/);
  const deep = (depth: number) => put('<x>'.repeat(depth) + '</x>'.repeat(depth));
  await assertQuick('deep elements', 20, () => refuses(deep(10_000), context, 'malformed', /nest more than 32/));
  await refuses(deep(29), context, 'malformed', /well-formed/);
  await assertQuick('elements without an end', 20, () =>
    refuses(put('<x>'.repeat(40_000)), context, 'malformed', /nest more than 32/),
  );
  await assertQuick('many elements', 20, () =>
    refuses(put('<x/>'.repeat(30_000)), context, 'malformed', /more than 4096 elements/),
  );
  const wide = (count: number) =>
    put(`<x ${Array.from({ length: count }, (_, at) => `a${at}=''`).join(' ')}/></saml:Subject>`);
  await assertQuick('many attributes', 20, () =>
    refuses(wide(12_000), context, 'malformed', /more than 32 attributes/),
  );
  await refuses(wide(30), context, 'signature', /altered/);
});

/** Prefixes that canonicalization looks up, each bound to a namespace. */
const declare = (count: number, name = (at: number): string => `urn:${at}`): string =>
  Array.from({ length: count }, (_, at) => `xmlns:p${at}="${name(at)}"`).join(' ');
const longName = (at: number): string => `urn:${'u'.repeat(240)}${at}`;

/** An element with one attribute of each of `count` namespaces, in the order of their names. */
const sorted = (count: number): string => `<a ${Array.from({ length: count }, (_, at) => `p${at}:a=""`).join(' ')}/>`;

/** Each reaches one limit of the byte gate, and as much of the other limits as possible. */
const WORST: Readonly<Record<string, string>> = {
  'many elements below declarations': `<x ${declare(14)}>${'<a/>'.repeat(4050)}</x>`,
  'each element declares listed prefixes anew': `<x>${`<a ${declare(10, (at) => `urn:u${at}`)}/>`.repeat(600)}</x>`,
  'attributes that are sorted by long names of namespaces': `<x ${declare(15, longName)}>${`<a ${Array.from({ length: 15 }, (_, at) => `p${14 - at}:a=""`).join(' ')}/>`.repeat(285)}</x>`,
  'the maximum of attributes, of namespaces whose long names begin alike': `<x ${declare(32, longName)}>${sorted(32).repeat(60)}${'<a/>'.repeat(1900)}</x>`,
  'listed prefixes that distant ancestors declare': `<x ${declare(4, longName)}>${'<p0:w>'.repeat(26)}${sorted(4).repeat(3000)}${'</p0:w>'.repeat(26)}</x>`,
  'attributes that are sorted by name': `<x>${`<a ${Array.from({ length: 31 }, (_, at) => `z${99 - at}=""`).join(' ')}/>`.repeat(67)}</x>`,
  'long names of namespaces that each element repeats': `<x ${declare(8, longName)}>${'<p1:a p2:b="" p3:b="" p4:b="" p5:b="" p6:b="" p7:b=""/>'.repeat(1750)}</x>`,
  depth: `<x>${'<a>'.repeat(27)}${'<b/>'.repeat(3900)}${'</a>'.repeat(27)}</x>`,
  'depth and declarations': `${Array.from({ length: 27 }, (_, at) => `<x xmlns:p${at}="urn:${at}">`).join('')}${'<b/>'.repeat(2100)}${'</x>'.repeat(27)}`,
  'character references': `<x a="${'&#9;'.repeat(14_000)}">${'&#38;'.repeat(12_000)}</x>`,
};

test('the worst accepted document does not block the event loop, whether signed by a trusted key, another key or not at all', async () => {
  const PrefixList = Array.from({ length: 10 }, (_, at) => `p${at}`).join(' ');
  const inclusive = element('c:InclusiveNamespaces', { 'xmlns:c': EXCLUSIVE, PrefixList });
  const transforms = [
    transform(`${DS}enveloped-signature`),
    element('ds:Transform', { Algorithm: EXCLUSIVE }, inclusive),
  ];
  const method = `<ds:CanonicalizationMethod Algorithm="${EXCLUSIVE}">`;
  // An altered assertion is canonicalized as a whole; one that is signed with another key is not.
  const change = (info: string): string => info.replace(method, `${method}${inclusive.xml}`);
  const original = assertion2(idp, { attributes: { xml: '' } });
  const genuine = sign(original, idp.key, { transforms, change });
  const forged = sign(original, idp.key, { transforms, change, forge: () => Buffer.alloc(256) });
  for (const [what, xml] of Object.entries(WORST)) {
    for (const [signed, detail] of [
      [genuine, /digest differs/],
      [forged, /altered after it was signed, or signed with another key/],
    ] as const) {
      const heavy = signed.replace('</saml:AttributeStatement>', `${xml}$&`);
      await assertQuick(what, 20, () => refuses(heavy, context, 'signature', detail));
    }
  }
  // Encrypted as well, to the last of the maximum number of keys.
  const keys = Array.from({ length: 6 }, () => generateKeyPairSync('rsa', { modulusLength: 2048 }));
  const decryptionKeys = keys.map(({ privateKey }) => decrypting(privateKey));
  const [last] = keys.slice(-1);
  assert.ok(last);
  const beneath = WORST['listed prefixes that distant ancestors declare']?.replace(sorted(4).repeat(600), '');
  const encrypted = encrypt(genuine.replace('</saml:AttributeStatement>', `${beneath}$&`), last.publicKey);
  await assertQuick('an encrypted document', 20, () =>
    refuses(encrypted, { ...context, decryptionKeys }, 'signature', /digest differs/),
  );
});

test('verifies the worst signed document as quickly', async () => {
  const distinct = Array.from({ length: 1400 }, (_, at) => attribute2(`x${at}`, 'y').xml).join('');
  const filled = {
    'attributes of different names': { attributes: { xml: distinct } },
    'one attribute again and again': { attributes: { xml: attribute2('x', 'y').xml.repeat(1400) } },
    'values of one attribute': { attributes: attribute2('x', ...Array.from({ length: 2500 }, () => 'y')) },
    audiences: { restrictions: audienceRestriction(...Array.from({ length: 2200 }, () => AUDIENCE)) },
    'restrictions to audiences': { restrictions: { xml: audienceRestriction(AUDIENCE).xml.repeat(1100) } },
    'elements that are not read': { more: { xml: `<saml:Advice>${'<a></a>'.repeat(4000)}</saml:Advice>` } },
  };
  for (const [what, is] of Object.entries(filled)) {
    const document = sign(assertion2(idp, is), idp.key);
    await assertQuick(what, 20, () => read(document, context));
  }
});

test('limits that multiply are one limit: declarations in scope, over all elements (SA-12)', async () => {
  const nested = (levels: number, elements: number): string =>
    put(
      `${Array.from({ length: levels }, (_, at) => `<x ${declare(28, (n) => `urn:${at}-${n}`)}>`).join('')}${'<y/>'.repeat(elements)}${'</x>'.repeat(levels)}</saml:Subject>`,
    );
  await refuses(nested(20, 3000), context, 'malformed', /declares too many namespaces/);
  await refuses(nested(20, 100), context, 'signature', /altered/);
  await refuses(
    put(`<x xmlns:p="urn:${'u'.repeat(300)}"/></saml:Subject>`),
    context,
    'malformed',
    /name of a namespace/,
  );
  await refuses(put(`<x xmlns:p="urn:${'u'.repeat(200)}"/></saml:Subject>`), context, 'signature', /altered/);
  const wide = (count: number): string => put(`<x ${declare(32)}>${sorted(32).repeat(count)}</x></saml:Subject>`);
  await assertQuick('many elements with many attributes', 20, () =>
    refuses(wide(400), context, 'malformed', /too many elements with many attributes/),
  );
  await refuses(wide(60), context, 'signature', /altered/);
});

test('refuses a canonical form that is many times longer than its document (SA-12)', async () => {
  const repeating = (count: number): string =>
    put(`<x ${declare(4, longName)}>${sorted(4).repeat(count)}</x></saml:Subject>`);
  await assertQuick('a long canonical form', 20, () =>
    refuses(repeating(2500), context, 'malformed', /canonical form has more than 524288 bytes/),
  );
  await refuses(repeating(400), context, 'signature', /digest differs/);
});
