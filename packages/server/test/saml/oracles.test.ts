// Do other implementations agree? Assertions signed by the test signer, by xml-crypto and by xmlsec1 (if it is installed) are
// verified by all of them: intact, altered, and signed with another key.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { SignedXml } from 'xml-crypto';
import { TokenRefusal } from '../../src/primitives/refusal.ts';
import { DS, DS_MORE, DS_MORE_2007, ENC, ENC11, EXCLUSIVE, SAML1, SAML2 } from '../../src/saml/names.ts';
import { nameIn, read } from '../support/saml-check.ts';
import {
  assertion1,
  assertion2,
  contextFor,
  decrypting,
  element,
  type IdentityProvider,
  identityProvider,
  sign,
  transform,
  trustIn,
  type Xml,
  x509,
} from '../support/saml-signer.ts';

const idp = identityProvider();
const attacker = identityProvider();
const folder = mkdtempSync(join(tmpdir(), 'cambio-saml-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const XMLSEC = 'xmlsec1';
const xmlsec = spawnSync(XMLSEC, ['--version']).status === 0;

const file = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const keyFile = (signer: IdentityProvider) =>
  file('key.pem', signer.key.export({ type: 'pkcs8', format: 'pem' }) as string);
const isSaml1 = (xml: string) => xml.includes(SAML1);
const idArguments = (xml: string) =>
  isSaml1(xml) ? ['--id-attr:AssertionID', `${SAML1}:Assertion`] : ['--id-attr:ID', `${SAML2}:Assertion`];

/** The choices that all signers support. */
interface Manner {
  readonly method: string;
  readonly digest: string;
  /** The PrefixList of InclusiveNamespaces. */
  readonly prefixes: readonly string[];
}

type Signer = (xml: string, signer: IdentityProvider, manner: Manner) => string;
type Verifier = (xml: string) => Promise<boolean> | boolean;

/** Without prefixes: xml-crypto also writes them into the enveloped-signature transform, where they are refused. */
const withXmlCrypto: Signer = (xml, { key, certificate }, { method, digest }) => {
  const signed = new SignedXml({
    privateKey: key.export({ type: 'pkcs8', format: 'pem' }),
    publicCert: certificate.toString(),
    signatureAlgorithm: method,
    canonicalizationAlgorithm: EXCLUSIVE,
    ...(isSaml1(xml) && { idAttribute: 'AssertionID' }),
  });
  signed.addReference({
    xpath: '/*',
    digestAlgorithm: digest,
    transforms: [`${DS}enveloped-signature`, EXCLUSIVE],
  });
  const issuer = { reference: "/*/*[local-name(.)='Issuer']", action: 'after' } as const;
  const end = { reference: '/*', action: 'append' } as const;
  signed.computeSignature(xml, { prefix: 'ds', location: isSaml1(xml) ? end : issuer });
  return signed.getSignedXml();
};

const withXmlsec: Signer = (xml, signer, { method, digest, prefixes }) => {
  const [, id] = / (?:ID|AssertionID)=["']([^"']*)["']/.exec(xml) ?? [];
  const inclusive = element('ec:InclusiveNamespaces', { 'xmlns:ec': EXCLUSIVE, PrefixList: prefixes.join(' ') });
  const exclusive = element('ds:Transform', { Algorithm: EXCLUSIVE }, ...(prefixes.length > 0 ? [inclusive] : []));
  const template = element(
    'ds:Signature',
    { 'xmlns:ds': DS },
    element(
      'ds:SignedInfo',
      {},
      element('ds:CanonicalizationMethod', { Algorithm: EXCLUSIVE }),
      element('ds:SignatureMethod', { Algorithm: method }),
      element(
        'ds:Reference',
        { URI: `#${id}` },
        element('ds:Transforms', {}, transform(`${DS}enveloped-signature`), exclusive),
        element('ds:DigestMethod', { Algorithm: digest }),
        element('ds:DigestValue'),
      ),
    ),
    element('ds:SignatureValue'),
    x509(signer.certificate),
  ).xml;
  const place = (text: string) =>
    isSaml1(text)
      ? text.replace(/(<\/[^>]*Assertion>\s*)$/, (end) => template + end)
      : text.replace(/<\/[^>]*Issuer>/, (end) => end + template);
  const input = file('template.xml', place(xml));
  return execFileSync(XMLSEC, ['--sign', '--privkey-pem', keyFile(signer), ...idArguments(xml), input], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
};

const byCambio: Verifier = async (xml) => {
  const context = contextFor([trustIn(idp)], { version: isSaml1(xml) ? 'saml1' : 'saml2' });
  try {
    return (await read(xml, context)).issuer === idp.entityId;
  } catch (error) {
    if (error instanceof TokenRefusal && error.fault === 'signature') return false;
    throw error;
  }
};

const byXmlCrypto: Verifier = (xml) => {
  const [signature] = /<ds:Signature[ >].*<\/ds:Signature>/s.exec(xml) ?? [];
  const signed = new SignedXml({
    publicCert: idp.certificate.toString(),
    getCertFromKeyInfo: () => null,
    ...(isSaml1(xml) && { idAttribute: 'AssertionID' }),
  });
  signed.loadSignature(signature ?? '');
  try {
    return signed.checkSignature(xml);
  } catch {
    return false;
  }
};

const byXmlsec: Verifier = (xml) => {
  const certificate = file('certificate.pem', idp.certificate.toString());
  const options = ['--verify', '--enabled-key-data', 'rsa', '--pubkey-cert-pem', certificate, ...idArguments(xml)];
  return spawnSync(XMLSEC, [...options, file('signed.xml', xml)]).status === 0;
};

const verifiers = [
  ['cambio', byCambio],
  ['xml-crypto', byXmlCrypto],
  ...(xmlsec ? [['xmlsec1', byXmlsec] as const] : []),
] as const;

async function allSay(expected: boolean, xml: string, what: string): Promise<void> {
  for (const [name, verifier] of verifiers) assert.equal(await verifier(xml), expected, `${name} on ${what}`);
}

/** XML as identity providers write it: with declarations, white space, quotes and orders that are not canonical. */
function loosely(xml: string): string {
  return xml
    .replace(
      /<(saml:Assertion) (xmlns:saml="[^"]*") (.*?)>/,
      "<$1 $3\n\txmlns:xs='http://www.w3.org/2001/XMLSchema' $2 >",
    )
    .replace(/<saml:Subject>/g, '\n  <saml:Subject >')
    .replace(/(<saml:SubjectConfirmationData[^>]*)><\/saml:SubjectConfirmationData>/, '$1/>')
    .replace(/<(\/?)saml:(Attribute|AttributeValue)\b(?=[ >])/g, '<$1a:$2')
    .replace(/<saml:AttributeStatement>/, (tag) => tag.replace('>', ` xmlns:a="${isSaml1(xml) ? SAML1 : SAML2}">`))
    .replace(
      /<a:AttributeValue>/g,
      '<a:AttributeValue xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="xs:string">',
    )
    .replace('ada@example.org', 'ada &amp; søn &#x1F600;\r\n&gt;');
}

/** The default namespace, and prefixes that are bound again. */
const unprefixed = (xml: string) => xml.replaceAll('saml:', '').replace('xmlns:saml', 'xmlns');

const plain: Manner = { method: `${DS_MORE}rsa-sha256`, digest: `${ENC}sha256`, prefixes: [] };
const inclusive: Manner = { method: `${DS_MORE}rsa-sha512`, digest: `${ENC}sha512`, prefixes: ['xs'] };
const documents: readonly (readonly [form: string, xml: string, manner: Manner])[] = [
  assertion2(idp),
  assertion1(idp),
].flatMap((xml) => [
  ['canonical', xml, plain] as const,
  ['loose', loosely(xml), inclusive] as const,
  ['loose, default namespace', unprefixed(loosely(xml)), plain] as const,
]);

const signers = [['xml-crypto', withXmlCrypto], ...(xmlsec ? [['xmlsec1', withXmlsec] as const] : [])] as const;

for (const [name, signWith] of signers) {
  test(`assertions signed by ${name}: all verifiers agree`, async () => {
    for (const [form, xml, manner] of documents) {
      const what = `${form}, ${isSaml1(xml) ? '1.1' : '2.0'}, signed by ${name}`;
      const signed = signWith(xml, idp, manner);
      await allSay(true, signed, what);
      await allSay(false, signed.replace('>ada<', '>eve<'), `altered ${what}`);
      await allSay(false, signWith(xml, attacker, manner), `${what} with another key`);
    }
  });
}

test('assertions signed by our own test signer: all verifiers agree', async () => {
  for (const xml of [assertion2(idp), assertion1(idp)]) {
    for (const method of [`${DS_MORE}rsa-sha256`, `${DS_MORE}rsa-sha512`, `${DS_MORE_2007}sha256-rsa-MGF1`]) {
      // The xmlsec1 of Debian 12 does not support this algorithm.
      const knows = method.startsWith(DS_MORE) ? verifiers : verifiers.filter(([name]) => name !== 'xmlsec1');
      for (const [name, verifier] of knows) {
        const signed = sign(xml, idp.key, { method });
        assert.equal(await verifier(signed), true, `${name} ${method}`);
        assert.equal(await verifier(signed.replace('>ada<', '>eve<')), false, `${name} ${method}`);
        assert.equal(await verifier(sign(xml, attacker.key, { method })), false, `${name} ${method}`);
      }
    }
  }
});

test('refuses a processing instruction, which xml-crypto digests as text', async () => {
  const signed = sign(assertion2(idp, { nameId: 'not-an-admin@example.org' }), idp.key);
  assert.equal(await byCambio(signed), true);
  const altered = signed.replace('not-an-admin@', '<?not-an-?>admin@');
  await assert.rejects(byCambio(altered) as Promise<boolean>, /processing instruction/);
});

test('reads an assertion that xmlsec1 encrypted', { skip: !xmlsec && 'xmlsec1 is not installed' }, async () => {
  const method = (Algorithm: string, ...parts: readonly Xml[]) =>
    element('xenc:EncryptionMethod', { Algorithm }, ...parts);
  const empty = element('xenc:CipherData', {}, element('xenc:CipherValue'));
  const context = contextFor([trustIn(idp)], { decryptionKeys: [decrypting(attacker.key)] });
  const signed = sign(assertion2(idp), idp.key);
  for (const [session, algorithm] of [
    ['aes-128', 'aes128-gcm'],
    ['aes-256', 'aes256-gcm'],
  ] as const) {
    const wrapping = method(`${ENC}rsa-oaep-mgf1p`, element('ds:DigestMethod', { Algorithm: `${DS}sha1` }));
    const template = element(
      'xenc:EncryptedData',
      { 'xmlns:xenc': ENC, Type: `${ENC}Element` },
      method(`${ENC11}${algorithm}`),
      element('ds:KeyInfo', { 'xmlns:ds': DS }, element('xenc:EncryptedKey', {}, wrapping, empty)),
      empty,
    ).xml;
    const certificate = file('certificate.pem', attacker.certificate.toString());
    const options = [
      '--encrypt',
      '--pubkey-cert-pem',
      certificate,
      '--session-key',
      session,
      '--xml-data',
      file('plain.xml', signed),
    ];
    const output = join(folder, 'encrypted.xml');
    execFileSync(XMLSEC, [...options, '--node-xpath', '/*', '--output', output, file('template.xml', template)]);
    const data = readFileSync(output, 'utf8').replace(/^<\?xml.*\?>\s*/, '');
    const encrypted = element('saml:EncryptedAssertion', { 'xmlns:saml': SAML2 }, { xml: data }).xml;
    assert.equal(nameIn(await read(encrypted, context)), 'ada');
  }
});
