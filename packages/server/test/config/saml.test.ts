// The faults of a SAML issuer in the configuration file, each with its line.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConfigurationError } from '../../src/config/fault.ts';
import { parseConfiguration } from '../../src/config/load.ts';
import { withRules } from '../support/basics.ts';
import { yamlOf } from '../support/configuration.ts';
import { temporaryFolder } from '../support/program.ts';
import { idp, metadataOf, pem, pemOf } from '../support/saml-exchange.ts';
import { identityProvider } from '../support/saml-signer.ts';

const SURROUNDINGS = { ISSUER: 'http://127.0.0.1:8080', PORT: '8080' };
const ENTRY: Readonly<Record<string, string | undefined>> = {
  saml: 'https://idp.example/saml',
  name: 'idp',
  accepts: '[saml2]',
  audiences: '[https://login.example]',
  certificates: '[idp.pem]',
};

/** Names no issuer, so that a faulty issuer is the only fault. */
const RULE = '{ name: any, client: gateway, grant: { audiences: [https://api.example], scopes: [read] } }';

/** Formats `issuers` with one key in each line. */
const withIssuers = (...entries: readonly (typeof ENTRY)[]): string => {
  const lines = entries.map((entry) =>
    Object.entries({ ...ENTRY, ...entry })
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}: ${value}`)
      .join('\n    '),
  );
  return `${yamlOf(withRules(RULE))}issuers:\n${lines.map((line) => `  - ${line}\n`).join('')}`;
};

interface Told {
  /** The text of the line that the fault names. */
  readonly line: string;
  readonly path: string;
  readonly message: string;
}

async function faultsOf(folder: string, yaml: string): Promise<readonly Told[]> {
  try {
    const { examine } = await parseConfiguration(yaml, {
      file: join(folder, 'cambio.yaml'),
      environment: SURROUNDINGS,
    });
    examine();
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    const lines = yaml.split('\n');
    return error.faults.map(({ line, path, message }) => ({ line: (lines[line - 1] ?? '').trim(), path, message }));
  }
}

function folderOf(t: TestContext): string {
  const folder = temporaryFolder(t);
  const now = Date.now() / 1000;
  const current = identityProvider(idp.entityId, idp.key, { from: now - 60, to: now + 3600 });
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
  const files: Record<string, string | Uint8Array> = {
    'idp.pem': pem(current),
    'idp.der': current.certificate.raw,
    'two.pem': pem(current) + pem(idp),
    'expired.pem': pem(identityProvider(idp.entityId, idp.key, { from: now - 60, to: now - 30 })),
    'early.pem': pem(identityProvider(idp.entityId, idp.key, { from: now + 3600, to: now + 7200 })),
    'weak.pem': pem(identityProvider(idp.entityId, weak, { from: now - 60, to: now + 3600 })),
    'key.pem': pemOf(idp.key),
    'short.pem': pemOf(weak),
    'ec.pem': pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey),
    'idp.xml': metadataOf([current]),
    'other.xml': metadataOf([{ ...current, entityId: 'https://other.example/saml' }]),
    'expired.xml': metadataOf([current], { validUntil: '2020-01-01T00:00:00Z' }),
    'empty.xml': metadataOf([]).replace('<md:EntityDescriptor', '$& entityID="https://idp.example/saml"'),
    'doctype.xml': `<!DOCTYPE x>${metadataOf([current])}`,
    'text.xml': 'nothing here',
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

test('accepts certificates in PEM and DER, and metadata', async (t) => {
  const folder = folderOf(t);
  const good: readonly (typeof ENTRY)[] = [
    {},
    { certificates: '[idp.der]' },
    { certificates: '[expired.pem, idp.pem]' },
    { certificates: undefined, metadata: 'idp.xml' },
    { accepts: '[saml1, saml2]', decryptionKey: 'key.pem', reuse: 'never', maxAge: '10m' },
    { name: undefined },
    { saml: 'urn:example:idp' },
    { claims: `{ mail: "attributes.mail[0]" }`, subject: `'"idp:" + nameId'` },
  ];
  for (const entry of good) assert.deepEqual(await faultsOf(folder, withIssuers(entry)), [], JSON.stringify(entry));
  const two = withIssuers({}, { saml: 'https://two.example/saml', name: 'two' });
  assert.deepEqual(await faultsOf(folder, two), []);
});

test('reports every fault of an entry with its line', async (t) => {
  const folder = folderOf(t);
  const faults: readonly (readonly [entry: typeof ENTRY, key: string, path: string, message: RegExp])[] = [
    [
      { certificates: '[nothing.pem]' },
      'certificates',
      '.certificates[0]',
      /^cannot read .*\/nothing\.pem: there is no such file\. A path is relative to the configuration file\.$/,
    ],
    [{ certificates: '[.]' }, 'certificates', '.certificates[0]', /^cannot read .*: it is a folder, not a file\./],
    [
      { certificates: '[idp.pem, key.pem]' },
      'certificates',
      '.certificates[1]',
      /^key\.pem holds a private key, and not a certificate\.$/,
    ],
    [{ certificates: '[two.pem]' }, 'certificates', '.certificates[0]', /^two\.pem holds several certificates/],
    [{ certificates: '[]' }, 'certificates', '.certificates', /^is an empty list\. Write/],
    [{ certificates: '[expired.pem]' }, 'saml', '.saml', /none of its certificates can be used: one expired on/],
    [{ certificates: '[early.pem]' }, 'saml', '.saml', /one is not valid before/],
    [{ certificates: '[weak.pem]' }, 'saml', '.saml', /one has an RSA key of 1024 bits/],
    [
      { certificates: undefined, metadata: 'nothing.xml' },
      'metadata',
      '.metadata',
      /^cannot read .*nothing\.xml: there is no such file/,
    ],
    [{ certificates: undefined, metadata: 'text.xml' }, 'metadata', '.metadata', /the metadata file/],
    [{ certificates: undefined, metadata: 'doctype.xml' }, 'metadata', '.metadata', /has a DOCTYPE/],
    [{ certificates: undefined, metadata: 'empty.xml' }, 'metadata', '.metadata', /no certificate for signing/],
    [
      { certificates: undefined, metadata: 'other.xml' },
      'metadata',
      '.metadata',
      /^other\.xml describes https:\/\/other\.example\/saml, not https:\/\/idp\.example\/saml\. Write/,
    ],
    [
      { certificates: undefined, metadata: 'expired.xml' },
      'saml',
      '.saml',
      /^its metadata was valid until 2020-01-01T/,
    ],
    [{ metadata: 'idp.xml' }, 'saml', '', /needs certificates or metadata, and not both\./],
    [{ certificates: undefined }, 'saml', '', /needs certificates or metadata, and not both\./],
    [{ name: 'self' }, 'name', '.name', /cannot be the name of an issuer/],
    [{ name: '"a:b"' }, 'name', '.name', /"a:b" is not a short name\. Write letters, digits/],
    [{ accepts: '[saml2, colour]' }, 'accepts', '.accepts[1]', /saml1/],
    [{ accepts: undefined }, 'saml', '.accepts', /is missing/],
    [{ audiences: '[]' }, 'audiences', '.audiences', /^is an empty list\./],
    [{ colour: 'blue' }, 'colour', '.colour', /unknown key/],
    [{ claims: '{ act: nameId }' }, 'claims', '.claims.act', /is a claim that only this server sets/],
    [{ claims: '{ x: claims.mail }' }, 'claims', '.claims.x', /claims/],
    [{ subject: '"nameId +"' }, 'subject', '.subject', /./],
    [{ decryptionKey: 'nothing.pem' }, 'decryptionKey', '.decryptionKey', /there is no such file/],
    [
      { decryptionKey: 'idp.pem' },
      'decryptionKey',
      '.decryptionKey',
      /^idp\.pem holds a certificate, and not a private key\.$/,
    ],
    [
      { decryptionKey: 'short.pem' },
      'decryptionKey',
      '.decryptionKey',
      /^short\.pem holds an RSA key that is too short.*Use an RSA key of 2048 to 4096 bits\.$/,
    ],
    [{ decryptionKey: 'ec.pem' }, 'decryptionKey', '.decryptionKey', /^ec\.pem holds a key of another kind than RSA\./],
    [{ maxAge: 'soon' }, 'maxAge', '.maxAge', /"soon" is not a duration/],
  ];
  for (const [entry, key, path, message] of faults) {
    const what = JSON.stringify(entry);
    const [fault, ...others] = await faultsOf(folder, withIssuers(entry));
    assert.deepEqual(others, [], what);
    assert.equal(
      fault?.path,
      `issuers[${entry.name?.replaceAll('"', '') ?? 'idp'}]${path}`,
      `${what}: ${fault?.message}`,
    );
    assert.match(fault.message, message, what);
    assert.match(fault.line, new RegExp(`^(- )?${key}:`), what);
  }
});

test('refuses token types in accepts that a SAML issuer cannot issue', async (t) => {
  const told = await faultsOf(folderOf(t), withIssuers({ accepts: '[jwt]' }));
  assert.deepEqual(
    told.map(({ line, path }) => [line, path]),
    [['accepts: [jwt]', 'issuers[idp].accepts[0]']],
  );
});

test('limits the total length of decryption keys: each costs an RSA operation for every encrypted assertion', async (t) => {
  const folder = folderOf(t);
  const using = (count: number) =>
    withIssuers(
      ...Array.from({ length: count }, (_, at) => ({
        saml: `https://idp${at}.example/saml`,
        name: `idp${at}`,
        decryptionKey: `key${at % 7}.pem`,
      })),
    );
  for (let at = 0; at < 7; at++)
    writeFileSync(join(folder, `key${at}.pem`), pemOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey));
  assert.deepEqual(await faultsOf(folder, using(6)), []);
  const [fault] = await faultsOf(folder, using(7));
  assert.equal(fault?.path, 'issuers');
  assert.match(String(fault?.message), /more than 12288 bits together/);
});

test('an entity id that is a URN needs a name', async (t) => {
  const folder = folderOf(t);
  assert.deepEqual(await faultsOf(folder, withIssuers({ saml: 'urn:example:idp' })), []);
  const told = await faultsOf(folder, withIssuers({ saml: 'urn:example:idp', name: undefined }));
  assert.deepEqual(
    told.filter(({ path }) => path.startsWith('issuers')),
    [
      {
        line: '- saml: urn:example:idp',
        path: 'issuers[urn:example:idp]',
        message: 'the issuer is not a URL whose host could be its name. Set name.',
      },
    ],
  );
});

test('refuses two issuers with the same name or entity id', async (t) => {
  const folder = folderOf(t);
  const [name, ...more] = await faultsOf(folder, withIssuers({}, { saml: 'https://two.example/saml' }));
  assert.deepEqual([name?.path, more], ['issuers[idp].name', []]);
  assert.match(String(name?.message), /another issuer has the name idp/);
  const same = await faultsOf(folder, withIssuers({}, { name: 'two' }));
  assert.deepEqual(
    same.map(({ message }) => message),
    ['another entry has the issuer "https://idp.example/saml". Remove one of them.'],
  );
  assert.match(String(same[0]?.line), /^- saml: https:\/\/idp\.example\/saml$/);
  const hosts = await faultsOf(
    folder,
    withIssuers({ name: undefined }, { saml: 'https://idp.example/another', name: undefined }),
  );
  assert.match(String(hosts[0]?.message), /another issuer has the name idp\.example\. Set name/);
});

test('reports all faults at once', async (t) => {
  const entry = { certificates: '[nothing.pem]', decryptionKey: 'ec.pem', claims: '{ sub: nameId }', subject: '"1 +"' };
  const told = await faultsOf(folderOf(t), withIssuers(entry));
  assert.deepEqual(told.map(({ path }) => path).sort(), [
    'issuers[idp].certificates[0]',
    'issuers[idp].claims.sub',
    'issuers[idp].decryptionKey',
    'issuers[idp].subject',
  ]);
});
