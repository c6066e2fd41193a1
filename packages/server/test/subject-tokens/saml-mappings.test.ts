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
import { all, element, identityProvider, subject1 } from '../support/saml-signer.ts';
import { assertSubjectRefused } from '../support/trusting.ts';

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

  test(`${version}: refuses a duplicate attribute only if a mapping reads it (SA-39)`, async (t) => {
    const twice = withAttributes(version, [
      ['mail', 'ada@example.org'],
      ['urn:oid:1.2', 'a'],
      ['urn:oid:1.2', 'b'],
    ]);
    const unread = await startSaml(t, { claims: '{ mail: "attributes.mail[0]" }' });
    assert.equal(claims(await presentSaml(unread, version, signedFor(unread, version, twice))).mail, 'ada@example.org');
    for (const text of [
      `attributes["urn:oid:1.2"][0]`,
      `attributes["urn:oid:" + "1.2"]`,
      `has(attributes.mail) && "urn:oid:1.2" in attributes`,
      `["urn:oid:1.2"].map(n, attributes[n][0])`,
    ]) {
      const server = await startSaml(t, { claims: `{ x: '${text}' }` });
      assertSubjectRefused(
        server,
        await presentSaml(server, version, signedFor(server, version, twice)),
        'claims',
        text,
      );
    }
    const named = await startSaml(t, { subject: `'attributes.mail[0]'` });
    const mails = withAttributes(version, [
      ['mail', 'ada@example.org'],
      ['mail', 'root@example.org'],
    ]);
    assertSubjectRefused(named, await presentSaml(named, version, signedFor(named, version, mails)), 'claims');
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

  test(`${version}: refuses a transient nameId as the name of a subject`, async (t) => {
    const server = await startSaml(t, { subject: `'attributes.mail[0]'` });
    assertIssued(server, await presentSaml(server, version, signedFor(server, version)));
    const Format =
      version === 'saml2'
        ? 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient'
        : 'urn:mace:shibboleth:1.0:nameIdentifier';
    const token = signedFor(server, version, { nameIdAttributes: { Format } });
    assertSubjectRefused(server, await presentSaml(server, version, token), 'subject');
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
