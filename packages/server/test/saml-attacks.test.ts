// Every known attack on assertions, over HTTP: the one sentence, never a failure, and beside each the same assertion without
// the attack, which buys a token (S47).
import assert from 'node:assert/strict';
import { constants, createHmac, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { DS, DS_MORE, ENC, ENC11, SAML2, XSI } from '../src/saml/names.ts';
import { assertIssued, assertRefused, SUBJECT_REFUSED } from './basics.ts';
import { start, type TestServer } from './harness.ts';
import {
  assertionFor,
  encrypt,
  idp,
  PORTAL,
  pem,
  pemOf,
  presentSaml,
  samlEntry,
  tokenEndpoint,
  trustingSaml,
  type Version,
  versions,
} from './saml-exchange.ts';
import {
  AUDIENCE,
  all,
  at,
  audienceRestriction,
  confirmation1,
  confirmation2,
  element,
  encode,
  identityProvider,
  NOW,
  type Signing,
  sign,
  signatureOf,
  type Variation,
  type Xml,
} from './saml-signer.ts';

const PROTOCOL = 'urn:oasis:names:tc:SAML:2.0:protocol';
const other = identityProvider('https://other.example/saml');
const ours = generateKeyPairSync('rsa', { modulusLength: 2048 });

/** What an attacker has: a genuine assertion with its parts, and what it would like to be believed. */
interface Material {
  readonly server: TestServer;
  readonly version: Version;
  /** Without signature. */
  readonly original: string;
  readonly signature: string;
  readonly signed: string;
  /** Names somebody else, under another id. */
  readonly forged: string;
  /** The same under the original's id. */
  readonly twin: string;
  /** A listener that must see nothing. */
  readonly url: string;
  /** An assertion varied, signed by the provider as it is. */
  readonly make: (is?: Variation, signing?: Signing) => string;
}

/** XML, or bytes, or `subject_token` as it is. */
type Attack = string | Uint8Array | { readonly token: string };

const response = (...content: readonly string[]): string =>
  element('samlp:Response', { 'xmlns:samlp': PROTOCOL, ID: '_r1', Version: '2.0' }, { xml: content.join('') }).xml;
const inside = (outer: string, inner: string): string => outer.replace(/<\/saml:Assertion>$/, (end) => inner + end);
/** Where genuine signatures stand. */
const put = (assertion: string, content: string): string =>
  assertion.includes('</saml:Issuer>')
    ? assertion.replace('</saml:Issuer>', (end) => end + content)
    : inside(assertion, content);
const intoSignature = (signature: string, content: string): string =>
  signature.replace(/<\/ds:Signature>$/, (end) => content + end);
const object = (content: string): string => `<ds:Object>${content}</ds:Object>`;
const beforeSubjectEnds = (xml: string, content: string): string =>
  xml.replace('</saml:Subject>', (end) => content + end);
/** Right behind the start of a name. */
const intoName = (xml: string, content: string): string => xml.replace('>ada<', () => `>a${content}da<`);
const named = (method: string): Xml => element('xenc:EncryptionMethod', { Algorithm: method });
const extensions = (content: string): string =>
  `<samlp:Extensions xmlns:samlp="${PROTOCOL}">${content}</samlp:Extensions>`;

const only = (version: Version, material: Material, list: () => readonly Attack[]): readonly Attack[] =>
  material.version === version ? list() : [];

/** Why they are refused: for another reason a refusal would prove nothing. */
const WRAPPING = /^(malformed|wrong_type|signature)$/;
const reasons: Readonly<Record<string, RegExp>> = {
  S12: /^malformed$/,
  S13: /^malformed$/,
  S15: /^malformed$/,
  S16: /^malformed$/,
  S17: /^(malformed|signature)$/,
  S19: /^malformed$/,
  S23: /^algorithm$/,
  S25: /^algorithm$/,
  S27: /^signature$/,
  // SAML 1.1 has no encryption.
  S34: /^(algorithm|malformed|wrong_type)$/,
  S35: /^(malformed|claims|expired|not_yet_valid)$/,
  S36: /^(audience|claims)$/,
  S37: /^(audience|claims|expired)$/,
  S42: /^malformed$/,
  S43: /^malformed$/,
  S44: /^malformed$/,
};

/** By the title of the test. */
const attacks: Readonly<Record<string, (material: Material) => readonly Attack[]>> = {
  'S02 the signed assertion beside the forged one, its signature detached': ({ original, signature, forged, twin }) => [
    response(signature, original, forged),
    inside(forged, signature + original),
    inside(twin, signature + original),
  ],
  'S03 the forged assertion before the signed one': ({ signed, forged, twin }) => [
    response(forged, signed),
    response(twin, signed),
    forged + signed,
    put(forged, signed),
  ],
  'S04 the signed assertion inside the forged one': ({ signed, forged, twin }) => [
    inside(forged, signed),
    inside(twin, signed),
    response(inside(forged, signed)),
  ],
  'S05 the signature moved to the forged assertion, the original after it': ({ original, signature, forged, twin }) => [
    put(forged, signature),
    put(twin, signature),
    put(inside(forged, original), signature),
    put(inside(twin, original), signature),
    response(put(forged, signature), original),
  ],
  'S06 the original inside the signature of the forged one': ({ original, signature, forged, twin }) =>
    [forged, twin].flatMap((one) => [
      put(one, intoSignature(signature, original)),
      put(
        one,
        signature.replace('<ds:SignatureValue>', (tag) => original + tag),
      ),
      put(one, intoSignature(signature, `<ds:KeyInfo>${original}</ds:KeyInfo>`)),
    ]),
  'S07 the forged assertion in Extensions': ({ signed, forged }) => [
    response(extensions(forged), signed),
    inside(forged, extensions(signed)),
    inside(signed, extensions(forged)),
  ],
  'S08 the original in an Object of the signature': ({ original, signature, forged, twin }) => [
    put(forged, intoSignature(signature, object(original))),
    put(twin, intoSignature(signature, object(original))),
    response(put(forged, intoSignature(signature, object(original)))),
  ],
  'S09 the signature before the forged assertion, the original hidden in it': ({
    original,
    signature,
    forged,
    twin,
  }) => [
    response(signature, forged),
    response(intoSignature(signature, object(original)), twin),
    put(
      twin,
      signature.replace('<ds:SignedInfo>', (tag) => object(original) + tag),
    ),
  ],
  'S10 the signature in a decoy, or in Advice': ({ original, signature, forged, signed }) => [
    put(original, `<saml:Advice>${signature}</saml:Advice>`),
    put(forged, `<x:Wrapper xmlns:x="urn:x">${signature}</x:Wrapper>`),
    put(forged, `<saml:Advice>${signed}</saml:Advice>`),
    put(original, `<x:Signature xmlns:x="urn:x">${signature}</x:Signature>`),
  ],
  'S12 a comment inside DigestValue or SignatureValue': ({ signed }) =>
    ['DigestValue', 'SignatureValue'].flatMap((name) => [
      signed.replace(`<ds:${name}>`, (tag) => `${tag}<!-- -->`),
      signed.replace(`</ds:${name}>`, (tag) => `<!--x-->${tag}`),
    ]),
  'S13 a processing instruction inside the name, or anywhere': ({ signed, make }) => [
    intoName(signed, '<?x y?>'),
    intoName(signed, '<?x?>'),
    make({ nameId: { xml: '<saml:NameID>ada<?x y?></saml:NameID>' } }),
    `<?x y?>${signed}`,
    `${signed}<?x y?>`,
  ],
  'S15 CDATA in the name': ({ signed }) => [
    intoName(signed, '<![CDATA[]]>'),
    signed.replace('>ada<', '><![CDATA[ada]]><'),
  ],
  'S16 a DOCTYPE, an entity, a billion laughs': ({ signed }) => {
    const laughs = Array.from({ length: 12 }, (_, n) => `<!ENTITY l${n + 1} "${`&l${n};`.repeat(10)}">`).join('');
    return [
      `<!DOCTYPE x>${signed}`,
      `<!DOCTYPE x [<!ENTITY e "ada">]>${signed.replace('>ada<', '>&e;<')}`,
      `<!DOCTYPE x [<!ENTITY l0 "ha">${laughs}]>${signed.replace('>ada<', '>&l12;<')}`,
      `<?xml version="1.0"?><!DOCTYPE x [<!ATTLIST x ID ID #IMPLIED>]>${signed}`,
      signed.replace('>ada<', '>&nbsp;<'),
    ];
  },
  'S17 external entities, XInclude, schemas and keys that would be fetched': ({ signed, url, make }) => [
    `<!DOCTYPE x SYSTEM "${url}">${signed}`,
    `<!DOCTYPE x PUBLIC "-//X//X" "${url}">${signed}`,
    `<!DOCTYPE x [<!ENTITY e SYSTEM "${url}">]>${signed.replace('>ada<', '>&e;<')}`,
    `<!DOCTYPE x [<!ENTITY % p SYSTEM "${url}"> %p;]>${signed}`,
    `<?xml-stylesheet href="${url}"?>${signed}`,
    beforeSubjectEnds(signed, `<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="${url}"></xi:include>`),
    make({
      more: {
        xml: `<saml:Advice><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="${url}"></xi:include></saml:Advice>`,
      },
    }),
    make({ authnAttributes: { 'xmlns:xsi': XSI, 'xsi:schemaLocation': `urn:x ${url}` } }),
    signed.replace(/ URI="[^"]*"/, ` URI="${url}"`),
    signed
      .replace(
        '</ds:SignatureValue>',
        (tag) => `${tag}<ds:KeyInfo><ds:RetrievalMethod URI="${url}"></ds:RetrievalMethod></ds:KeyInfo>`,
      )
      .replaceAll('>ada<', '>eve<'),
  ],
  'S19 an id that stands twice, in any spelling and namespace': ({ make }) => [
    ...['ID', 'Id', 'id', 'AssertionID', 'xml:id'].map((name) =>
      make({ id: '_twice' }, { attributes: { [name]: '_twice' } }),
    ),
    make({ id: '_twice' }, { attributes: { 'xmlns:wsu': 'urn:wsu', 'wsu:Id': '_twice' } }),
    make({ id: '_twice', authnAttributes: { Id: '_twice' } }),
    make({ root: { 'xmlns:x': 'urn:x', 'x:ID': '_other' } }),
  ],
  'S20 namespaces that mean something else': ({ signed, make }) => [
    signed.replace('<saml:Subject>', '<saml:Subject xmlns:saml="urn:x">'),
    signed.replace('<saml:Subject>', '<saml:Subject xmlns:xml="urn:x">'),
    signed.replaceAll(DS, `${DS}x`),
    make({ more: { xml: '<x:Signature xmlns:x="urn:x"></x:Signature>' } }),
    make({ more: { xml: '<x:Assertion xmlns:x="urn:x"></x:Assertion>' } }),
    signed.replace('<saml:Subject>', '<saml:Subject xmlns:x="relative/name">'),
  ],
  'S23 signatures and digests that prove nothing any more': ({ make }) => {
    const pemKey = createPublicKey(idp.key).export({ type: 'spki', format: 'pem' });
    const hmac = { forge: (bytes: Buffer) => createHmac('sha256', pemKey).update(bytes).digest() };
    return [
      make({}, { method: `${DS}rsa-sha1` }),
      make({}, { method: `${DS_MORE}rsa-md5` }),
      make({}, { method: `${DS}dsa-sha1` }),
      make({}, { method: `${DS}hmac-sha1`, ...hmac }),
      make({}, { method: `${DS_MORE}hmac-sha256`, ...hmac }),
      make({}, { digest: `${DS}sha1` }),
      make({}, { digest: `${DS_MORE}md5` }),
    ];
  },
  'S25 HMACOutputLength': ({ make }) => [
    make({}, { parameters: element('ds:HMACOutputLength', {}, '1') }),
    make({}, { method: `${DS_MORE}hmac-sha256`, parameters: element('ds:HMACOutputLength', {}, '1') }),
  ],
  'S27 signed by another trusted provider': ({ original, server, version }) => [
    sign(original, other.key),
    sign(assertionFor(server, version, {}, other), idp.key),
  ],
  'S29 only a Response is signed': ({ original }) => {
    const whole = response(original);
    return [original, whole.replace(original, () => signatureOf(whole, idp.key) + original)];
  },
  'S30 a signed error Response, the forged assertion in a second signature': ({ forged }) => [
    response(signatureOf(response(), idp.key), `<ds:Signature xmlns:ds="${DS}">${object(forged)}</ds:Signature>`),
    put(forged, signatureOf(response(), idp.key)),
  ],
  'S31 something else that the provider signed': ({ forged, twin }) =>
    ['AuthnRequest', 'LogoutRequest', 'EntityDescriptor'].flatMap((name) => {
      const [, id = ''] = / (?:ID|AssertionID)="([^"]*)"/.exec(twin) ?? [];
      const message = element(`samlp:${name}`, { 'xmlns:samlp': PROTOCOL, ID: id }).xml;
      const signature = signatureOf(message, idp.key);
      return [put(forged, signature), put(twin, signature), message.replace('></', () => `>${signature}${forged}</`)];
    }),
  'S32 more than one assertion, encrypted or not': ({ signed, forged }) => {
    const encrypted = encrypt(forged, ours.publicKey);
    return [
      response(signed, encrypted),
      response(signed, signed),
      signed + signed,
      signed + encrypted,
      inside(signed, encrypted),
      encrypt(signed + signed, ours.publicKey),
      encrypt(forged, ours.publicKey),
    ];
  },
  'S34 encryption that can be asked, cut or fetched': ({ signed, url }) => [
    encrypt(signed, ours.publicKey, { content: `${ENC}aes256-cbc` }),
    encrypt(signed, ours.publicKey, { wrapping: named(`${ENC}rsa-1_5`), padding: constants.RSA_PKCS1_PADDING }),
    encrypt(signed, ours.publicKey, { padding: constants.RSA_PKCS1_PADDING }),
    encrypt(signed, ours.publicKey, { wrapping: named(`${ENC11}rsa-oaep`) }),
    ...[1, 4, 12, 15].map((cut) => encrypt(signed, ours.publicKey, { change: (bytes) => bytes.subarray(0, -cut) })),
    encrypt(signed, ours.publicKey, {
      change: (bytes) => Buffer.concat([bytes.subarray(0, -1), Buffer.from([(bytes.at(-1) ?? 0) ^ 1])]),
    }),
    encrypt(signed, ours.publicKey, {
      cipherData: element('xenc:CipherData', {}, element('xenc:CipherReference', { URI: url })),
    }),
    encrypt(signed, generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey),
  ],
  'S35 no conditions, no end, too early, too late': (material) => [
    material.make({ conditions: null }),
    material.make({ window: { NotOnOrAfter: undefined } }),
    material.make({ window: { NotBefore: at(-900), NotOnOrAfter: at(-31) } }),
    material.make({ window: { NotBefore: at(-900), NotOnOrAfter: at(-30) } }),
    material.make({ window: { NotBefore: at(31) } }),
    material.make({ root: { IssueInstant: at(31) } }),
    material.make({ moreConditions: { xml: '<saml:Condition></saml:Condition>' } }),
    ...only('saml2', material, () => [material.make({ authnAttributes: { SessionNotOnOrAfter: at(-31) } })]),
  ],
  'S36 no audience, another one, or two restrictions of which one leaves us out': (material) => {
    const restriction = (...audiences: readonly string[]) =>
      material.version === 'saml2'
        ? audienceRestriction(...audiences)
        : element(
            'saml:AudienceRestrictionCondition',
            {},
            ...audiences.map((one) => element('saml:Audience', {}, one)),
          );
    return [
      material.make({ restrictions: { xml: '' } }),
      material.make({ restrictions: restriction() }),
      material.make({ restrictions: restriction('https://app.example') }),
      material.make({ restrictions: restriction(`${AUDIENCE}/`) }),
      material.make({ restrictions: restriction(AUDIENCE.toUpperCase()) }),
      material.make({ restrictions: all(restriction(AUDIENCE), restriction('https://app.example')) }),
      // Made for a client that somebody else brings.
      material.make({ audience: PORTAL.entityId, data: { Recipient: PORTAL.acs } }),
    ];
  },
  'S37 not for the bearer, not for here, or without end': (material) => [
    ...only('saml2', material, () => {
      const data = { Recipient: tokenEndpoint(material.server) };
      return [
        ...['holder-of-key', 'sender-vouches'].map((method) =>
          material.make({ confirmation: confirmation2(data, `urn:oasis:names:tc:SAML:2.0:cm:${method}`) }),
        ),
        material.make({ confirmation: null }),
        material.make({ data: { Recipient: undefined } }),
        material.make({ data: { Recipient: `${data.Recipient}/` } }),
        material.make({ data: { Recipient: 'https://login.example/oauth/token' } }),
        material.make({ data: { Recipient: PORTAL.acs } }),
        material.make({ data: { NotOnOrAfter: undefined } }),
        material.make({ data: { NotOnOrAfter: at(-30) } }),
      ];
    }),
    ...only('saml1', material, () => [
      material.make({ confirmation: confirmation1('urn:oasis:names:tc:SAML:1.0:cm:holder-of-key') }),
      material.make({ confirmation: confirmation1('urn:oasis:names:tc:SAML:1.0:cm:artifact-01') }),
      material.make({ confirmation: null }),
    ]),
  ],
  'S42 carried in another way than base64url of the bytes': ({ make }) => {
    // A length and bytes that are written otherwise in base64.
    const xml = make({ nameId: 'ådåÿ~?>' });
    const [padded = xml] = [xml, `${xml} `, `${xml}  `].filter((one) => encode(one).length % 4 === 2);
    const token = encode(padded);
    return [
      { token: Buffer.from(padded).toString('base64') },
      { token: Buffer.from(padded).toString('base64').replace(/=+$/, '') },
      { token: `${token}=` },
      { token: `${token}===` },
      { token: ` ${token}` },
      { token: `${token}\n` },
      { token: token.replace(/(.{76})/g, '$1\r\n') },
      { token: `${token.slice(0, -1)}${token.endsWith('g') ? 'h' : 'B'}` },
      { token: padded },
      { token: encodeURIComponent(token.replaceAll('-', '+')) },
      deflateRawSync(padded),
      gzipSync(padded),
      deflateRawSync(Buffer.alloc(8 << 20, ' ')),
      gzipSync(Buffer.alloc(8 << 20, ' ')),
    ];
  },
  'S43 other encodings, control characters, and what is not well-formed': ({ signed }) => {
    const utf16 = Buffer.from(`\ufeff<?xml version="1.0" encoding="UTF-16"?>${signed}`, 'utf16le');
    return [
      utf16,
      utf16.subarray(2),
      Buffer.from(utf16).swap16(),
      `<?xml version="1.0" encoding="ISO-8859-1"?>${signed}`,
      Buffer.from(`<?xml version="1.0" encoding="ISO-8859-1"?>${intoName(signed, 'å')}`, 'latin1'),
      `<?xml version="1.0" encoding="UTF-7"?>${signed}`,
      `<?xml version="1.1"?>${signed}`,
      `\ufeff${signed}`,
      Buffer.concat([Buffer.from(signed), Buffer.from([0xc0, 0x80])]),
      ...['\0', '\u0001', '&#0;', '&#1;', '&#xD800;', '\uffff'].map((text) => intoName(signed, text)),
      signed + signed,
      `${signed}text`,
      `text${signed}`,
      signed.slice(0, -1),
      signed.replace('</saml:Subject>', ''),
      signed.replace('<saml:Subject>', '<x:Subject>').replace('</saml:Subject>', '</x:Subject>'),
      signed.replace('<saml:Subject>', '<saml:Subject a="" a="">'),
      '<',
      '<a',
      '<a b="',
      ' ',
    ];
  },
  'S44 too deep, too wide, too large': ({ signed, make }) => [
    beforeSubjectEnds(signed, '<x>'.repeat(10_000) + '</x>'.repeat(10_000)),
    beforeSubjectEnds(signed, '<x>'.repeat(10_000)),
    beforeSubjectEnds(signed, `<x ${Array.from({ length: 100_000 }, (_, n) => `a${n}=""`).join(' ')}></x>`),
    beforeSubjectEnds(signed, `<x ${Array.from({ length: 10_000 }, (_, n) => `a${n}=""`).join(' ')}></x>`),
    make({ attributes: { xml: `<saml:Advice>${'x'.repeat(1 << 20)}</saml:Advice>` } }),
    make({ more: { xml: `<saml:Advice>${'x'.repeat(1 << 17)}</saml:Advice>` } }),
    beforeSubjectEnds(signed, '<x></x>'.repeat(15_000)),
  ],
};

async function startAttacked(t: TestContext): Promise<{ server: TestServer; url: string; connections: () => number }> {
  let connections = 0;
  const listener = createServer(() => undefined).on('connection', (socket) => {
    connections++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  t.after(() => listener.close());
  const entries = [
    samlEntry({ decryptionKey: 'our-key.pem' }),
    samlEntry({ saml: other.entityId, name: 'other', certificates: '[other.pem]' }),
  ];
  const files = { 'idp.pem': pem(idp), 'other.pem': pem(other), 'our-key.pem': pemOf(ours.privateKey) };
  const server = await start(t, trustingSaml(entries), { files, now: NOW * 1000 });
  const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/x`;
  return { server, url, connections: () => connections };
}

function materialFor(server: TestServer, version: Version, url: string): Material {
  const original = assertionFor(server, version);
  const [, id = ''] = / (?:ID|AssertionID)="([^"]*)"/.exec(original) ?? [];
  const signature = signatureOf(original, idp.key);
  return {
    server,
    version,
    original,
    signature,
    signed: put(original, signature),
    forged: assertionFor(server, version, { nameId: 'eve' }),
    twin: assertionFor(server, version, { nameId: 'eve', id }),
    url,
    make: (is, signing) => sign(assertionFor(server, version, is), idp.key, signing),
  };
}

const tokenOf = (attack: Attack): string =>
  typeof attack === 'string' || attack instanceof Uint8Array ? encode(attack) : attack.token;

for (const version of versions) {
  for (const [title, build] of Object.entries(attacks)) {
    test(`${version}: ${title}`, async (t) => {
      const { server, url, connections } = await startAttacked(t);
      const material = materialFor(server, version, url);
      const control = async (): Promise<void> =>
        assertIssued(server, await presentSaml(server, version, encode(material.signed)), 'the control');
      await control();
      const list = build(material);
      assert.notEqual(list.length, 0);
      const expected = reasons[title.slice(0, 3)] ?? WRAPPING;
      for (const [index, attack] of list.entries()) {
        const token = tokenOf(attack);
        assert.notEqual(token, encode(material.signed));
        const answer = await presentSaml(server, version, token);
        const reason = server.audit(answer)?.reason ?? '';
        assert.match(reason.replace('subject_token_', ''), expected, `${index}: ${answer.text}`);
        assertRefused(server, answer, { ...SUBJECT_REFUSED, reason }, String(index));
        assert.equal(server.audit(answer)?.subject, undefined, 'nobody was believed');
      }
      await control();
      assert.equal(connections(), 0);
    });
  }

  test(`${version}: S47 what looks like an attack and is none buys a token`, async (t) => {
    const { server, url } = await startAttacked(t);
    const { make, signed, original } = materialFor(server, version, url);
    const audiences =
      version === 'saml2'
        ? audienceRestriction('https://app.example', AUDIENCE)
        : element(
            'saml:AudienceRestrictionCondition',
            {},
            ...['https://app.example', AUDIENCE].map((one) => element('saml:Audience', {}, one)),
          );
    const good: readonly string[] = [
      signed,
      `<?xml version="1.0" encoding="UTF-8"?>\n${signed}`,
      make({ restrictions: audiences }),
      make({ restrictions: all(audiences, audiences) }),
      make({ window: { NotBefore: at(30) } }),
      make({ window: { NotOnOrAfter: at(-29) } }),
      make({ nameId: 'ådåÿ~?>' }),
      make({ more: { xml: '<saml:Advice><x:Note xmlns:x="urn:x">not read</x:Note></saml:Advice>' } }),
      ...(version === 'saml2'
        ? [
            encrypt(sign(original, idp.key), ours.publicKey),
            make({ moreConditions: element('saml:ProxyRestriction', { Count: '0' }) }),
            make({ data: { InResponseTo: '_request', Address: '192.0.2.1' } }),
          ]
        : []),
      sign(assertionFor(server, version, {}, other), other.key),
    ];
    for (const [index, xml] of good.entries()) {
      const answer = await presentSaml(server, version, encode(xml));
      if (xml.includes(other.entityId)) {
        // Proven, and then no rule's: it is the signature that told the two providers apart.
        assert.equal(server.audit(answer)?.reason, 'no_rule_for_subject');
      } else assertIssued(server, answer, String(index));
    }
    const padded = [signed, `${signed} `, `${signed}  `].map(encode).find((one) => one.length % 4 === 2);
    assertIssued(server, await presentSaml(server, version, `${padded}==`), 'padded');
  });

  test(`${version}: S35 OneTimeUse is once`, async (t) => {
    const { server, url } = await startAttacked(t);
    const { make } = materialFor(server, version, url);
    const condition = version === 'saml2' ? 'saml:OneTimeUse' : 'saml:DoNotCacheCondition';
    const token = encode(make({ moreConditions: element(condition) }));
    assertIssued(server, await presentSaml(server, version, token));
    const again = await presentSaml(server, version, token);
    assertRefused(server, again, { ...SUBJECT_REFUSED, reason: 'subject_token_replayed' });
  });
}

test('no assertion is accepted of a root that only looks like one', async (t) => {
  const { server, url } = await startAttacked(t);
  const { signed } = materialFor(server, 'saml2', url);
  assertIssued(server, await presentSaml(server, 'saml2', encode(signed)));
  for (const xml of [
    response(signed),
    signed.replaceAll(SAML2, `${SAML2}x`),
    signed.replace('Version="2.0"', 'Version="2.1"'),
  ]) {
    const answer = await presentSaml(server, 'saml2', encode(xml));
    assertRefused(server, answer, { ...SUBJECT_REFUSED, reason: 'subject_token_wrong_type' });
  }
});
