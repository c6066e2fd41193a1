// Parts of an assertion that are not read, and that a looser reader could take for what counts.
import assert from 'node:assert/strict';
import { claims, presentSaml, type Version, versions, withAttributes } from '../../../support/saml-exchange.ts';
import { all, at, element, encode, subject1, type Variation, type Xml } from '../../../support/saml-signer.ts';
import type { Case } from '../../group.ts';
import { inside, intoName, materialFor, only, put, refused, type SamlWorld, WRAPPING } from './material.ts';

const advice = (...content: readonly string[]): string => `<saml:Advice>${content.join('')}</saml:Advice>`;
/** An assertion as it stands inside another one: it inherits the prefix. */
const inherited = (xml: string): string => xml.replace(/ xmlns:saml="[^"]*"/, '');

/** The identity provider signs the whole: the subject and the role are those of the outer assertion. */
const advised: Case<SamlWorld> = async (world, { attempt, twin }) => {
  const { server } = world;
  for (const version of versions) {
    const { make, forged, signature, signed } = materialFor(world, version);
    await twin(presentSaml(server, version, encode(signed)));
    const inner = inherited(forged);
    const role = withAttributes(version, [['role', 'staff']]);
    const advices = { plain: advice(inner), signed: advice(put(inner, signature)), two: advice(inner) + advice(inner) };
    for (const [what, xml] of Object.entries(advices)) {
      const token = encode(make({ ...role, more: { xml } }));
      const { sub, role: read } = claims(await attempt(`${version}, ${what}`, presentSaml(server, version, token)));
      assert.deepEqual([sub, read], ['idp:ada', 'staff'], what);
    }
  }
};

/** One statement about a sign-in, of either version. */
const signIn = (version: Version, name: string, seconds: number, attributes: Record<string, string> = {}): Xml =>
  version === 'saml1'
    ? element(
        'saml:AuthenticationStatement',
        { AuthenticationInstant: at(seconds), AuthenticationMethod: name },
        subject1(),
      )
    : element(
        'saml:AuthnStatement',
        { AuthnInstant: at(seconds), ...attributes },
        element('saml:AuthnContext', {}, element('saml:AuthnContextClassRef', {}, name)),
      );

const withRole = (version: Version, change: (xml: string) => string): Variation => {
  const xml = withAttributes(version, [
    ['role', 'staff'],
    ['mail', 'ada@example.org'],
  ]).attributes?.xml;
  return { attributes: { xml: change(xml ?? '') } };
};

const VALUE = /(="role"[^>]*><saml:AttributeValue>)staff/;

export const unread: Readonly<Record<string, Case<SamlWorld>>> = {
  S53: refused(WRAPPING, ({ original, signature, signed, forged, twin, make }) => [
    put(forged, advice(signed)),
    put(forged, signature + advice(original)),
    put(forged, signature + advice(signed)),
    put(twin, signature + advice(original)),
    put(twin, advice(original) + signature),
    put(original, signature + advice(forged)),
    inside(signed, advice(forged)),
    // Signed, with the id of the assertion inside Advice.
    make({ id: '_same', more: { xml: advice(inherited(forged).replace(/ID="[^"]*"/, 'ID="_same"')) } }),
    make({ more: { xml: `<x:Advice xmlns:x="urn:x">${inherited(forged)}</x:Advice>` } }),
    make({ more: { xml: advice(inherited(forged)) } }).replaceAll('>eve<', '>bob<'),
  ]),
  S54: advised,
  S55: refused(/^(claims|not_yet_valid|expired)$/, ({ version, make }) => {
    const password = signIn(version, 'urn:password', -90);
    return [
      make({ authn: all(password, signIn(version, 'urn:smartcard', -90)) }),
      make({ authn: all(signIn(version, 'urn:smartcard', -1), password, password) }),
      make({ authn: all(password, signIn(version, 'urn:password', 31)) }),
      ...(version === 'saml2'
        ? [make({ authn: all(password, signIn(version, 'urn:password', -90, { SessionNotOnOrAfter: at(-31) })) })]
        : []),
    ];
  }),
  S56: refused(/^(malformed|expired|not_yet_valid|claims)$/, ({ make }) => [
    ...['+14:01', '-14:01', '+24:00', '+99:99', '-00:60', '+1:00', '+0100', '+01', ''].map((offset) =>
      make({ root: { IssueInstant: `2026-03-01T11:59:00${offset}` } }),
    ),
    make({ window: { NotOnOrAfter: '9999-12-31T23:59:59-14:00' } }),
    make({ window: { NotBefore: '0001-01-01T00:00:00+14:00' } }),
    // Ended an hour ago, and begins in an hour, for a reader who ignores the offset as well.
    make({ window: { NotBefore: undefined, NotOnOrAfter: '2026-03-01T12:30:00+01:30' } }),
    make({ window: { NotBefore: '2026-03-01T11:30:00-01:30' } }),
    make({ root: { IssueInstant: '2026-03-01T11:30:00-01:00' } }),
  ]),
  S57: refused(/^(malformed|claims)$/, ({ version, make }) => [
    make(withRole(version, (xml) => xml.replace(VALUE, '$1<!-- -->staff'))),
    make(withRole(version, (xml) => xml.replace(VALUE, '$1st<!-- -->aff'))),
    make(withRole(version, (xml) => xml.replace(VALUE, '$1<saml:b>admin</saml:b>'))),
    make(withRole(version, (xml) => xml.replace(VALUE, '$1admin<saml:b></saml:b>staff'))),
    make(withRole(version, (xml) => xml.replace(/<saml:Attribute [^>]*="role".*?<\/saml:Attribute>/, '$&$&'))),
    make({ more: { xml: advice('<!-- -->') } }),
    intoName(make(), '<!-- -->'),
  ]),
  S58: refused(/^(subject|signature)$/, (material) => {
    const { version, make } = material;
    const transient =
      version === 'saml2'
        ? 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient'
        : 'urn:mace:shibboleth:1.0:nameIdentifier';
    return [
      make({ nameIdAttributes: { Format: transient } }),
      make({ nameIdAttributes: { NameQualifier: 'https://other.example/saml' } }),
      make({ nameIdAttributes: { NameQualifier: ' ' } }),
      ...only('saml2', material, () => [
        make({ nameId: null }),
        make({ nameIdAttributes: { SPNameQualifier: 'https://other.example/sp' } }),
        // Added after signing.
        make({ nameId: null }).replace('<saml:Subject>', '$&<saml:NameID>eve</saml:NameID>'),
      ]),
    ];
  }),
};
