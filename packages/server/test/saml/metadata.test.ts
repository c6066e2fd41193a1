// Reading the metadata file of an identity provider.
import assert from 'node:assert/strict';
import type { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { readMetadata } from '../../src/saml/metadata.ts';
import { DS, METADATA } from '../../src/saml/names.ts';
import {
  all,
  at,
  element,
  type IdentityProvider,
  identityProvider,
  NOW,
  none,
  type Xml,
  x509,
} from '../support/saml-signer.ts';

const idp = identityProvider();
const next = identityProvider();
const PROTOCOL = 'urn:oasis:names:tc:SAML:2.0:protocol';

const keyOf = ({ certificate }: IdentityProvider, use?: string) =>
  element('md:KeyDescriptor', { use }, x509(certificate));
const role = (attributes: Record<string, string>, ...content: readonly Xml[]) =>
  element('md:IDPSSODescriptor', { protocolSupportEnumeration: PROTOCOL, ...attributes }, ...content);
const entity = (attributes: Record<string, string | undefined>, ...content: readonly Xml[]) =>
  element(
    'md:EntityDescriptor',
    { 'xmlns:ds': DS, 'xmlns:md': METADATA, entityID: idp.entityId, ...attributes },
    ...content,
  ).xml;
const readXml = (xml: string) => readMetadata(Buffer.from(xml), NOW);

test('reads the entity id, the signing certificates and the expiry', async () => {
  const file = entity(
    { validUntil: at(3600) },
    { xml: '<!-- of the identity provider -->\n' },
    role(
      { validUntil: at(1800) },
      keyOf(idp, 'signing'),
      keyOf(next),
      keyOf(idp, 'signing'),
      keyOf(identityProvider(), 'encryption'),
    ),
    element('md:SPSSODescriptor', {}, keyOf(identityProvider(), 'signing')),
  );
  const metadata = await readXml(`\ufeff<?xml version="1.0" encoding="UTF-8"?>\n${file}`);
  assert.equal(metadata.entityId, idp.entityId);
  assert.deepEqual(
    metadata.certificates.map(({ fingerprint256 }) => fingerprint256),
    [idp.certificate.fingerprint256, next.certificate.fingerprint256],
  );
  assert.equal(metadata.validUntil, NOW + 1800);
  assert.equal((await readXml(entity({}, role({}, keyOf(idp))))).validUntil, undefined);
});

test('uses the certificates of a role only for the versions that the role supports', async () => {
  const [one, both, neither] = [identityProvider(), identityProvider(), identityProvider()];
  const SAML1 = 'urn:oasis:names:tc:SAML:1.1:protocol';
  const WSFED = 'http://docs.oasis-open.org/wsfed/federation/200706';
  const withProtocols = (protocolSupportEnumeration: string, by: IdentityProvider) =>
    role({ protocolSupportEnumeration }, keyOf(by, 'signing'));
  const file = entity(
    {},
    withProtocols(PROTOCOL, idp),
    withProtocols(SAML1, one),
    withProtocols(`${SAML1} urn:mace:shibboleth:1.0\n${PROTOCOL}`, both),
    withProtocols(WSFED, neither),
    withProtocols(`${PROTOCOL}x`, neither),
  );
  const { certificatesOf, certificates } = await readXml(file);
  const names = (list: readonly X509Certificate[]) => list.map(({ fingerprint256 }) => fingerprint256);
  const of = (...providers: readonly IdentityProvider[]) => names(providers.map(({ certificate }) => certificate));
  assert.deepEqual(names(certificatesOf.saml2), of(idp, both));
  assert.deepEqual(names(certificatesOf.saml1), of(one, both));
  assert.deepEqual(names(certificates), of(idp, both, one));
  await assert.rejects(readXml(entity({}, withProtocols(WSFED, idp))), /no certificate for signing/);
});

test('reports why a file cannot be used', async () => {
  const good = entity({}, role({}, keyOf(idp)));
  const [one = ''] = /<ds:X509Certificate>.*<\/ds:X509Certificate>/.exec(keyOf(next).xml) ?? [];
  const chain = keyOf(idp).xml.replace('</ds:X509Data>', `${one}</ds:X509Data>`);
  await readXml(good);
  const refused: readonly (readonly [string, RegExp])[] = [
    [entity({ validUntil: at(0) }, role({}, keyOf(idp))), /was valid until 2026-03-01T12:00:00/],
    [entity({ validUntil: 'tomorrow' }, role({}, keyOf(idp))), /validUntil of EntityDescriptor is not a time/],
    [entity({ entityID: undefined }, role({}, keyOf(idp))), /EntityDescriptor has no entityID/],
    [entity({}, role({}, keyOf(idp, 'encryption'))), /no certificate for signing/],
    [entity({}, role({})), /no certificate for signing/],
    [entity({}, none), /no identity provider/],
    [entity({}, role({}, { xml: keyOf(idp).xml.replace(/MII.{9}/, 'MIIAAAAAAAAA') })), /cannot be read/],
    [element('md:EntitiesDescriptor', { 'xmlns:md': METADATA }, all()).xml, /describes a federation/],
    ['<x/>', /no EntityDescriptor as its root/],
    [good.slice(0, -1), /not well-formed/],
    [`<!DOCTYPE x>${good}`, /DOCTYPE/],
    [good.replace('<md:IDPSSO', '<![CDATA[x]]><md:IDPSSO'), /CDATA/],
    [`<?xml version="1.0" encoding="UTF-7"?>${good}`, /an XML declaration that is not for XML 1.0/],
    [entity({}, role({}, { xml: chain })), /several certificates/],
    [
      entity(
        {},
        role({}, { xml: keyOf(idp).xml.replace('</ds:X509Data>', `</ds:X509Data><ds:X509Data>${one}</ds:X509Data>`) }),
      ),
      /several certificates/,
    ],
  ];
  for (const [xml, message] of refused) await assert.rejects(readXml(xml), { name: 'Error', message });
});

test('refuses a file in UTF-16, with and without a byte order mark: its DOCTYPE would not be found', async () => {
  const xml = `<!DOCTYPE x>${entity({}, role({}, keyOf(idp)))}`;
  const little = Buffer.from(xml, 'utf16le');
  for (const bytes of [little, Buffer.from(little).swap16()])
    for (const mark of [[], [0xff, 0xfe], [0xfe, 0xff]])
      await assert.rejects(readMetadata(Buffer.concat([Buffer.from(mark), bytes]), NOW), { message: /metadata file/ });
});
