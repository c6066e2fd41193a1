// `cambio explain` and `cambio check` describe which check of an assertion failed, without private data.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { beside, cambio } from '../support/command.ts';
import { yamlOf } from '../support/configuration.ts';
import { start, type TestServer } from '../support/harness.ts';
import { temporaryFolder } from '../support/program.ts';
import {
  idp,
  metadataOf,
  pem,
  presentSaml,
  samlEntry,
  signedFor,
  trustingSaml,
  validAt,
  versions,
} from '../support/saml-exchange.ts';
import { encode, identityProvider, type Variation } from '../support/saml-signer.ts';

/** Commands use the real clock. */
const now = Date.now() / 1000;
const HOUR = 3600;
const current = identityProvider(idp.entityId, idp.key, { from: now - HOUR, to: now + HOUR });

const explain = (t: TestContext, server: TestServer, token: string, type: string) =>
  beside(t, server, ['explain', '--client', 'gateway', '--subject-token', token, '--subject-token-type', type]);

/** @param changes replace whole members of the same name */
const good = (changes: Variation = {}): Variation => ({ ...validAt(now), ...changes });

test('explain describes what an assertion proves', { timeout: 180_000 }, async (t) => {
  const server = await start(t, trustingSaml([samlEntry()]), { files: { 'idp.pem': pem(current) } });
  for (const version of versions) {
    const { code, stdout } = await explain(t, server, signedFor(server, version, good()), version);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^Allowed\./);
    assert.match(stdout, new RegExp(`✓ subject token +is about ada: issued by ${idp.entityId}, of type ${version}`));
    assert.match(stdout, /"sub": "idp:ada"/);
    assert.equal(stdout.includes('ada@example.org'), false, 'no attribute that nothing reads');
  }
});

test('explain describes which check an assertion failed, with the value unless it is private', {
  timeout: 180_000,
}, async (t) => {
  const server = await start(t, trustingSaml([samlEntry()]), { files: { 'idp.pem': pem(current) } });
  const { data, window } = validAt(now);
  const xml = Buffer.from(signedFor(server, 'saml2', good()), 'base64url').toString();
  const past = new Date((Math.floor(now) - 45) * 1000).toISOString().replace('.000', '');
  const cases: readonly (readonly [token: string, said: RegExp])[] = [
    [signedFor(server, 'saml2', good({ audience: 'https://app.example' })), /restricted to .*https:\/\/app\.example/],
    [
      signedFor(server, 'saml2', good({ data: { ...data, Recipient: 'https://app.example/acs' } })),
      /Recipient is https:\/\/app\.example\/acs, not http.*\/oauth\/token/,
    ],
    [
      signedFor(server, 'saml2', good({ window: { ...window, NotOnOrAfter: past } })),
      new RegExp(`NotOnOrAfter of Conditions is past: ${past}`),
    ],
    [
      signedFor(server, 'saml2', good({ issuer: 'https://other.example' })),
      /does not trust: .*https:\/\/other\.example/,
    ],
    [
      signedFor(server, 'saml2', good({ issuer: `${idp.entityId}x` })),
      new RegExp(
        `iss was "${idp.entityId}x"; known: .*Did you mean ${idp.entityId}\\?\\n[^]*In the file: .*cambio.yaml:\\d+, issuers\\n`,
      ),
    ],
    [signedFor(server, 'saml1', good()), /root is SAML 1\.x .*Assertion/],
    [encode(xml.replace('ada@example.org', 'eve@example.org')), /altered after it was signed/],
    [encode(xml.replace('</saml:Issuer>', '</saml:Issuer><!-- -->')), /holds a comment/],
    [
      encode(`<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol">${xml}</samlp:Response>`),
      /send the Assertion in it/,
    ],
    [xml, /is plain XML: encode the assertion in base64url/],
    [
      signedFor(
        server,
        'saml2',
        good({ nameIdAttributes: { Format: 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient' } }),
      ),
      /NameID is transient/,
    ],
  ];
  const told = await Promise.all(cases.map(([token]) => explain(t, server, token, 'saml2')));
  for (const [index, { code, stdout, stderr }] of told.entries()) {
    const [token = '', said = /./] = cases[index] ?? [];
    assert.equal(code, 3, stderr);
    assert.match(stdout, said);
    assert.match(stdout, /^Refused: the subject token /);
    assert.match(stdout, /✗ subject token/);
    for (const secret of ['>ada<', 'eve@', 'ada@', token.slice(0, 60)])
      assert.equal(stdout.includes(secret), false, secret);
  }
});

test('explain uses up no assertion', { timeout: 180_000 }, async (t) => {
  const server = await start(t, trustingSaml([samlEntry({ reuse: 'never' })]), {
    files: { 'idp.pem': pem(current) },
  });
  const token = signedFor(server, 'saml2', good());
  for (const _time of [1, 2]) assert.equal((await explain(t, server, token, 'saml2')).code, 0);
  assert.equal((await presentSaml(server, 'saml2', token)).status, 200);
  const { code, stdout } = await explain(t, server, token, 'saml2');
  assert.deepEqual([code, /may be used only once, and was/.test(stdout)], [3, true], stdout);
});

test('check reports issuers whose certificates have all expired', { timeout: 180_000 }, async (t) => {
  const folder = temporaryFolder(t);
  const old = identityProvider(idp.entityId, idp.key, { from: now - 2 * HOUR, to: now - HOUR });
  const late = identityProvider('https://late.example/saml', idp.key, { from: now - HOUR, to: now + HOUR });
  const validUntil = new Date((Math.floor(now) - HOUR) * 1000).toISOString();
  const lateEntry = samlEntry({ saml: late.entityId, name: 'late', metadata: 'late.xml' });
  const yaml = yamlOf(trustingSaml([samlEntry(), lateEntry]));
  const files = { 'cambio.yaml': yaml, 'idp.pem': pem(old), 'late.xml': metadataOf([late], { validUntil }) };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const file = join(folder, 'cambio.yaml');
  const { code, stderr } = await cambio(t, ['check', '--config', file], {
    env: { ISSUER: 'http://127.0.0.1:8080', PORT: '8080' },
  });
  assert.equal(code, 1, stderr);
  const [first = '', second = ''] = stderr.replaceAll(`${file}:`, '').split('\n');
  const lineOf = (text: string): number => yaml.split('\n').findIndex((line) => line.includes(text)) + 1;
  assert.match(
    first,
    new RegExp(
      `^${lineOf(`saml: ${idp.entityId}`)}:\\d+: issuers\\[idp\\]\\.saml: none of its certificates can be used: one expired on `,
    ),
  );
  assert.match(
    second,
    new RegExp(
      `^${lineOf(`saml: ${late.entityId}`)}:\\d+: issuers\\[late\\]\\.saml: its metadata was valid until ${validUntil}\\.$`,
    ),
  );
});
