// Signature wrapping: a genuine signature beside, around or inside a forged assertion. Every permutation is built from an assertion
// that is itself accepted.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DS, SAML2, XSI } from '../../src/saml/names.ts';
import { nameIn, read, refuses } from '../support/saml-check.ts';
import {
  assertion1,
  assertion2,
  contextFor,
  decrypting,
  element,
  identityProvider,
  place,
  sign,
  signatureOf,
  trustIn,
  x509,
} from '../support/saml-signer.ts';

const idp = identityProvider();
const PROTOCOL = 'urn:oasis:names:tc:SAML:2.0:protocol';
const END = '</saml:Assertion>';

const response = (...content: readonly string[]) =>
  element('samlp:Response', { 'xmlns:samlp': PROTOCOL, ID: '_r1', Version: '2.0' }, { xml: content.join('') }).xml;
const inside = (outer: string, inner: string) => outer.replace(/(<\/saml:Assertion>)$/, () => inner + END);
const object = (content: string) => `<ds:Object>${content}</ds:Object></ds:Signature>`;

interface Parts {
  /** The assertion without its signature. */
  readonly original: string;
  readonly signed: string;
  readonly signature: string;
  /** Has another subject and another id. */
  readonly forged: string;
  /** Has another subject and the id of the original. */
  readonly twin: string;
}

/** Documents in which a parser could find the forged assertion and a verifier the signed one. */
const permutations: Readonly<Record<string, (parts: Parts) => readonly string[]>> = {
  'XSW1: forged Response around the original, which hides in the signature': ({ original, signature, forged }) => [
    response(forged, signature.replace('</ds:Signature>', object(response(original)))),
    forged.replace('</saml:Issuer>', () => `</saml:Issuer>${signature.replace('</ds:Signature>', object(original))}`),
  ],
  'XSW2: the signature detached, the original beside it': ({ original, signature, forged, twin }) => [
    response(signature, original, forged),
    inside(forged, signature + original),
    inside(twin, signature + original),
  ],
  'XSW3: the forged assertion before the signed one': ({ signed, forged, twin }) => [
    response(forged, signed),
    response(twin, signed),
    forged + signed,
    forged.replace('</saml:Issuer>', () => `</saml:Issuer>${signed}`),
  ],
  'XSW4: the signed assertion inside the forged one': ({ signed, forged, twin }) => [
    inside(forged, signed),
    inside(twin, signed),
    response(inside(forged, signed)),
  ],
  'XSW5: the signature moved to the forged assertion, the original after it': ({
    original,
    signature,
    forged,
    twin,
  }) => [
    put(inside(forged, original), signature),
    put(inside(twin, original), signature),
    put(forged, signature),
    put(twin, signature),
    response(put(forged, signature), original),
  ],
  'XSW6: the original inside the signature of the forged one': ({ original, signature, forged, twin }) =>
    [forged, twin].flatMap((one) => [
      put(
        one,
        signature.replace('</ds:Signature>', () => `${original}</ds:Signature>`),
      ),
      put(
        one,
        signature.replace('<ds:SignatureValue>', () => `${original}<ds:SignatureValue>`),
      ),
      put(
        one,
        signature.replace('</ds:Signature>', () => `<ds:KeyInfo>${original}</ds:KeyInfo></ds:Signature>`),
      ),
    ]),
  'XSW7: the forged assertion in Extensions': ({ signed, forged }) => [
    response(`<samlp:Extensions>${forged}</samlp:Extensions>`, signed),
    inside(forged, `<samlp:Extensions xmlns:samlp="${PROTOCOL}">${signed}</samlp:Extensions>`),
    inside(signed, `<samlp:Extensions xmlns:samlp="${PROTOCOL}">${forged}</samlp:Extensions>`),
  ],
  'XSW8: the original in an Object of the signature': ({ original, signature, forged, twin }) => [
    put(forged, signature.replace('</ds:Signature>', object(original))),
    put(twin, signature.replace('</ds:Signature>', object(original))),
    response(put(forged, signature.replace('</ds:Signature>', object(original)))),
  ],
  'XSW9: the signature of the original over a Response whose assertion is forged': ({
    original,
    signature,
    forged,
    twin,
  }) => [
    response(signature, forged),
    response(signature.replace('</ds:Signature>', object(original)), twin),
    put(
      twin,
      signature.replace('<ds:SignedInfo>', () => `<ds:Object>${original}</ds:Object><ds:SignedInfo>`),
    ),
  ],
  'the signature in a decoy or in Advice': ({ original, signature, forged }) => [
    put(original, `<saml:Advice>${signature}</saml:Advice>`),
    put(forged, `<x:Wrapper xmlns:x="urn:x">${signature}</x:Wrapper>`),
    put(forged, `<saml:Advice>${put(original, signature)}</saml:Advice>`),
    put(forged, `${signature}<saml:Advice>${original}</saml:Advice>`),
    put(forged, `${signature}<saml:Advice>${put(original, signature)}</saml:Advice>`),
    put(original, `${signature}<saml:Advice>${forged}</saml:Advice>`),
    put(original, `<x:Signature xmlns:x="urn:x">${signature}</x:Signature>`),
  ],
  'only a Response is signed, or something else of the issuer': ({ original, forged }) => [
    response(signatureOf(response(original), idp.key), original),
    response(signatureOf(response(), idp.key), `<ds:Signature xmlns:ds="${DS}">${object(forged)}`),
    ...['AuthnRequest', 'LogoutRequest', 'EntityDescriptor'].map((name) => {
      const message = element(`samlp:${name}`, { 'xmlns:samlp': PROTOCOL, ID: '_a1' }).xml;
      return put(forged, signatureOf(message, idp.key));
    }),
  ],
  'more than one assertion, encrypted or not': ({ signed, forged }) => {
    const encrypted = element('saml:EncryptedAssertion', { 'xmlns:saml': SAML2 }, { xml: forged }).xml;
    return [
      response(signed, encrypted),
      response(signed, signed),
      signed + signed,
      inside(signed, encrypted),
      encrypted,
    ];
  },
};

/** Inserts the signature at its genuine place: after the issuer in 2.0, at the end in 1.1. */
const put = (assertion: string, content: string) =>
  assertion.includes('</saml:Issuer>')
    ? assertion.replace('</saml:Issuer>', () => `</saml:Issuer>${content}`)
    : inside(assertion, content);

for (const version of ['saml2', 'saml1'] as const) {
  const assertion = version === 'saml2' ? assertion2 : assertion1;
  const context = contextFor([trustIn(idp)], { version, decryptionKeys: [decrypting(idp.key)] });
  const original = assertion(idp);
  const signature = signatureOf(original, idp.key);
  const parts: Parts = {
    original,
    signature,
    signed: put(original, signature),
    forged: assertion(idp, { id: '_evil', nameId: 'eve' }),
    twin: assertion(idp, { nameId: 'eve' }),
  };

  for (const [name, build] of Object.entries(permutations)) {
    test(`${version}: ${name} (SA-27)`, async () => {
      assert.equal(nameIn(await read(parts.signed, context)), 'ada');
      for (const attack of build(parts)) {
        assert.notEqual(attack, parts.signed);
        await assert.rejects(read(attack, context), { name: 'Error', fault: /^(malformed|wrong_type|signature)$/ });
      }
    });
  }
}

const context = contextFor([trustIn(idp)]);

for (const version of ['saml2', 'saml1'] as const) {
  test(`${version}: reads nothing in Advice, and refuses in it what resembles the assertion (SA-20, SA-27)`, async () => {
    const make = version === 'saml2' ? assertion2 : assertion1;
    const inVersion = contextFor([trustIn(idp)], { version, decryptionKeys: [decrypting(idp.key)] });
    const genuine = (...advised: readonly string[]) =>
      sign(make(idp, { more: { xml: `<saml:Advice>${advised.join('')}</saml:Advice>` } }), idp.key);
    const within = (is: Parameters<typeof make>[1]) => make(idp, { root: { 'xmlns:saml': undefined }, ...is });
    const plain = within({ id: '_b', nameId: 'eve', attributes: { xml: '' } });
    const signature = signatureOf(plain, identityProvider('https://evil.example').key);
    const signed = put(plain, signature);
    const encrypted = '<saml:EncryptedAssertion></saml:EncryptedAssertion>';
    const nested = put(within({ id: '_c', more: { xml: `<saml:Advice>${signed}</saml:Advice>` } }), signature);
    for (const advised of [[], [plain], [signed], [plain, signed, encrypted], [nested]]) {
      const identity = await read(genuine(...advised), inVersion);
      assert.equal(nameIn(identity), 'ada');
      assert.deepEqual(identity.attributes.mail, ['ada@example.org']);
    }
    for (const attribute of ['ID', 'Id', 'AssertionID', 'xml:id'])
      await refuses(genuine(`<saml:b ${attribute}="_a1"></saml:b>`), inVersion, 'malformed', /id occurs twice/);
    await refuses(genuine(within({ nameId: 'eve' })), inVersion, 'malformed', /id occurs twice/);
    // Advice is ignored in its place only.
    const deep = make(idp, { moreConditions: { xml: `<saml:Advice>${plain}</saml:Advice>` } });
    await refuses(sign(deep, idp.key), inVersion, 'malformed', /second Assertion/);
    const foreign = make(idp, { more: { xml: `<x:Advice xmlns:x="urn:x">${plain}</x:Advice>` } });
    await refuses(sign(foreign, idp.key), inVersion, 'malformed', /second Assertion/);
    // The signature covers Advice.
    const text = genuine(plain);
    await refuses(text.replace('>eve<', '>bob<'), inVersion, 'signature', /altered/);
    await refuses(text.replace('<saml:Advice>', '$&<!-- -->'), inVersion, 'malformed', /a comment/);
  });
}

test('refuses an id that occurs twice, in any spelling and namespace (SA-21)', async () => {
  const signed = (attributes: Record<string, string>) => sign(assertion2(idp), idp.key, { attributes });
  await read(signed({ Id: '_s' }), context);
  for (const name of ['ID', 'Id', 'id', 'AssertionID', 'xml:id']) {
    await refuses(
      signed({ [name]: '_a1' }),
      context,
      'malformed',
      new RegExp(`id occurs twice: also as ${name.replace('xml:', '')}`),
    );
  }
  await refuses(signed({ 'xmlns:wsu': 'urn:wsu', 'wsu:Id': '_a1' }), context, 'malformed', /id occurs twice/);
  const keyInfo = x509(idp.certificate).xml.replace('<ds:KeyInfo', '<ds:KeyInfo Id="_a1"');
  await refuses(sign(assertion2(idp), idp.key, { keyInfo: { xml: keyInfo } }), context, 'malformed', /of KeyInfo/);
  const reference = (info: string) => info.replace('<ds:Reference', '<ds:Reference Id="_a1"');
  await refuses(sign(assertion2(idp), idp.key, { change: reference }), context, 'malformed', /of Reference/);
  const inContent = assertion2(idp, { authnAttributes: { Id: '_a1' } });
  await refuses(sign(inContent, idp.key), context, 'malformed', /of AuthnStatement/);
  const onRoot = assertion2(idp, { root: { 'xmlns:x': 'urn:x', 'x:ID': '_a1' } });
  await refuses(sign(onRoot, idp.key), context, 'malformed', /attribute ID/);
});

test('refuses elements whose prefix is bound to another namespace', async () => {
  const signed = sign(assertion2(idp), idp.key);
  await read(signed, context);
  // A prefix that is bound again changes the element, although the text is the same.
  await refuses(signed.replace('<saml:Subject>', '<saml:Subject xmlns:saml="urn:x">'), context, 'signature', /altered/);
  const rebound = assertion2(idp).replace('<saml:Subject>', '<saml:Subject xmlns:saml="urn:x">');
  await refuses(sign(rebound, idp.key), context, 'malformed', /Assertion holds Subject \(urn:x\)/);
  await refuses(
    signed.replace('<saml:Subject>', '<saml:Subject xmlns:xml="urn:x">'),
    context,
    'malformed',
    /well-formed/,
  );
  const decoy = assertion2(idp, { more: { xml: '<x:Signature xmlns:x="urn:x"></x:Signature>' } });
  await refuses(sign(decoy, idp.key), context, 'malformed', /second Signature/);
  const other = signed.replaceAll(DS, `${DS}x`);
  await refuses(other, context, 'signature', /not signed/);
});

test('refuses a document that cannot be canonicalized (The Fragile Lock)', async () => {
  const signed = sign(assertion2(idp), idp.key);
  await read(signed, context);
  const declare = (xml: string, element: string, name: string) => xml.replace(`<${element}>`, `<${element} ${name}>`);
  const relative = 'xmlns:x="relative/name"';
  await refuses(declare(signed, 'saml:Subject', relative), context, 'malformed', /no canonical form/);
  await refuses(declare(signed, 'ds:SignedInfo', relative), context, 'malformed', /no canonical form/);
  await refuses(
    declare(signed, 'ds:SignedInfo', 'xmlns="relative"'),
    context,
    'malformed',
    /well-formed XML: .*relative/,
  );
  // The signature is over the part of the canonical form that precedes the failure.
  const half = assertion2(idp).split('<saml:Subject>')[0] ?? '';
  const cut = declare(place(assertion2(idp), signatureOf(half, idp.key)), 'saml:Subject', relative);
  await refuses(cut, context, 'malformed', /no canonical form/);
});

test('refuses XInclude and schema locations, and fetches nothing (SA-10)', async () => {
  await read(sign(assertion2(idp), idp.key), context);
  const include =
    '<saml:Advice><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="http://127.0.0.1:9/"></xi:include></saml:Advice>';
  await refuses(sign(assertion2(idp, { more: { xml: include } }), idp.key), context, 'malformed', /XInclude/);
  const hint = { 'xmlns:xsi': XSI, 'xsi:schemaLocation': 'urn:x http://127.0.0.1:9/x.xsd' };
  await refuses(sign(assertion2(idp, { authnAttributes: hint }), idp.key), context, 'malformed', /schema location/);
});
