// Signatures: weak algorithms, other signers, other signed content, and encryption.
import assert from 'node:assert/strict';
import { constants, createHash, createHmac, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { DS, DS_MORE, ENC, ENC11, SAML2 } from '../../../../src/saml/names.ts';
import { selfSigned } from '../../../support/saml-certificate.ts';
import { assertionFor, encrypt, idp, presentSaml, signedFor, startSaml } from '../../../support/saml-exchange.ts';
import { element, NOW, sign, signatureOf, type Xml } from '../../../support/saml-signer.ts';
import type { Case } from '../../group.ts';
import {
  inside,
  object,
  only,
  other,
  ours,
  PROTOCOL,
  put,
  refused,
  response,
  type SamlWorld,
  WRAPPING,
} from './material.ts';

const named = (method: string): Xml => element('xenc:EncryptionMethod', { Algorithm: method });

/** In canonical form, ready to be signed. */
const encryptedId = (name: string, key: KeyObject): string =>
  encrypt(element('saml:NameID', { 'xmlns:saml': SAML2 }, name).xml, key)
    .replace(/^<saml:EncryptedAssertion [^>]*>/, '<saml:EncryptedID>')
    .replace('</saml:EncryptedAssertion>', '</saml:EncryptedID>')
    .replace('<xenc:EncryptedData ', `<xenc:EncryptedData xmlns:xenc="${ENC}" `)
    .replace('<ds:KeyInfo', `<ds:KeyInfo xmlns:ds="${DS}"`);

/** The signature by a key with the exponent 1: the padded digest (RFC 8017 section 9.2). */
function padded(bytes: Buffer): Buffer {
  const digest = createHash('sha256').update(bytes).digest();
  const info = Buffer.concat([Buffer.from('3031300d060960864801650304020105000420', 'hex'), digest]);
  const padding = Buffer.alloc(256 - 3 - info.length, 0xff);
  return Buffer.concat([Buffer.from([0, 1]), padding, Buffer.from([0]), info]);
}

export const signatures: Readonly<Record<string, Case<SamlWorld>>> = {
  S23: refused(/^algorithm$/, ({ make }) => {
    const pemKey = createPublicKey(idp.key).export({ type: 'spki', format: 'pem' });
    const hmac = { forge: (bytes: Buffer) => createHmac('sha256', pemKey).update(bytes).digest() };
    return [
      make({}, { method: `${DS}rsa-sha1` }),
      make({}, { method: `${DS_MORE}rsa-md5` }),
      make({}, { method: `${DS}dsa-sha1` }),
      make({}, { method: `${DS}hmac-sha1`, ...hmac }),
      make({}, { method: `${DS_MORE}hmac-sha256`, ...hmac }),
      make({}, { method: `${DS_MORE}hmac-sha512`, ...hmac }),
      make({}, { method: `${DS_MORE}rsa-ripemd160` }),
      make({}, { method: `${DS_MORE}ecdsa-sha1` }),
      make({}, { method: 'http://www.w3.org/2009/xmldsig11#dsa-sha256' }),
      make({}, { digest: `${DS}sha1` }),
      make({}, { digest: `${DS_MORE}sha224` }),
      make({}, { digest: `${DS_MORE}md5` }),
    ];
  }),
  S25: refused(/^algorithm$/, ({ make }) => [
    make({}, { parameters: element('ds:HMACOutputLength', {}, '1') }),
    make({}, { method: `${DS_MORE}hmac-sha256`, parameters: element('ds:HMACOutputLength', {}, '1') }),
  ]),
  S27: refused(/^signature$/, ({ original, server, version }) => [
    sign(original, other.key),
    sign(assertionFor(server, version, {}, other), idp.key),
  ]),
  S29: refused(WRAPPING, ({ original, signed }) => {
    const whole = response(original);
    return [original, response(signed), whole.replace(original, () => signatureOf(whole, idp.key) + original)];
  }),
  S30: refused(WRAPPING, ({ forged }) => [
    response(signatureOf(response(), idp.key), `<ds:Signature xmlns:ds="${DS}">${object(forged)}</ds:Signature>`),
    put(forged, signatureOf(response(), idp.key)),
  ]),
  S31: refused(WRAPPING, ({ forged, twin }) =>
    ['AuthnRequest', 'LogoutRequest', 'EntityDescriptor'].flatMap((name) => {
      const [, id = ''] = / (?:ID|AssertionID)="([^"]*)"/.exec(twin) ?? [];
      const message = element(`samlp:${name}`, { 'xmlns:samlp': PROTOCOL, ID: id }).xml;
      const signature = signatureOf(message, idp.key);
      return [put(forged, signature), put(twin, signature), message.replace('></', () => `>${signature}${forged}</`)];
    }),
  ),
  S32: refused(WRAPPING, ({ signed, forged }) => {
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
  }),
  S34: refused(/^(algorithm|malformed|wrong_type)$/, ({ signed, url }) => [
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
  ]),
  S51: refused(/^unknown_key$/, (material) =>
    only('saml2', material, () => {
      const { server } = material;
      const theirs = (nameId: string): string => assertionFor(server, 'saml2', { nameId: { xml: nameId } }, other);
      return [
        sign(theirs(encryptedId('ada-as-idp-knows-her', ours.publicKey)), other.key),
        encrypt(sign(assertionFor(server, 'saml2', {}, other), other.key), ours.publicKey),
      ];
    }),
  ),
  S52: async (_world, { after, attempt, twin }) => {
    const start = (e: string) => {
      const { n } = createPublicKey(idp.key).export({ format: 'jwk' });
      const publicKey = createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' });
      const certificate = selfSigned(idp.key, { from: NOW - 86_400, to: NOW + 86_400 }, publicKey);
      return startSaml({ after }, {}, { files: { 'idp.pem': certificate.toString() } });
    };
    const [weak, good] = [await start('AQ'), await start('AQAB')];
    const forged = signedFor(weak, 'saml2', {}, { signing: { forge: padded } });
    const answer = await attempt('signed by anybody', presentSaml(weak, 'saml2', forged));
    assert.equal(weak.audit(answer)?.reason, 'subject_token_unknown_key');
    await twin(presentSaml(good, 'saml2', signedFor(good, 'saml2')));
  },
};
