// Which SAML 2.0 assertions are accepted? Every refusal stands beside an accepted twin.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SamlContext } from '../../src/saml/identity.ts';
import { SAML1, SAML2, XSI } from '../../src/saml/names.ts';
import { hasNoName, nameIn, read, refuses } from '../support/saml-check.ts';
import {
  ADDRESSEE,
  AUDIENCE,
  all,
  assertion1,
  assertion2,
  at,
  attribute2,
  audienceRestriction,
  confirmation2,
  contextFor,
  element,
  identityProvider,
  NOW,
  sign,
  TOKEN_ENDPOINT,
  trustIn,
  type Variation,
} from '../support/saml-signer.ts';

const idp = identityProvider();
const context = contextFor([trustIn(idp)]);
const signed = (is?: Variation) => sign(assertion2(idp, is), idp.key);
const accepts = (is?: Variation, inContext: SamlContext = context) => read(signed(is), inContext);

test('reads the identity from an assertion of a trusted identity provider', async () => {
  assert.deepEqual(
    { ...(await accepts()) },
    {
      issuer: idp.entityId,
      id: '_a1',
      issuedAt: NOW - 60,
      name: {
        kind: 'lasting',
        nameId: 'ada',
        nameIdFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
        qualifiers: {},
      },
      attributes: Object.assign(Object.create(null), { mail: ['ada@example.org'], groups: ['staff', 'admins'] }),
      repeatedAttributes: [],
      unreadableAttributes: Object.create(null),
      audiences: [AUDIENCE],
      addressedTo: 'server',
      notOnOrAfter: NOW + 300,
      usableUntil: NOW + 300,
      authnInstant: NOW - 90,
      authnContext: 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport',
      sessionNotOnOrAfter: undefined,
      oneTimeUse: false,
      proxyRestriction: undefined,
    },
  );
});

test('refuses an assertion of another version than the declared one (SA-02, SA-30)', async () => {
  await accepts();
  const asSaml1 = { ...context, version: 'saml1' } as const;
  await refuses(signed(), asSaml1, 'wrong_type', /SAML 2\.0 Assertion 2\.0/);
  await refuses(sign(assertion1(idp), idp.key), context, 'wrong_type', /SAML 1\.x Assertion 1 1/);
  await refuses(signed({ root: { Version: '2.1' } }), context, 'wrong_type', /2\.1/);
  await refuses(signed({ root: { 'xmlns:saml': SAML1 } }), context, 'wrong_type', /SAML 1\.x/);
  await refuses(signed({ root: { 'xmlns:saml': 'urn:other' } }), context, 'wrong_type', /urn:other/);
});

test('refuses an issuer that is not trusted or not an entity (SA-31)', async () => {
  const format = 'urn:oasis:names:tc:SAML:2.0:nameid-format:';
  await accepts({ issuerAttributes: { Format: `${format}entity` } });
  await refuses(
    signed({ issuerAttributes: { Format: `${format}persistent` } }),
    context,
    'malformed',
    /Issuer has the Format .*, not entity/,
  );
  await refuses(signed({ issuer: `${idp.entityId}/` }), context, 'unknown_issuer', /^https:\/\/idp\.example\/saml\/$/);
  await refuses(signed({ issuer: '' }), context, 'unknown_issuer', /^$/);
});

test('refuses an id that is not a name, and unknown attributes of the root (SA-30)', async () => {
  await accepts({ id: `_${'a'.repeat(255)}` });
  await refuses(signed({ id: '1a' }), context, 'malformed', /ID of the assertion/);
  await refuses(signed({ id: `_${'a'.repeat(256)}` }), context, 'malformed', /ID of the assertion/);
  await refuses(signed({ root: { ID: undefined, Id: '_a1' } }), context, 'malformed', /attribute Id/);
  await refuses(signed({ root: { ID: undefined } }), context, 'malformed', /ID of the assertion/);
});

test('reads times in UTC or with an offset from it, and refuses an IssueInstant in the future (SA-30)', async () => {
  await accepts({ root: { IssueInstant: at(30) } });
  await accepts({ root: { IssueInstant: at(-60).replace('Z', '.1234567Z') } });
  await refuses(signed({ root: { IssueInstant: at(31) } }), context, 'not_yet_valid', /IssueInstant is in the future/);
  // All of them are 2026-03-01T11:59:00Z.
  for (const [date, time, offset] of [
    ['2026-03-01', '11:59:00', '+00:00'],
    ['2026-03-01', '12:59:00', '+01:00'],
    ['2026-03-01', '06:29:00.5', '-05:30'],
    ['2026-03-02', '01:59:00.1234567', '+14:00'],
    ['2026-02-28', '21:59:00', '-14:00'],
  ]) {
    const { issuedAt } = await accepts({ root: { IssueInstant: `${date}T${time}${offset}` } });
    assert.equal(issuedAt, NOW - 60, offset);
  }
  for (const time of [
    '2026-02-30T00:00:00Z',
    '2026-02-30T00:00:00+01:00',
    '2026-02-01T24:00:00Z',
    '2026-02-01T00:00:60Z',
    '2026-02-01T00:00:00+14:01',
    '2026-02-01T00:00:00+24:00',
    '2026-02-01T00:00:00-99:99',
    '2026-02-01T00:00:00+01:60',
    '2026-02-01T00:00:00+0100',
    '2026-02-01T00:00:00+1:00',
    '2026-02-01T00:00:00Z+01:00',
    '2026-02-01T00:00:00',
    '0001-01-01T00:00:00+14:00',
    '0000-12-31T00:00:00Z',
    '9999-12-31T23:59:59-14:00',
    '2026-02-01',
    'now',
  ]) {
    await refuses(signed({ root: { IssueInstant: time } }), context, 'malformed', /IssueInstant .* not a time such as/);
  }
  // An offset that moves the end is part of the time.
  await accepts({ window: { NotOnOrAfter: '2026-03-01T13:05:00+01:00' } });
  const ended = signed({ window: { NotBefore: undefined, NotOnOrAfter: '2026-03-01T12:05:00+01:00' } });
  await refuses(ended, context, 'expired', /NotOnOrAfter of Conditions is past: 2026-03-01T11:05:00Z/);
});

test('refuses an assertion without conditions or without an end (SA-32)', async () => {
  await accepts();
  await refuses(signed({ conditions: null }), context, 'malformed', /no Conditions/);
  await refuses(signed({ window: { NotOnOrAfter: undefined } }), context, 'claims', /Conditions has no NotOnOrAfter/);
});

test('accepts an assertion from NotBefore until before NotOnOrAfter, with the leeway (SA-32)', async () => {
  const later = (seconds: number) => ({ ...context, now: NOW + seconds });
  await accepts({ window: { NotBefore: undefined } });
  await accepts({}, later(329));
  await refuses(signed(), later(330), 'expired', /NotOnOrAfter of Conditions is past: 2026-03-01T12:05:00Z/);
  await accepts({ window: { NotBefore: at(30) } });
  await refuses(signed({ window: { NotBefore: at(31) } }), context, 'not_yet_valid', /NotBefore of Conditions/);
  await refuses(signed({ window: { NotBefore: at(300) } }), context, 'claims', /ends before it begins/);
  for (const leeway of [0, 1, 120]) {
    const other = contextFor([trustIn(idp, { leeway })]);
    await accepts({}, { ...other, now: NOW + 299 + leeway });
    await refuses(signed(), { ...other, now: NOW + 300 + leeway }, 'expired', /is past/);
    await accepts({ window: { NotBefore: at(leeway) } }, other);
    await refuses(signed({ window: { NotBefore: at(leeway + 1) } }), other, 'not_yet_valid', /NotBefore of Conditions/);
  }
});

test('requires every audience restriction to name this server, by any of its audiences (SA-33)', async () => {
  const restricted = (...restrictions: readonly (readonly string[])[]): Variation => ({
    restrictions: all(...restrictions.map((audiences) => audienceRestriction(...audiences))),
  });
  const identity = await accepts(restricted(['https://other.example', AUDIENCE], [AUDIENCE]));
  assert.deepEqual(identity.audiences, ['https://other.example', AUDIENCE]);
  await refuses(signed(restricted()), context, 'audience', /restricted to no audience/);
  await refuses(signed(restricted([])), context, 'audience', /restricted to an empty list/);
  await refuses(signed(restricted(['https://other.example'])), context, 'audience', /restricted to https:\/\/other/);
  await refuses(
    signed(restricted([AUDIENCE], ['https://other.example'])),
    context,
    'audience',
    /, and https:\/\/other/,
  );
  for (const near of [`${AUDIENCE}/`, ` ${AUDIENCE}`, AUDIENCE.toUpperCase(), AUDIENCE.slice(0, -1)]) {
    await refuses(signed(restricted([near])), context, 'audience', /restricted to/);
  }
});

test('reports OneTimeUse and ProxyRestriction, and refuses unknown conditions (SA-34)', async () => {
  const moreConditions = all(
    element('saml:OneTimeUse'),
    element('saml:ProxyRestriction', { Count: '0' }, element('saml:Audience', {}, 'https://next.example')),
  );
  const identity = await accepts({ moreConditions });
  assert.equal(identity.oneTimeUse, true);
  assert.deepEqual(identity.proxyRestriction, { count: 0, audiences: ['https://next.example'] });
  const typed = element('saml:Condition', { 'xmlns:xsi': XSI, 'xsi:type': 'del:DelegationRestrictionType' });
  await refuses(signed({ moreConditions: typed }), context, 'claims', /an unknown condition: Condition/);
  const foreign = element('x:OneTimeUse', { 'xmlns:x': 'urn:x' });
  await refuses(signed({ moreConditions: foreign }), context, 'claims', /an unknown condition: OneTimeUse/);
});

test('requires a bearer confirmation with an end, for our token endpoint (SA-36)', async () => {
  await accepts();
  const holder = 'urn:oasis:names:tc:SAML:2.0:cm:holder-of-key';
  await refuses(signed({ confirmation: null }), context, 'claims', /no SubjectConfirmation$/);
  await refuses(signed({ confirmation: confirmation2({}, holder) }), context, 'claims', /not bearer: .*holder-of-key/);
  await refuses(signed({ data: { Recipient: undefined } }), context, 'audience', /no Recipient/);
  await refuses(
    signed({ data: { Recipient: `${TOKEN_ENDPOINT}/` } }),
    context,
    'audience',
    /Recipient is https:\S+, not https:/,
  );
  await refuses(signed({ data: { NotOnOrAfter: undefined } }), context, 'claims', /Data has no NotOnOrAfter/);
  await refuses(signed({ data: { NotOnOrAfter: at(-30) } }), context, 'expired', /Data is past/);
  await refuses(signed({ data: { NotBefore: at(31) } }), context, 'not_yet_valid', /Data is in the future/);
  const bare = element('saml:SubjectConfirmation', { Method: 'urn:oasis:names:tc:SAML:2.0:cm:bearer' });
  await refuses(signed({ confirmation: bare }), context, 'claims', /no SubjectConfirmationData/);
  const keyed = confirmation2({}, undefined, element('saml:KeyInfo'));
  await refuses(signed({ confirmation: keyed }), context, 'claims', /names a presenter or a key/);
});

test('accepts one valid confirmation of several, and uses the earlier end', async () => {
  const confirmation = all(
    confirmation2({ Recipient: 'https://other.example' }),
    confirmation2({ NotOnOrAfter: at(120) }),
  );
  assert.equal((await accepts({ confirmation })).notOnOrAfter, NOW + 120);
  const neither = all(confirmation2({ Recipient: 'https://other.example' }), confirmation2({ NotOnOrAfter: at(-60) }));
  await refuses(
    signed({ confirmation: neither }),
    context,
    'audience',
    /Recipient is https:\S+, not https:.*; .*is past/,
  );
});

test('accepts an assertion for a client as a service provider from that client alone (SA-33, SA-36)', async () => {
  const forClient = { audience: ADDRESSEE.entityId, data: { Recipient: ADDRESSEE.acs, InResponseTo: '_r1' } };
  const fromClient = { ...context, addressee: ADDRESSEE };
  assert.equal((await accepts(forClient, fromClient)).addressedTo, 'client');
  assert.equal((await accepts({}, fromClient)).addressedTo, 'server');
  await refuses(signed(forClient), context, 'audience', /restricted to https:\/\/app\.example\/sp/);
  // The audience is the server and the Recipient is the client, and the reverse.
  await refuses(
    signed({ ...forClient, audience: AUDIENCE }),
    fromClient,
    'audience',
    /Recipient is https:\S+, not https:/,
  );
  await refuses(signed({ audience: ADDRESSEE.entityId }), fromClient, 'audience', /Recipient is https:\S+, not https:/);
});

test('uses no NameID that is missing, unprintable, transient or not of the issuer (SA-35)', async () => {
  const format = 'urn:oasis:names:tc:SAML:2.0:nameid-format:';
  const name = (nameIdAttributes: Variation['nameIdAttributes']) => signed({ nameIdAttributes });
  await accepts({ nameIdAttributes: { NameQualifier: idp.entityId, SPNameQualifier: AUDIENCE } });
  assert.equal(nameIn(await accepts({ nameIdAttributes: { Format: undefined } })), 'ada');
  assert.equal(nameIn(await accepts({ nameIdAttributes: { NameQualifier: '', SPNameQualifier: '' } })), 'ada');
  await hasNoName(signed({ nameId: null }), context, /no NameID/);
  for (const nameId of ['', ' ', 'ada ', '\nada', 'a\u202eda', 'a'.repeat(1025)]) {
    await hasNoName(signed({ nameId }), context, /empty, too long, or does not print/);
  }
  await hasNoName(name({ Format: `${format}transient` }), context, /transient/);
  for (const NameQualifier of ['https://other.example', ' ', `${idp.entityId}/`])
    await hasNoName(name({ NameQualifier }), context, /NameQualifier is not its issuer/);
  await hasNoName(name({ SPNameQualifier: 'https://other.example' }), context, /another service provider/);
});

test('shows no NameID and no attribute value in refusals', async () => {
  const context0 = contextFor([trustIn(idp, { audiences: ['https://other.example'] })]);
  for (const is of [
    { nameId: 'ada lovelace ' },
    { nameIdAttributes: { NameQualifier: 'x' } },
    {},
  ] satisfies Variation[]) {
    await refuses(signed(is), context0, 'audience', /^(?!.*(ada|lovelace|admins)).*$/);
    await refuses(signed({ ...is, data: { Recipient: 'x' } }), context, 'audience', /^(?!.*(ada|lovelace|admins)).*$/);
  }
});

test('reads no auth_time without an AuthnStatement, and refuses an ended session (SA-38)', async () => {
  const without = await accepts({ authn: null });
  assert.deepEqual([without.authnInstant, without.authnContext], [undefined, undefined]);
  const session = await accepts({ authnAttributes: { SessionNotOnOrAfter: at(3600) } });
  assert.equal(session.sessionNotOnOrAfter, NOW + 3600);
  const ended = signed({ authnAttributes: { SessionNotOnOrAfter: at(-30) } });
  await refuses(ended, context, 'expired', /SessionNotOnOrAfter is past/);
  await refuses(signed({ authnAttributes: { AuthnInstant: at(31) } }), context, 'not_yet_valid', /AuthnInstant/);
});

test('joins AuthnStatements that agree, and refuses those that contradict each other (SA-38)', async () => {
  const statement = (attributes: Record<string, string>, name?: string) =>
    element(
      'saml:AuthnStatement',
      { AuthnInstant: at(-90), ...attributes },
      ...(name === undefined ? [] : [element('saml:AuthnContext', {}, element('saml:AuthnContextClassRef', {}, name))]),
    );
  const together = (...list: readonly ReturnType<typeof statement>[]): Variation => ({ authn: all(...list) });
  const joined = await accepts(
    together(
      statement({ SessionNotOnOrAfter: at(3600) }, 'urn:password'),
      statement({ AuthnInstant: at(-900), SessionNotOnOrAfter: at(600) }, 'urn:password'),
      statement({ AuthnInstant: at(-1) }, 'urn:password'),
    ),
  );
  const { authnInstant, authnContext, sessionNotOnOrAfter } = joined;
  assert.deepEqual([authnInstant, authnContext, sessionNotOnOrAfter], [NOW - 900, 'urn:password', NOW + 600]);
  const contradicting = [
    [statement({}, 'urn:password'), statement({}, 'urn:smartcard')],
    [statement({}, 'urn:password'), statement({}, 'urn:password'), statement({})],
    [statement({}), statement({}, 'urn:smartcard')],
  ];
  for (const list of contradicting)
    await refuses(signed(together(...list)), context, 'claims', /statements contradict each other: .* and /);
  const ended = together(statement({}), statement({ SessionNotOnOrAfter: at(-30) }));
  await refuses(signed(ended), context, 'expired', /SessionNotOnOrAfter is past/);
  const future = together(statement({}), statement({ AuthnInstant: at(31) }));
  await refuses(signed(future), context, 'not_yet_valid', /AuthnInstant/);
});

test('keeps all values of attributes, and reports repeated attributes (SA-39)', async () => {
  const attributes = all(
    attribute2('mail', 'ada@example.org'),
    attribute2('mail', 'eve@example.org'),
    attribute2('__proto__', 'x'),
    attribute2('empty'),
    attribute2('escaped', '<&>"\r'),
    attribute2('nil', { xml: '' }, ''),
  );
  const identity = await accepts({ attributes });
  assert.deepEqual(identity.repeatedAttributes, ['mail']);
  assert.deepEqual(identity.attributes.mail, ['ada@example.org', 'eve@example.org']);
  assert.deepEqual(Object.keys(identity.attributes), ['mail', '__proto__', 'empty', 'escaped', 'nil']);
  assert.deepEqual(identity.attributes.escaped, ['<&>"\r']);
  assert.deepEqual(identity.attributes.empty, []);
});

test('distinguishes attributes by format and name (SA-39)', async () => {
  const FORMAT = 'urn:oasis:names:tc:SAML:2.0:attrname-format:';
  const of = (NameFormat: string | undefined, value: string, name = 'role') =>
    element('saml:Attribute', { Name: name, NameFormat }, element('saml:AttributeValue', {}, value));
  for (const usual of [undefined, `${FORMAT}unspecified`, `${FORMAT}basic`, `${FORMAT}uri`]) {
    const both = all(of(usual, 'user'), of('urn:self-asserted', 'admin'));
    const { attributes, repeatedAttributes } = await accepts({ attributes: both });
    assert.deepEqual(
      [{ ...attributes }, repeatedAttributes],
      [{ role: ['user'], '{urn:self-asserted}role': ['admin'] }, []],
    );
  }
  const own = await accepts({ attributes: of('urn:self-asserted', 'admin') });
  assert.deepEqual({ ...own.attributes }, { '{urn:self-asserted}role': ['admin'] });
  const unclear = await accepts({ attributes: all(of(`${FORMAT}uri`, 'user'), of(`${FORMAT}basic`, 'admin')) });
  assert.deepEqual(
    [unclear.attributes.role, unclear.repeatedAttributes, { ...unclear.unreadableAttributes }],
    [undefined, [], { role: 'formats' }],
  );
  // A name in the form of a key with a format is not such a key.
  const posing = await accepts({ attributes: of(`${FORMAT}basic`, 'admin', '{urn:directory}role') });
  assert.deepEqual(Object.keys(posing.attributes), [`{${FORMAT}basic}{urn:directory}role`]);
});

test('keeps a single-use id used until the last confirmation ends', async () => {
  const confirmation = all(
    confirmation2({ NotOnOrAfter: at(60) }),
    confirmation2({ NotOnOrAfter: at(240), Recipient: 'https://elsewhere.example' }),
  );
  const { notOnOrAfter, usableUntil } = await accepts({ confirmation });
  assert.deepEqual([notOnOrAfter, usableUntil], [NOW + 60, NOW + 240]);
  const bounded = await accepts({ confirmation: all(confirmation2(), confirmation2({ NotOnOrAfter: at(900) })) });
  assert.equal(bounded.usableUntil, NOW + 300);
});

test('ignores the NameID of eduPersonTargetedID, and reads no attribute with other elements in a value', async () => {
  const value = element('saml:NameID', {}, 'opaque');
  assert.deepEqual((await accepts({ attributes: attribute2('targeted', value, 'text') })).attributes.targeted, [
    'text',
  ]);
  const mixed = { xml: 'admin<saml:b></saml:b>@example.org' };
  for (const structured of [mixed, { xml: `x${value.xml}` }, { xml: value.xml + value.xml }]) {
    const list = all(attribute2('mail', 'ada@example.org', structured), attribute2('groups', 'staff'));
    const { attributes, unreadableAttributes } = await accepts({ attributes: list });
    assert.deepEqual({ ...attributes }, { groups: ['staff'] }, 'no part of the list');
    assert.deepEqual({ ...unreadableAttributes }, { mail: 'elements' });
  }
  const twice = all(attribute2('mail', 'ada@example.org'), attribute2('mail', mixed));
  assert.deepEqual({ ...(await accepts({ attributes: twice })).unreadableAttributes }, { mail: 'elements' });
  const inAttribute = attribute2('mail', 'x').xml.replace('</saml:Attribute>', '<saml:b></saml:b></saml:Attribute>');
  await refuses(signed({ attributes: { xml: inAttribute } }), context, 'malformed', /Attribute holds b/);
});

test('refuses elements in the text of NameID, Audience and Issuer (SA-12)', async () => {
  await accepts();
  const split = { xml: 'https://login<saml:x></saml:x>.example' };
  await refuses(signed({ nameId: element('saml:NameID', {}, split) }), context, 'malformed', /NameID holds elements/);
  const restrictions = element('saml:AudienceRestriction', {}, element('saml:Audience', {}, split));
  await refuses(signed({ restrictions }), context, 'malformed', /Audience holds elements/);
  const issuer = assertion2(idp).replace('idp.example', 'idp<saml:x></saml:x>.example');
  await refuses(sign(issuer, idp.key), context, 'malformed', /Issuer holds elements/);
});

test('ignores Advice and Statement, and refuses unknown parts', async () => {
  const advised = element('saml:Advice', {}, element('saml:AssertionIDRef', {}, '_b'));
  const identity = await accepts({ more: advised });
  const nobody = element('saml:NameID', {}, 'eve');
  assert.equal(nameIn(identity), 'ada');
  assert.equal(nameIn(await accepts({ more: element('saml:Statement', {}, nobody) })), 'ada');
  await refuses(signed({ more: element('x:Statement', { 'xmlns:x': 'urn:x' }) }), context, 'malformed', /holds State/);
  await refuses(signed({ more: element('saml:Evidence') }), context, 'malformed', /Assertion holds Evidence/);
  await refuses(signed({ more: { xml: 'text' } }), context, 'malformed', /text between elements/);
  await refuses(signed({ more: element('saml:Subject') }), context, 'malformed', /more than one Subject/);
  await refuses(
    signed({ root: { 'xmlns:saml': SAML2 }, more: element('saml:Issuer', {}, 'x') }),
    context,
    'malformed',
    /Issuer/,
  );
});
