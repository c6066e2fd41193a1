// Which SAML 1.1 assertions are accepted?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasNoName, nameIn, read, refuses } from '../support/saml-check.ts';
import {
  ADDRESSEE,
  AUDIENCE,
  all,
  assertion1,
  at,
  attribute1,
  confirmation1,
  contextFor,
  element,
  identityProvider,
  NOW,
  sign,
  subject1,
  trustIn,
  type Variation,
  type Xml,
} from '../support/saml-signer.ts';

const idp = identityProvider();
const context = contextFor([trustIn(idp)], { version: 'saml1' });
const signed = (is?: Variation) => sign(assertion1(idp, is), idp.key);
const accepts = (is?: Variation) => read(signed(is), context);

test('reads the identity from a SAML 1.1 assertion (SA-50, SA-54)', async () => {
  assert.deepEqual(
    { ...(await accepts()) },
    {
      issuer: idp.entityId,
      id: '_a1',
      issuedAt: NOW - 60,
      name: {
        kind: 'lasting',
        nameId: 'ada',
        nameIdFormat: 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified',
        qualifiers: {},
      },
      attributes: Object.assign(Object.create(null), { mail: ['ada@example.org'] }),
      repeatedAttributes: [],
      unreadableAttributes: Object.create(null),
      audiences: [AUDIENCE],
      addressedTo: 'server',
      notOnOrAfter: NOW + 300,
      usableUntil: NOW + 300,
      authnInstant: NOW - 90,
      authnContext: 'urn:oasis:names:tc:SAML:1.0:am:password',
      sessionNotOnOrAfter: undefined,
      oneTimeUse: false,
      proxyRestriction: undefined,
    },
  );
});

test('refuses SAML 1.0 (SA-50)', async () => {
  await accepts();
  await refuses(signed({ root: { MinorVersion: '0' } }), context, 'wrong_type', /SAML 1\.x Assertion 1 0/);
  await refuses(signed(), { ...context, version: 'saml2' }, 'wrong_type', /SAML 1\.x Assertion/);
});

test('requires a trusted Issuer attribute (SA-50)', async () => {
  await accepts();
  await refuses(signed({ issuer: 'https://other.example' }), context, 'unknown_issuer', /other\.example/);
  await refuses(signed({ root: { Issuer: undefined } }), context, 'malformed', /no Issuer/);
});

test('requires conditions with an end and an audience (SA-51, SA-53)', async () => {
  await accepts();
  await refuses(signed({ conditions: null }), context, 'malformed', /no Conditions/);
  await refuses(signed({ window: { NotOnOrAfter: undefined } }), context, 'claims', /no NotOnOrAfter/);
  await refuses(signed({ window: { NotOnOrAfter: at(-30) } }), context, 'expired', /is past/);
  await refuses(signed({ audience: 'https://other.example' }), context, 'audience', /restricted to https:\/\/other/);
  await refuses(signed({ restrictions: element('saml:DoNotCacheCondition') }), context, 'audience', /no audience/);
  await refuses(signed({ moreConditions: element('saml:Condition') }), context, 'claims', /an unknown condition/);
});

test('reads DoNotCacheCondition as one-time use (SA-51)', async () => {
  assert.equal((await accepts({ moreConditions: element('saml:DoNotCacheCondition') })).oneTimeUse, true);
});

test('accepts an assertion for a client as a service provider from that client alone', async () => {
  const forClient = { audience: ADDRESSEE.entityId };
  assert.equal((await read(signed(forClient), { ...context, addressee: ADDRESSEE })).addressedTo, 'client');
  await refuses(signed(forClient), context, 'audience', /restricted to https:\/\/app/);
});

test('refuses statements with different subjects (SA-52)', async () => {
  const statement = (...subject: Parameters<typeof subject1>) =>
    element('saml:AttributeStatement', {}, subject1(...subject), attribute1('mail', 'x'));
  await accepts({ attributes: all(statement(), statement('ada', { confirmation: null })) });
  await refuses(signed({ attributes: statement('eve') }), context, 'subject', /different subjects/);
  const other = { nameIdAttributes: { Format: 'urn:other' } };
  await refuses(signed({ attributes: statement('ada', other) }), context, 'subject', /different subjects/);
  await refuses(signed({ attributes: element('saml:AttributeStatement') }), context, 'malformed', /no Subject/);
  await refuses(signed({ authn: null, attributes: all() }), context, 'subject', /no statement/);
});

test('uses no subject name that is missing, unprintable, transient or not of the issuer', async () => {
  for (const NameQualifier of [idp.entityId, ''])
    assert.equal(nameIn(await accepts({ nameIdAttributes: { NameQualifier } })), 'ada');
  await hasNoName(signed({ nameId: element('saml:NameIdentifier') }), context, /empty/);
  await hasNoName(signed({ nameId: element('saml:NameIdentifier', {}, ' ada') }), context, /empty/);
  await hasNoName(signed({ nameIdAttributes: { NameQualifier: 'other' } }), context, /NameQualifier/);
  const transient = { nameIdAttributes: { Format: 'urn:mace:shibboleth:1.0:nameIdentifier' } };
  await hasNoName(signed(transient), context, /transient/);
  const nameless = element('saml:Subject', {}, confirmation1());
  const statement = (subject: Xml) =>
    element('saml:AttributeStatement', {}, subject, attribute1('mail', 'ada@example.org'));
  await hasNoName(signed({ authn: null, attributes: statement(nameless) }), context, /no NameIdentifier/);
  await refuses(signed({ attributes: statement(nameless) }), context, 'subject', /different subjects/);
  const other = subject1('eve', { nameIdAttributes: transient.nameIdAttributes });
  await refuses(signed({ ...transient, attributes: statement(other) }), context, 'subject', /different subjects/);
});

test('joins AuthenticationStatements that agree, and refuses those that contradict each other (SA-54)', async () => {
  const statement = (AuthenticationMethod: string, AuthenticationInstant: string) =>
    element('saml:AuthenticationStatement', { AuthenticationInstant, AuthenticationMethod }, subject1());
  const { authnInstant, authnContext } = await accepts({
    authn: all(statement('urn:password', at(-5)), statement('urn:password', at(-500))),
  });
  assert.deepEqual([authnInstant, authnContext], [NOW - 500, 'urn:password']);
  const contradicting = all(statement('urn:password', at(-5)), statement('urn:smartcard', at(-5)));
  await refuses(signed({ authn: contradicting }), context, 'claims', /contradict each other/);
  const future = all(statement('urn:password', at(-5)), statement('urn:password', at(31)));
  await refuses(signed({ authn: future }), context, 'not_yet_valid', /AuthenticationInstant/);
});

test('requires a bearer confirmation (SA-53)', async () => {
  const name = 'urn:oasis:names:tc:SAML:1.0:cm:';
  await accepts({ confirmation: confirmation1(`${name}bearer`, `${name}artifact-01`) });
  await refuses(signed({ confirmation: null }), context, 'claims', /no SubjectConfirmation/);
  for (const method of ['artifact-01', 'artifact', 'holder-of-key', 'sender-vouches']) {
    await refuses(signed({ confirmation: confirmation1(name + method) }), context, 'claims', /not bearer/);
  }
  const keyed = confirmation1().xml.replace('</saml:SubjectConfirmation>', '<saml:KeyInfo></saml:KeyInfo>$&');
  await refuses(signed({ confirmation: { xml: keyed } }), context, 'claims', /data or a key/);
});

test('distinguishes attributes by namespace and name (SA-54)', async () => {
  const usual = 'urn:mace:shibboleth:1.0:attributeNamespace:uri';
  const of = (namespace: string, value: string) => ({ xml: attribute1('role', value).xml.replace(usual, namespace) });
  const statement = (...list: readonly Xml[]) => ({
    attributes: element('saml:AttributeStatement', {}, subject1(), ...list),
  });
  const own = await accepts(statement(of('urn:self-asserted', 'admin')));
  assert.deepEqual({ ...own.attributes }, { '{urn:self-asserted}role': ['admin'] });
  const both = await accepts(statement(of(usual, 'user'), of('urn:self-asserted', 'admin')));
  assert.deepEqual({ ...both.attributes }, { role: ['user'], '{urn:self-asserted}role': ['admin'] });
  assert.deepEqual(both.repeatedAttributes, []);
  // Two attributes with usual formats are ambiguous.
  const adfs = 'http://schemas.xmlsoap.org/claims';
  const unclear = await accepts(statement(of(usual, 'user'), of(adfs, 'admin')));
  assert.deepEqual({ ...unclear.attributes }, { [`{${usual}}role`]: ['user'], [`{${adfs}}role`]: ['admin'] });
  assert.deepEqual({ ...unclear.unreadableAttributes }, { role: 'formats' });
  const trust = trustIn(idp, { attributeFormats: new Set(['urn:self-asserted']) });
  const chosen = sign(assertion1(idp, statement(of(usual, 'user'), of('urn:self-asserted', 'admin'))), idp.key);
  const { attributes } = await read(chosen, contextFor([trust], { version: 'saml1' }));
  assert.deepEqual({ ...attributes }, { [`{${usual}}role`]: ['user'], role: ['admin'] });
});
