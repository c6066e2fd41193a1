// What a SAML 1.1 assertion must say.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { read, refuses } from '../support/saml-check.ts';
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

test('a SAML 1.1 assertion proves who its subject is (SA-50, SA-54)', async () => {
  assert.deepEqual(
    { ...(await accepts()) },
    {
      issuer: idp.entityId,
      id: '_a1',
      issuedAt: NOW - 60,
      nameId: 'ada',
      nameIdFormat: 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified',
      attributes: Object.assign(Object.create(null), { mail: ['ada@example.org'] }),
      repeatedAttributes: [],
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

test('SAML 1.0 is refused (SA-50)', async () => {
  await accepts();
  await refuses(signed({ root: { MinorVersion: '0' } }), context, 'wrong_type', /SAML 1\.x Assertion 1 0/);
  await refuses(signed(), { ...context, version: 'saml2' }, 'wrong_type', /SAML 1\.x Assertion/);
});

test('the issuer is an attribute, and exactly one that is trusted (SA-50)', async () => {
  await accepts();
  await refuses(signed({ issuer: 'https://other.example' }), context, 'unknown_issuer', /other\.example/);
  await refuses(signed({ root: { Issuer: undefined } }), context, 'malformed', /no Issuer/);
});

test('conditions are required, with an end and an audience (SA-51, SA-53)', async () => {
  await accepts();
  await refuses(signed({ conditions: null }), context, 'malformed', /no Conditions/);
  await refuses(signed({ window: { NotOnOrAfter: undefined } }), context, 'claims', /no NotOnOrAfter/);
  await refuses(signed({ window: { NotOnOrAfter: at(-30) } }), context, 'expired', /is past/);
  await refuses(signed({ audience: 'https://other.example' }), context, 'audience', /restricted to https:\/\/other/);
  await refuses(signed({ restrictions: element('saml:DoNotCacheCondition') }), context, 'audience', /no audience/);
  await refuses(signed({ moreConditions: element('saml:Condition') }), context, 'claims', /not known here/);
});

test('DoNotCacheCondition means that the assertion is used once (SA-51)', async () => {
  assert.equal((await accepts({ moreConditions: element('saml:DoNotCacheCondition') })).oneTimeUse, true);
});

test('an assertion for the calling client as a service provider is accepted from it alone', async () => {
  const forClient = { audience: ADDRESSEE.entityId };
  assert.equal((await read(signed(forClient), { ...context, addressee: ADDRESSEE })).addressedTo, 'client');
  await refuses(signed(forClient), context, 'audience', /restricted to https:\/\/app/);
});

test('all statements speak of one subject (SA-52)', async () => {
  const statement = (...subject: Parameters<typeof subject1>) =>
    element('saml:AttributeStatement', {}, subject1(...subject), attribute1('mail', 'x'));
  await accepts({ attributes: all(statement(), statement('ada', { confirmation: null })) });
  await refuses(signed({ attributes: statement('eve') }), context, 'subject', /different subjects/);
  const other = { nameIdAttributes: { Format: 'urn:other' } };
  await refuses(signed({ attributes: statement('ada', other) }), context, 'subject', /different subjects/);
  await refuses(signed({ attributes: element('saml:AttributeStatement') }), context, 'malformed', /no Subject/);
  await refuses(signed({ authn: null, attributes: all() }), context, 'subject', /no statement/);
});

test('the name of the subject prints and lasts', async () => {
  await accepts({ nameIdAttributes: { NameQualifier: idp.entityId } });
  await refuses(signed({ nameId: element('saml:NameIdentifier') }), context, 'subject', /empty/);
  await refuses(signed({ nameId: element('saml:NameIdentifier', {}, ' ada') }), context, 'subject', /empty/);
  await refuses(signed({ nameIdAttributes: { NameQualifier: 'other' } }), context, 'subject', /NameQualifier/);
  const transient = { nameIdAttributes: { Format: 'urn:mace:shibboleth:1.0:nameIdentifier' } };
  await refuses(signed(transient), context, 'subject', /transient/);
});

test('the subject is confirmed to the bearer (SA-53)', async () => {
  const name = 'urn:oasis:names:tc:SAML:1.0:cm:';
  await accepts({ confirmation: confirmation1(`${name}bearer`, `${name}artifact-01`) });
  await refuses(signed({ confirmation: null }), context, 'claims', /no SubjectConfirmation/);
  for (const method of ['artifact-01', 'artifact', 'holder-of-key', 'sender-vouches']) {
    await refuses(signed({ confirmation: confirmation1(name + method) }), context, 'claims', /not bearer/);
  }
  const keyed = confirmation1().xml.replace('</saml:SubjectConfirmation>', '<saml:KeyInfo></saml:KeyInfo>$&');
  await refuses(signed({ confirmation: { xml: keyed } }), context, 'claims', /data or a key/);
});

test('an attribute is its namespace and its name: that of another namespace is another one (SA-54)', async () => {
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
  // Of two that may count nobody can say which one is meant.
  const adfs = 'http://schemas.xmlsoap.org/claims';
  const unclear = await accepts(statement(of(usual, 'user'), of(adfs, 'admin')));
  assert.deepEqual({ ...unclear.attributes }, { [`{${usual}}role`]: ['user'], [`{${adfs}}role`]: ['admin'] });
  assert.deepEqual(unclear.repeatedAttributes, ['role']);
  const trust = trustIn(idp, { attributeFormats: new Set(['urn:self-asserted']) });
  const chosen = sign(assertion1(idp, statement(of(usual, 'user'), of('urn:self-asserted', 'admin'))), idp.key);
  const { attributes } = await read(chosen, contextFor([trust], { version: 'saml1' }));
  assert.deepEqual({ ...attributes }, { [`{${usual}}role`]: ['user'], role: ['admin'] });
});
