// The mappings of an issuer's entry for assertions: `subject` and `claims`, and what rules read.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertIssued } from '../support/basics.ts';
import { changed } from '../support/configuration.ts';
import type { TestServer } from '../support/harness.ts';
import { FOREIGN_RULE } from '../support/issuer.ts';
import {
  assertNoRule,
  claims,
  idp,
  pem,
  presentSaml,
  samlEntry,
  signedFor,
  startSaml,
  versions,
  withAttributes,
} from '../support/saml-exchange.ts';
import {
  all,
  attribute1,
  confirmation1,
  element,
  identityProvider,
  subject1,
  type Variation,
  type Xml,
} from '../support/saml-signer.ts';
import { assertSubjectRefused } from '../support/trusting.ts';

/** Statements of SAML 1.1 about a subject without a name. */
const unnamed = element('saml:Subject', {}, confirmation1());
const nameless = {
  authn: null,
  attributes: element('saml:AttributeStatement', {}, unnamed, attribute1('mail', 'ada@example.org')),
};
const withoutMail = ({ xml }: Xml): Xml => ({ xml: xml.replace(/<saml:Attribute .*<\/saml:Attribute>/, '') });

type Role = readonly [format: string, value: string];

for (const version of versions) {
  test(`${version}: maps subject and claims from nameId, nameIdFormat and attributes`, async (t) => {
    const server = await startSaml(t, {
      subject: '\'"user:" + attributes.mail[0]\'',
      claims: `{ login: nameId, format: nameIdFormat, groups: 'attributes["urn:oid:1.2"].filter(g, g.startsWith("shop-"))', missing: 'attributes.nothing[0]' }`,
    });
    const list = withAttributes(version, [
      ['mail', 'ada@example.org'],
      ['urn:oid:1.2', 'shop-a', 'x', 'shop-b'],
    ]);
    const { sub, sub_id, login, format, groups, missing } = claims(
      await presentSaml(server, version, signedFor(server, version, list)),
    );
    assert.deepEqual(
      { sub, sub_id, login, groups, missing },
      {
        sub: 'user:ada@example.org',
        sub_id: { format: 'iss_sub', iss: idp.entityId, sub: 'ada' },
        login: 'ada',
        groups: ['shop-a', 'shop-b'],
        missing: undefined,
      },
    );
    assert.match(String(format), /^urn:oasis:names:tc:SAML:/);
    const without = signedFor(server, version, withAttributes(version, [['groups', 'x']]));
    assertSubjectRefused(server, await presentSaml(server, version, without), 'subject', 'nothing to map');
  });

  test(`${version}: reads an attribute that several elements state as one list, and takes no single value of it (SA-39)`, async (t) => {
    // Keycloak states each role in an element of its own.
    const twice = withAttributes(version, [
      ['mail', 'ada@example.org'],
      ['Role', 'staff'],
      ['Role', 'admin', 'auditor'],
    ]);
    const whole = await startSaml(t, {
      claims: `{
        roles: 'attributes.Role',
        short: 'attributes["Role"].filter(r, size(r) == 5)',
        known: 'has(attributes.mail) && "Role" in attributes && "admin" in attributes.Role',
        mail: 'attributes.mail[0]'
      }`,
    });
    const { roles, short, known, mail } = claims(await presentSaml(whole, version, signedFor(whole, version, twice)));
    assert.deepEqual(
      { roles, short, known, mail },
      {
        roles: ['staff', 'admin', 'auditor'],
        short: ['staff', 'admin'],
        known: true,
        mail: 'ada@example.org',
      },
    );
    const one = withAttributes(version, [['Role', 'staff', 'admin']]);
    for (const text of [
      'attributes.Role[0]',
      'attributes["Ro" + "le"]',
      '["Role"].map(n, attributes[n][0])',
      'attributes.Role.filter(r, r != "x")[0]',
      '[attributes.Role].map(list, list[0])',
    ]) {
      const server = await startSaml(t, { claims: `{ x: '${text}' }` });
      assertIssued(server, await presentSaml(server, version, signedFor(server, version, one)), text);
      const answer = await presentSaml(server, version, signedFor(server, version, twice));
      assertSubjectRefused(server, answer, 'claims', text);
    }
    const named = await startSaml(t, { subject: `'attributes.mail[0]'` });
    const mails = withAttributes(version, [
      ['mail', 'ada@example.org'],
      ['mail', 'root@example.org'],
    ]);
    assertSubjectRefused(named, await presentSaml(named, version, signedFor(named, version, mails)), 'claims');
  });

  test(`${version}: ignores an attribute of elements that nothing reads, and refuses one that is read (SA-39)`, async (t) => {
    const rule = changed(FOREIGN_RULE, {
      subject: { types: [version], when: '!("banned" in subject.claims.attributes.groups)' },
    });
    const server = await startSaml(t, { claims: `{ mail: 'attributes.mail[0]' }` }, { rules: [rule] });
    const show = (structured: string) => {
      const list = withAttributes(version, [
        ['mail', 'ada@example.org'],
        ['groups', 'staff', 'banned too'],
        ['address', 'Main Street'],
      ]).attributes?.xml;
      const xml = list?.replace(new RegExp(`(Name="${structured}"[^>]*><saml:AttributeValue>)`), '$1<saml:b></saml:b>');
      assert.notEqual(xml, undefined);
      return presentSaml(server, version, signedFor(server, version, { attributes: { xml: xml ?? '' } }));
    };
    assert.equal(claims(await show('address')).mail, 'ada@example.org');
    assertSubjectRefused(server, await show('mail'), 'claims');
    const unread = await show('groups');
    assert.equal(unread.status, 400);
    const event = server.audit(unread);
    assert.equal(event?.reason, 'subject_claims_elsewhere');
    assert.match(event?.detail ?? '', /groups of the subject token cannot be read: a value holds elements, not text/);
  });

  test(`${version}: refuses a duplicate attribute with a custom format if a mapping reads it (SA-39)`, async (t) => {
    const [name, format] = version === 'saml2' ? ['Name', 'NameFormat'] : ['AttributeName', 'AttributeNamespace'];
    const role = ([of, value]: Role) =>
      element('saml:Attribute', { [name]: 'role', [format]: of }, element('saml:AttributeValue', {}, value));
    const show = (server: TestServer, ...roles: readonly Role[]) => {
      const list = roles.map(role);
      const attributes =
        version === 'saml2' ? all(...list) : element('saml:AttributeStatement', {}, subject1(), ...list);
      return presentSaml(server, version, signedFor(server, version, { attributes }));
    };
    for (const entry of [{}, { attributeFormats: '[urn:third]' }]) {
      const server = await startSaml(t, { ...entry, claims: `{ role: 'attributes["{urn:custom}role"][0]' }` });
      const twin = await show(server, ['urn:custom', 'staff'], ['urn:other', 'admin']);
      assert.equal(claims(twin).role, 'staff');
      assertSubjectRefused(server, await show(server, ['urn:custom', 'admin'], ['urn:custom', 'staff']), 'claims');
    }
    const chosen = await startSaml(t, { attributeFormats: '[urn:custom]', claims: `{ role: 'attributes.role[0]' }` });
    assert.equal(claims(await show(chosen, ['urn:custom', 'staff'], ['urn:other', 'admin'])).role, 'staff');
    assertSubjectRefused(chosen, await show(chosen, ['urn:custom', 'admin'], ['urn:custom', 'staff']), 'claims');
  });

  test(`${version}: needs no lasting name where subject maps an attribute (SA-35)`, async (t) => {
    const Format =
      version === 'saml2'
        ? 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient'
        : 'urn:mace:shibboleth:1.0:nameIdentifier';
    const unusable: Record<string, Variation> = {
      transient: { nameIdAttributes: { Format } },
      'of another qualifier': { nameIdAttributes: { NameQualifier: 'https://other.example' } },
    };
    const withoutName: Record<string, Variation> = {
      ...unusable,
      missing: version === 'saml2' ? { nameId: null } : nameless,
    };
    const mapping = `'"user:" + attributes.mail[0]'`;
    const server = await startSaml(t, { subject: mapping });
    for (const [what, is] of Object.entries(withoutName)) {
      const { sub, sub_id } = claims(await presentSaml(server, version, signedFor(server, version, is)));
      assert.deepEqual(
        [sub, sub_id],
        ['user:ada@example.org', { format: 'iss_sub', iss: idp.entityId, sub: 'user:ada@example.org' }],
        what,
      );
    }
    for (const qualifier of ['', idp.entityId]) {
      const is = { nameIdAttributes: { NameQualifier: qualifier } };
      const { sub_id } = claims(await presentSaml(server, version, signedFor(server, version, is)));
      assert.deepEqual(sub_id, { format: 'iss_sub', iss: idp.entityId, sub: 'ada' });
    }
    // A NameID, which people may choose, never becomes the name of somebody without one.
    const posing = signedFor(server, version, { nameId: 'user:root@example.org' });
    assertSubjectRefused(server, await presentSaml(server, version, posing), 'name_taken');
    // Nor where the mapped name has no beginning, or one that is not certain.
    for (const subject of [
      'attributes.mail[0]',
      `'"user:" + (has(attributes.mail) ? attributes.mail[0] : nameId)'`,
      `'has(attributes.mail) ? "user:" + attributes.mail[0] : "user:x"'`,
    ]) {
      const open = await startSaml(t, { subject });
      const of = async (is: Variation) =>
        claims(await presentSaml(open, version, signedFor(open, version, is))) as {
          sub: string;
          sub_id: { sub: string };
        };
      const victim = await of(withoutName.transient as Variation);
      assert.equal(victim.sub_id.sub, `subject:${victim.sub}`);
      assert.equal((await of({ nameId: victim.sub })).sub_id.sub, victim.sub);
      const chosen = signedFor(open, version, { nameId: victim.sub_id.sub });
      assertSubjectRefused(open, await presentSaml(open, version, chosen), 'name_taken', subject);
    }
    const attributes = version === 'saml2' ? { xml: '' } : nameless.attributes;
    const nothing = signedFor(server, version, { ...withoutName.missing, attributes: withoutMail(attributes) });
    assertSubjectRefused(server, await presentSaml(server, version, nothing), 'subject', 'nothing to map');
    for (const entry of [{}, { subject: 'nameId' }, { subject: `'"user:" + nameId'` }]) {
      const strict = await startSaml(t, entry);
      for (const [what, is] of Object.entries(withoutName))
        assertSubjectRefused(
          strict,
          await presentSaml(strict, version, signedFor(strict, version, is)),
          'subject',
          what,
        );
    }
    // The name is read only where the attribute is missing.
    const either = await startSaml(t, { subject: `'"user:" + (has(attributes.mail) ? attributes.mail[0] : nameId)'` });
    for (const [what, is] of Object.entries(withoutName)) {
      const { sub } = claims(await presentSaml(either, version, signedFor(either, version, is)));
      assert.equal(sub, 'user:ada@example.org', what);
    }
    for (const [what, is] of Object.entries(unusable)) {
      const unnamedToo = signedFor(either, version, { ...is, ...withAttributes(version, [['x', 'y']]) });
      assert.equal((await presentSaml(either, version, unnamedToo)).status, 400, what);
    }
    const reading = await startSaml(t, { subject: mapping, claims: '{ login: nameId }' });
    for (const [what, is] of Object.entries(unusable)) {
      const answer = await presentSaml(reading, version, signedFor(reading, version, is));
      assertSubjectRefused(reading, answer, 'cannot_tell', what);
    }
  });

  test(`${version}: refuses a mapped subject with the name of a client, or of a subject of another issuer`, async (t) => {
    const other = identityProvider('https://other.example/saml');
    const server = await startSaml(
      t,
      { subject: 'nameId' },
      {
        others: [samlEntry({ saml: other.entityId, name: 'other', certificates: '[other.pem]' })],
        files: { 'other.pem': pem(other) },
      },
    );
    for (const nameId of ['gateway', 'agent', 'other:ada']) {
      assertSubjectRefused(
        server,
        await presentSaml(server, version, signedFor(server, version, { nameId })),
        'name_taken',
      );
    }
    assert.equal(
      claims(await presentSaml(server, version, signedFor(server, version, { nameId: 'idp:ada' }))).sub,
      'idp:ada',
    );
  });

  test(`${version}: gives rules the content of the assertion`, async (t) => {
    const rule = changed(FOREIGN_RULE, {
      subject: {
        types: [version],
        when: '"admins" in subject.claims.attributes.groups && subject.claims.nameId == subject.sub',
      },
    });
    const server = await startSaml(t, {}, { rules: [rule] });
    const groups = (...names: string[]) => signedFor(server, version, withAttributes(version, [['groups', ...names]]));
    assertIssued(server, await presentSaml(server, version, groups('staff', 'admins')));
    assertNoRule(server, await presentSaml(server, version, groups('staff')));
    const twice = withAttributes(version, [
      ['groups', 'staff'],
      ['groups', 'admins'],
    ]);
    assertIssued(server, await presentSaml(server, version, signedFor(server, version, twice)), 'two lists are one');
    assertNoRule(
      server,
      await presentSaml(server, version, signedFor(server, version, withAttributes(version, [['x', 'y']]))),
    );
  });
}
