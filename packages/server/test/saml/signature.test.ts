// Which signatures are accepted? Every refusal stands beside an accepted twin.
import assert from 'node:assert/strict';
import { createHash, createHmac, createPublicKey, generateKeyPairSync, sign as signBytes } from 'node:crypto';
import { test } from 'node:test';
import { DS, DS_MORE, DS_MORE_2007, DS_MORE_2021, ENC, EXCLUSIVE, SAML2 } from '../../src/saml/names.ts';
import { selfSigned } from '../support/saml-certificate.ts';
import { read, refuses } from '../support/saml-check.ts';
import {
  assertion1,
  assertion2,
  contextFor,
  element,
  identityProvider,
  NOW,
  place,
  type Signing,
  sign,
  signatureOf,
  transform,
  trustIn,
  x509,
} from '../support/saml-signer.ts';

const idp = identityProvider();
const context = contextFor([trustIn(idp)]);
const good = assertion2(idp);
const signed = (is?: Signing) => sign(good, idp.key, is);

test('refuses an assertion that is not signed or was altered (SA-25)', async () => {
  await read(signed(), context);
  await refuses(good, context, 'signature', /not signed/);
  await refuses(signed().replace('>ada<', '>eve<'), context, 'signature', /altered after/);
  await refuses(signed().replace('@example.org', '@example.com'), context, 'signature', /altered after/);
});

test('verifies every listed algorithm with a key of its type (SA-23)', async () => {
  const curve = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).privateKey;
  const rsa = [`${DS_MORE}rsa-sha256`, `${DS_MORE}rsa-sha384`, `${DS_MORE}rsa-sha512`];
  const pss = ['sha256', 'sha384', 'sha512'].map((digest) => `${DS_MORE_2007}${digest}-rsa-MGF1`);
  const kinds = [
    [idp.key, [...rsa, ...pss]],
    [curve('P-256'), [`${DS_MORE}ecdsa-sha256`, `${DS_MORE}ecdsa-sha384`]],
    [curve('P-384'), [`${DS_MORE}ecdsa-sha384`]],
    [curve('P-521'), [`${DS_MORE}ecdsa-sha512`]],
    [generateKeyPairSync('ed25519').privateKey, [`${DS_MORE_2021}eddsa-ed25519`]],
  ] as const;
  for (const [key, methods] of kinds) {
    const inContext = contextFor([trustIn(identityProvider(idp.entityId, key))]);
    for (const method of methods) {
      await read(sign(good, key, { method }), inContext);
      await refuses(
        sign(assertion2(idp, { nameId: 'eve' }), key, { method }).replace('>eve<', '>ada<'),
        inContext,
        'signature',
        /altered/,
      );
    }
  }
  for (const digest of [`${ENC}sha256`, `${DS_MORE}sha384`, `${ENC}sha512`]) await read(signed({ digest }), context);
});

test('refuses an ECDSA signature that is zero, in DER or of another length (CVE-2022-21449)', async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const inContext = contextFor([trustIn(identityProvider(idp.entityId, privateKey))]);
  const method = `${DS_MORE}ecdsa-sha256`;
  await read(sign(good, privateKey, { method }), inContext);
  const forgeries = [
    () => Buffer.alloc(64),
    () => Buffer.alloc(63, 1),
    () => Buffer.alloc(65, 1),
    (bytes: Buffer) => signBytes('sha256', bytes, privateKey),
  ];
  for (const forge of forgeries) {
    await refuses(sign(good, privateKey, { method, forge }), inContext, 'signature', /another key/);
  }
});

test('refuses weak and unknown algorithms by name (SA-23)', async () => {
  await read(signed(), context);
  for (const method of [
    `${DS}rsa-sha1`,
    `${DS}dsa-sha1`,
    `${DS}hmac-sha1`,
    `${DS_MORE}rsa-md5`,
    `${DS_MORE}hmac-sha256`,
    '',
  ]) {
    await refuses(signed({ method }), context, 'algorithm', /SignatureMethod .* is not accepted/);
  }
  for (const digest of [`${DS}sha1`, `${DS_MORE}md5`]) {
    await refuses(signed({ digest }), context, 'algorithm', /DigestMethod .* is not accepted/);
  }
});

test('refuses an HMAC keyed with the public key of the issuer (xml-crypto GHSA-c27r-x354-4m68)', async () => {
  await read(signed(), context);
  const pem = createPublicKey(idp.key).export({ type: 'spki', format: 'pem' });
  for (const method of [`${DS_MORE}hmac-sha256`, `${DS_MORE}rsa-sha256`]) {
    const forge = (bytes: Buffer) => createHmac('sha256', pem).update(bytes).digest();
    await assert.rejects(read(signed({ method, forge }), context));
  }
});

test('refuses parameters of algorithms (SA-23)', async () => {
  await read(signed(), context);
  const parameters = element('ds:HMACOutputLength', {}, '1');
  await refuses(signed({ parameters }), context, 'algorithm', /SignatureMethod has parameters/);
});

test('refuses a signature of another trusted issuer (SA-24)', async () => {
  const other = identityProvider('https://other.example/saml');
  const both = contextFor([trustIn(idp), trustIn(other)]);
  await read(sign(assertion2(other), other.key), both);
  await refuses(sign(good, other.key), both, 'signature', /altered.*or signed with another key/);
  await refuses(sign(assertion2(other), idp.key), both, 'signature', /another key/);
});

test('names the certificate in KeyInfo in a refusal, and never trusts it (SA-24)', async () => {
  const attacker = identityProvider();
  await read(signed({ keyInfo: x509(idp.certificate) }), context);
  await read(signed({ keyInfo: x509(attacker.certificate) }), context);
  const forged = sign(good, attacker.key, { keyInfo: x509(attacker.certificate) });
  await refuses(
    forged,
    context,
    'signature',
    new RegExp(`${attacker.certificate.fingerprint256}, which is not configured`),
  );
});

test('accepts a signature of either of two certificates while keys are rotated', async () => {
  const next = identityProvider();
  const rotating = contextFor([trustIn(idp, { certificates: [idp.certificate, next.certificate] })]);
  await read(signed(), rotating);
  await read(sign(good, next.key), rotating);
  await refuses(sign(good, next.key), context, 'signature', /another key/);
});

test('trusts a certificate from the first to the last second of its validity', async () => {
  const dated = identityProvider(idp.entityId, idp.key, { from: NOW - 10, to: NOW });
  const inContext = contextFor([trustIn(dated)]);
  await read(signed(), inContext);
  await refuses(
    signed(),
    { ...inContext, now: NOW + 1 },
    'unknown_key',
    /the certificate .* expired on Mar {2}1 12:00:00 2026/,
  );
  await refuses(signed(), { ...inContext, now: NOW - 11 }, 'unknown_key', /is not valid before/);
  await refuses(signed(), contextFor([trustIn(idp, { certificates: [] })]), 'unknown_key', /no certificate/);
});

test('accepts RSA keys of 2048 to 4096 bits and curves of NIST only', async () => {
  await read(signed(), context);
  for (const bits of [1024, 2040, 4104]) {
    // Any odd modulus will do, since the key is refused before it is used. Generating a real one takes long.
    const n = Buffer.alloc(bits / 8, 0xff).toString('base64url');
    const publicKey = createPublicKey({ key: { kty: 'RSA', n, e: 'AQAB' }, format: 'jwk' });
    const certificate = selfSigned(idp.key, { from: NOW - 1, to: NOW + 1 }, publicKey);
    const weak = contextFor([trustIn(idp, { certificates: [certificate] })]);
    await refuses(signed(), weak, 'unknown_key', new RegExp(`RSA key of ${bits} bits`));
  }
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
  const strange = contextFor([trustIn(identityProvider(idp.entityId, privateKey))]);
  await refuses(sign(good, privateKey, { method: `${DS_MORE}ecdsa-sha256` }), strange, 'unknown_key', /ec secp256k1/);
  await refuses(
    signed({ method: `${DS_MORE}ecdsa-sha256` }),
    context,
    'unknown_key',
    /a key for rsa, the signature is ec/,
  );
});

test('refuses weak keys that anyone can sign with, even in a configured certificate (RFC 8017 section 3.1, RFC 8032 section 5.1)', async () => {
  // With the exponent 1 the padded digest is its own signature.
  const padded = (bytes: Buffer): Buffer => {
    const digest = createHash('sha256').update(bytes).digest();
    const info = Buffer.concat([Buffer.from('3031300d060960864801650304020105000420', 'hex'), digest]);
    const padding = Buffer.concat([Buffer.from([0, 1]), Buffer.alloc(256 - 3 - info.length, 0xff), Buffer.from([0])]);
    return Buffer.concat([padding, info]);
  };
  const { n } = createPublicKey(idp.key).export({ format: 'jwk' });
  const rsa = (e: string) => createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' });
  const identity = Buffer.from(`01${'00'.repeat(31)}`, 'hex').toString('base64url');
  const small = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: identity }, format: 'jwk' });
  const method = `${DS_MORE_2021}eddsa-ed25519`;
  const weak = [
    [rsa('AQ'), { forge: padded }],
    [rsa('Ag'), { forge: padded }],
    [small, { method, forge: () => Buffer.from(`01${'00'.repeat(63)}`, 'hex') }],
  ] as const;
  for (const [publicKey, signing] of weak) {
    const certificate = selfSigned(idp.key, { from: NOW - 1, to: NOW + 1 }, publicKey);
    const trusting = contextFor([trustIn(idp, { certificates: [certificate] })]);
    await refuses(signed(signing), trusting, 'unknown_key', /has a weak key/);
  }
  const certificate = selfSigned(idp.key, { from: NOW - 1, to: NOW + 1 }, rsa('AQAB'));
  await read(signed(), contextFor([trustIn(idp, { certificates: [certificate] })]));
});

test('requires one reference, to the assertion (SA-21)', async () => {
  await read(signed(), context);
  for (const reference of ['', '#_b', '_a1', '#xpointer(/)', "#xpointer(id('_a1'))", 'https://evil.example/#_a1']) {
    await refuses(signed({ reference }), context, 'malformed', /refers to .*, not to the assertion/);
  }
  const unnamed = (info: string) => info.replace(' URI="#_a1"', '');
  await refuses(signed({ change: unnamed }), context, 'malformed', /refers to nothing/);
  const twice = (info: string) => info.replace(/<ds:Reference.*<\/ds:Reference>/, '$&$&');
  await refuses(signed({ change: twice }), context, 'malformed', /SignedInfo holds .*Reference, Reference/);
});

test('requires the transforms enveloped-signature and exclusive canonicalization, in this order (SA-22)', async () => {
  const enveloped = transform(`${DS}enveloped-signature`);
  const exclusive = transform(EXCLUSIVE);
  await read(signed({ transforms: [enveloped, transform(`${EXCLUSIVE}WithComments`)] }), context);
  const fewer = [[], [enveloped], [exclusive], [enveloped, exclusive, exclusive]];
  for (const transforms of fewer) await refuses(signed({ transforms }), context, 'malformed', /Transforms holds/);
  const others = [
    'http://www.w3.org/TR/1999/REC-xslt-19991116',
    'http://www.w3.org/TR/1999/REC-xpath-19991116',
    `${DS}base64`,
  ];
  for (const name of [...others, 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315']) {
    await refuses(signed({ transforms: [enveloped, transform(name)] }), context, 'algorithm', /is not accepted/);
    await refuses(signed({ transforms: [transform(name), exclusive] }), context, 'algorithm', /first transform/);
  }
  await refuses(signed({ transforms: [exclusive, enveloped] }), context, 'algorithm', /first transform/);
  const inclusive = 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315';
  await refuses(signed({ canonicalization: inclusive }), context, 'algorithm', /canonicalization .* is not accepted/);
});

test('applies InclusiveNamespaces to the digest, and refuses other forms of it (SA-22)', async () => {
  const inclusive = (PrefixList: string) => [
    transform(`${DS}enveloped-signature`),
    element(
      'ds:Transform',
      { Algorithm: EXCLUSIVE },
      element('ec:InclusiveNamespaces', { 'xmlns:ec': EXCLUSIVE, PrefixList }),
    ),
  ];
  await read(signed({ transforms: inclusive('saml') }), context);
  // An unused prefix is in the canonical form only if it is listed.
  const declared = assertion2(idp, { root: { 'xmlns:xs': 'http://www.w3.org/2001/XMLSchema' } });
  await read(sign(declared, idp.key, { transforms: inclusive('xs') }), context);
  await refuses(sign(declared, idp.key), context, 'signature', /altered/);
  for (const list of ['a b:c', '<', Array.from({ length: 11 }, (_, at) => `p${at}`).join(' ')]) {
    await refuses(signed({ transforms: inclusive(list) }), context, 'malformed', /PrefixList/);
  }
});

test('resolves InclusiveNamespaces of SignedInfo from its ancestors (SA-22)', async () => {
  const XS = 'http://www.w3.org/2001/XMLSchema';
  const declared = assertion2(idp, { root: { 'xmlns:xs': XS } });
  const listing = (PrefixList: string, inherited: string): string => {
    const method = `<ds:CanonicalizationMethod Algorithm="${EXCLUSIVE}">`;
    const list = element('ec:InclusiveNamespaces', { 'xmlns:ec': EXCLUSIVE, PrefixList }).xml;
    return sign(declared, idp.key, {
      transforms: [
        transform(`${DS}enveloped-signature`),
        element(
          'ds:Transform',
          { Algorithm: EXCLUSIVE },
          element('ec:InclusiveNamespaces', { 'xmlns:ec': EXCLUSIVE, PrefixList: 'xs' }),
        ),
      ],
      change: (info) =>
        info.replace(`${method}</ds:CanonicalizationMethod>`, `${method}${list}</ds:CanonicalizationMethod>`),
      canonical: (info) => info.replace(`<ds:SignedInfo xmlns:ds="${DS}"`, `$& ${inherited}`),
    });
  };
  await read(listing('xs', `xmlns:xs="${XS}"`), context);
  await read(listing('xs saml unknown ds', `xmlns:saml="${SAML2}" xmlns:xs="${XS}"`), context);
  await refuses(listing('xs', `xmlns:xs="urn:another"`), context, 'signature', /altered/);
  await refuses(listing('xs', ''), context, 'signature', /altered/);
});

test('refuses a Signature with other children than SignedInfo, SignatureValue and KeyInfo (CVE-2025-29774; SA-20, SA-21, SA-26)', async () => {
  await read(signed({ attributes: { Id: '_s' } }), context);
  await refuses(signed({ object: element('ds:Object') }), context, 'malformed', /Signature holds .*Object/);
  const info = /<ds:SignedInfo>.*<\/ds:SignedInfo>/;
  await refuses(signed().replace(info, '$&$&'), context, 'malformed', /SignedInfo, SignedInfo/);
  await refuses(signed().replace(info, ''), context, 'malformed', /Signature holds SignatureValue/);
  await refuses(signed().replace(info, '<ds:X>$&</ds:X>'), context, 'malformed', /Signature holds X/);
  await refuses(
    signed().replace(/<ds:SignatureValue>.*<\/ds:SignatureValue>/, ''),
    context,
    'malformed',
    /holds SignedInfo,/,
  );
});

test('reads SignatureValue and DigestValue as base64, which may have line breaks', async () => {
  const value = /(<ds:SignatureValue>)(.*)(<\/ds:SignatureValue>)/;
  await read(
    signed().replace(value, (_, start, text, end) => `${start}\n${text.replace(/.{64}/g, '$&\r\n')}&#13;${end}`),
    context,
  );
  await refuses(signed().replace(value, '$1$2!$3'), context, 'malformed', /SignatureValue is not canonical base64/);
  await refuses(signed().replace(value, '$1$3'), context, 'malformed', /SignatureValue is not canonical/);
  await refuses(signed().replace(value, '$1<x>$2</x>$3'), context, 'malformed', /SignatureValue holds elements/);
  const digest = (info: string) => info.replace(/(<ds:DigestValue>)(.*)(=<\/ds:DigestValue>)/, '$1$2*$3');
  await refuses(signed({ change: digest }), context, 'malformed', /DigestValue is not canonical/);
});

test('requires the signature after the issuer in SAML 2.0 and at the end in 1.1 (SA-20, SA-55)', async () => {
  await read(signed(), context);
  const signature = signatureOf(good, idp.key);
  await refuses(
    good.replace('<saml:Issuer>', `${signature}<saml:Issuer>`),
    context,
    'malformed',
    /begin with its Issuer/,
  );
  await refuses(good.replace('</saml:Subject>', `$&${signature}`), context, 'malformed', /not right after the Issuer/);
  const old = assertion1(idp);
  const asSaml1 = contextFor([trustIn(idp)], { version: 'saml1' });
  await read(sign(old, idp.key), asSaml1);
  const first = old.replace('<saml:Conditions', () => `${signatureOf(old, idp.key)}<saml:Conditions`);
  await refuses(first, asSaml1, 'malformed', /not the last element/);
  await refuses(place(signed(), signature), context, 'malformed', /more than one Signature/);
});

test('verifies equivalent XML with the same canonical form', async () => {
  const other = signed()
    .replace(/<(saml:Assertion [^>]*) ID="_a1"([^>]*)>/, "<$1 \n ID='&#x5f;a1'\t$2 >")
    .replace('></saml:SubjectConfirmationData>', '/>')
    .replace('ada@example.org', '&#97;da@ex&#x61;mple.org')
    .replaceAll('></ds:Transform>', '/>');
  assert.notEqual(other, signed());
  assert.deepEqual(await read(other, context), await read(signed(), context));
  await read(`<?xml version="1.0" encoding="UTF-8"?>\n${other}\n`, context);
});
