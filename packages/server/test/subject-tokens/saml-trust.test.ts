// Which assertions are trusted, and for how long: certificates, metadata, versions, issuers, encryption.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { assertIssued } from '../support/basics.ts';
import type { TestServer } from '../support/harness.ts';
import {
  assertionFor,
  claims,
  encrypt,
  idp,
  metadataOf,
  pem,
  pemOf,
  presentSaml,
  samlEntry,
  signedFor,
  startSaml,
  type Version,
  versions,
} from '../support/saml-exchange.ts';
import { at, encode as encodeXml, identityProvider, NOW, sign, type Variation } from '../support/saml-signer.ts';
import { assertSubjectRefused } from '../support/trusting.ts';

const DAY = 86_400_000;

for (const version of versions) {
  test(`${version}: accepts both certificates during a key rotation, but not an expired one`, async (t) => {
    const day = { from: NOW - 86_400, to: NOW + 86_400 };
    const [old, next] = [identityProvider(idp.entityId, undefined, day), identityProvider(idp.entityId)];
    const server = await startSaml(
      t,
      { certificates: '[old.pem, next.pem]' },
      { files: { 'old.pem': pem(old), 'next.pem': pem(next) } },
    );
    for (const by of [old, next]) {
      assertIssued(server, await presentSaml(server, version, signedFor(server, version, {}, { by })));
    }
    assertSubjectRefused(server, await presentSaml(server, version, signedFor(server, version)), 'signature');
    server.clock.now += DAY + 1000;
    const later: Variation = {
      root: { IssueInstant: at(86_400) },
      window: { NotBefore: at(86_400), NotOnOrAfter: at(86_700) },
      data: { NotOnOrAfter: at(86_700) },
    };
    assertIssued(server, await presentSaml(server, version, signedFor(server, version, later, { by: next })));
    const expired = await presentSaml(server, version, signedFor(server, version, later, { by: old }));
    assertSubjectRefused(server, expired, 'signature');
    assert.match(String(server.audit(expired)?.detail), /expired on/);
  });

  test(`${version}: refuses an assertion with an expired certificate`, async (t) => {
    const short = identityProvider(idp.entityId, undefined, { from: NOW - 60, to: NOW + 10 });
    const server = await startSaml(t, { certificates: '[short.pem]' }, { files: { 'short.pem': pem(short) } });
    const token = signedFor(server, version, {}, { by: short });
    server.clock.now += 10_000;
    assertIssued(server, await presentSaml(server, version, token), 'in its last second');
    server.clock.now += 1_000;
    const answer = await presentSaml(server, version, token);
    assertSubjectRefused(server, answer, 'unknown_key');
    assert.match(String(server.audit(answer)?.detail), /expired on Mar +1 12:00:10 2026/);
  });

  test(`${version}: takes the certificates from the metadata file until its validUntil`, async (t) => {
    const next = identityProvider(idp.entityId);
    const server = await startSaml(
      t,
      { metadata: 'idp.xml' },
      { files: { 'idp.xml': metadataOf([idp, next], { validUntil: at(100) }) } },
    );
    const by = (provider: typeof idp) => signedFor(server, version, {}, { by: provider });
    for (const provider of [idp, next]) assertIssued(server, await presentSaml(server, version, by(provider)));
    const stranger = by(identityProvider(idp.entityId));
    assertSubjectRefused(server, await presentSaml(server, version, stranger), 'signature');
    const token = by(idp);
    server.clock.now += 99_000;
    assertIssued(server, await presentSaml(server, version, token));
    server.clock.now += 1_000;
    const late = await presentSaml(server, version, token);
    assertSubjectRefused(server, late, 'unknown_key');
    assert.match(String(server.audit(late)?.detail), /metadata of its issuer was valid until 2026-03-01T12:01:40/);
  });

  test(`${version}: uses the keys of a metadata role only for the protocol versions that it supports`, async (t) => {
    const own = `urn:oasis:names:tc:SAML:${version === 'saml2' ? '2.0' : '1.1'}:protocol`;
    const wsfed = 'http://docs.oasis-open.org/wsfed/federation/200706';
    const saying = (protocols: string) =>
      startSaml(
        t,
        { metadata: 'idp.xml' },
        {
          files: {
            'idp.xml': metadataOf([idp]).replace(
              /protocolSupportEnumeration="[^"]*"/,
              `protocolSupportEnumeration="${protocols}"`,
            ),
          },
        },
      );
    const twin = await saying(`${wsfed} ${own}`);
    assertIssued(twin, await presentSaml(twin, version, signedFor(twin, version)));
    const other = `urn:oasis:names:tc:SAML:${version === 'saml2' ? '1.1' : '2.0'}:protocol`;
    const server = await saying(`${wsfed} ${other}`);
    assertSubjectRefused(server, await presentSaml(server, version, signedFor(server, version)), 'unknown_key');
  });

  test(`${version}: accepts an assertion only of its declared version, and of a version that its issuer may send`, async (t) => {
    const server = await startSaml(t);
    const [one] = versions.filter((name) => name !== version);
    const wrong = await presentSaml(server, one as Version, signedFor(server, version));
    assertSubjectRefused(server, wrong, 'wrong_type');
    const other = identityProvider('https://other.example/saml');
    const strict = await startSaml(
      t,
      { accepts: `[${one}]` },
      {
        others: [
          samlEntry({ saml: other.entityId, name: 'other', certificates: '[other.pem]', accepts: `[${version}]` }),
        ],
        files: { 'other.pem': pem(other) },
      },
    );
    const refused = await presentSaml(strict, version, signedFor(strict, version));
    assertSubjectRefused(strict, refused, 'not_accepted');
    assertIssued(strict, await presentSaml(strict, one as Version, signedFor(strict, one as Version)));
  });

  test(`${version}: refuses an unlisted issuer with a valid signature`, async (t) => {
    const server = await startSaml(t);
    for (const entityId of ['https://other.example/saml', `${idp.entityId}/`, idp.entityId.toUpperCase()]) {
      const by = { ...idp, entityId };
      const answer = await presentSaml(server, version, signedFor(server, version, {}, { by }));
      assertSubjectRefused(server, answer, 'unknown_issuer', entityId);
    }
    assertIssued(server, await presentSaml(server, version, signedFor(server, version)));
  });
}

test('exchanges an encrypted assertion if a decryptionKey is configured', async (t) => {
  const [ours, others] = [0, 1].map(() => generateKeyPairSync('rsa', { modulusLength: 2048 }));
  assert.ok(ours && others);
  const files = { 'our-key.pem': pemOf(ours.privateKey) };
  const server = await startSaml(t, { decryptionKey: 'our-key.pem' }, { files });
  const without = await startSaml(t);
  const encrypted = (to: TestServer, key = ours.publicKey) =>
    encodeXml(encrypt(sign(assertionFor(to, 'saml2'), idp.key), key));
  assert.equal(claims(await presentSaml(server, 'saml2', encrypted(server))).sub, 'idp:ada');
  assertSubjectRefused(server, await presentSaml(server, 'saml2', encrypted(server, others.publicKey)), 'malformed');
  assertSubjectRefused(server, await presentSaml(server, 'saml1', encrypted(server)), 'wrong_type');
  assertSubjectRefused(without, await presentSaml(without, 'saml2', encrypted(without)), 'unknown_key');
  const unsigned = encodeXml(encrypt(assertionFor(server, 'saml2'), ours.publicKey));
  assertSubjectRefused(server, await presentSaml(server, 'saml2', unsigned), 'signature');
});
