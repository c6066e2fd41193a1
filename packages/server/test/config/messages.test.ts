// The exact messages about wrong configuration files.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigurationError, formatFault } from '../../src/config/fault.ts';
import { loadConfiguration, parseConfiguration } from '../../src/config/load.ts';
import { temporaryFolder } from '../support/program.ts';
import { selfIssued } from '../support/tls-client.ts';

const FILE = 'cambio.yaml';

async function messagesOf(text: string, folder = '/etc/cambio'): Promise<readonly string[]> {
  try {
    const { warnings } = await parseConfiguration(text, { file: join(folder, FILE), environment: {} });
    return warnings.map((fault) => formatFault(FILE, fault));
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.faults.map((fault) => formatFault(FILE, fault));
  }
}

interface Row {
  readonly name: string;
  readonly text: string;
  readonly messages: readonly string[];
}

const rows = readFileSync(join(import.meta.dirname, 'messages.txt'), 'utf8')
  .split('\n### ')
  .slice(1)
  .map((block): Row => {
    const [name = '', ...lines] = block.trimEnd().split('\n');
    const isMessage = (line: string): boolean => line.startsWith('! ');
    return {
      name,
      text: `${lines.filter((line) => !isMessage(line)).join('\n')}\n`,
      messages: lines.filter(isMessage).map((line) => line.slice(2)),
    };
  });

/** Raw messages of Zod, the YAML parser, OpenSSL and libuv, which must not appear. */
const RAW =
  /Invalid (?:input|option)|expected \w+, received|Too (?:small|big)|Flow map|Implicit|Unresolved|routines|ENOENT/;

test('each of more than a hundred wrong files has exactly the expected messages', async () => {
  assert.ok(rows.length > 100);
  for (const { name, text, messages } of rows) {
    const said = await messagesOf(text);
    assert.deepEqual(said, messages, name);
    assert.doesNotMatch(said.join('\n'), RAW, name);
    assert.doesNotMatch(said.join('\n'), /canary|can@ary|hunter2/, name);
    for (const one of said) assert.match(one, /[.?]$/, name);
  }
});

const ISSUER = 'issuer: https://login.example.com\n';

test('names a file, a certificate or a key that cannot be used, and describes its content', async (t) => {
  const folder = temporaryFolder(t);
  const authority = await selfIssued({ name: 'CN=authority', authority: true });
  const leaf = await authority.issue({ name: 'CN=leaf' });
  const old = await authority.issue({ name: 'CN=old', days: -1 });
  const other = await selfIssued({ name: 'CN=other' });
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const encrypted = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' } as const;
  const files: Readonly<Record<string, string | Uint8Array>> = {
    'leaf.pem': leaf.cert,
    'leaf-key.pem': leaf.key,
    'other-key.pem': other.key,
    'old.pem': old.cert,
    'old-key.pem': old.key,
    'chain.pem': `${leaf.cert}\n${authority.cert}`,
    'chain-reversed.pem': `${authority.cert}\n${leaf.cert}`,
    'chain-other.pem': `${leaf.cert}\n${other.cert}`,
    'text.pem': 'hello',
    'empty.pem': '\n',
    'broken.pem': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
    'encrypted.pem': privateKey.export(encrypted),
    'public.pem': publicKey.export({ type: 'spki', format: 'pem' }),
    'leaf.der': leaf.x509.raw,
    'utf16.txt': Buffer.from([0xff, 0xfe, 0x41, 0x00]),
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  mkdirSync(join(folder, 'folder'));
  const missing = (name: string): string =>
    `cannot read ${folder}/${name}: there is no such file. A path is relative to the configuration file.`;
  const BEGIN = 'in PEM, which begins with -----BEGIN';

  const tls = async (cert: string, key: string) =>
    (await messagesOf(`${ISSUER}server: { tls: { cert: ${cert}, key: ${key} } }\n`, folder)).map((message) =>
      message.replace(/^cambio\.yaml:2:\d+: /, ''),
    );
  for (const [cert, key, ...messages] of [
    ['leaf.pem', 'leaf-key.pem'],
    ['chain.pem', 'leaf-key.pem'],
    ['none.pem', 'leaf-key.pem', `server.tls.cert: ${missing('none.pem')}`],
    ['folder', 'leaf-key.pem', `server.tls.cert: cannot read ${folder}/folder: it is a folder, not a file.`],
    [
      'text.pem/x',
      'leaf-key.pem',
      `server.tls.cert: cannot read ${folder}/text.pem/x: a part of its path is a file, not a folder.`,
    ],
    ['text.pem', 'leaf-key.pem', `server.tls.cert: text.pem holds no certificate ${BEGIN} CERTIFICATE-----.`],
    ['empty.pem', 'leaf-key.pem', 'server.tls.cert: empty.pem holds nothing. Write a certificate in PEM into it.'],
    [
      'broken.pem',
      'leaf-key.pem',
      'server.tls.cert: broken.pem holds a certificate that is damaged or of an unknown kind.',
    ],
    ['leaf-key.pem', 'leaf-key.pem', 'server.tls.cert: leaf-key.pem holds a private key, and not a certificate.'],
    [
      'leaf.der',
      'leaf-key.pem',
      'server.tls.cert: leaf.der holds a certificate in DER. Convert it with openssl x509 -in FILE -out NEW-FILE.',
    ],
    ['leaf.pem', 'leaf.pem', 'server.tls.key: leaf.pem holds a certificate, and not a private key.'],
    ['leaf.pem', 'public.pem', 'server.tls.key: public.pem holds a public key, and not a private key.'],
    [
      'leaf.pem',
      'encrypted.pem',
      'server.tls.key: encrypted.pem holds a private key with a passphrase. Remove the passphrase with openssl pkey -in FILE -out NEW-FILE.',
    ],
    [
      'leaf.pem',
      'other-key.pem',
      'server.tls.key: other-key.pem is not the key of the certificate in leaf.pem. Name two files that belong together.',
    ],
    [
      'chain-reversed.pem',
      'leaf-key.pem',
      'server.tls.cert: the certificate of the server is not the first in chain-reversed.pem. Put it first.',
    ],
    [
      'chain-other.pem',
      'leaf-key.pem',
      'warning: server.tls.cert: certificate 2 in chain-other.pem did not issue certificate 1. Put the certificate of the server first, and after each the one that issued it.',
    ],
    [
      'old.pem',
      'old-key.pem',
      `warning: server.tls.cert: the certificate in old.pem expired on ${new Date(old.x509.validTo).toISOString()}. Renew it.`,
    ],
    [
      'none.pem',
      'text.pem',
      `server.tls.cert: ${missing('none.pem')}`,
      `server.tls.key: text.pem holds no private key ${BEGIN} PRIVATE KEY-----.`,
    ],
  ] as const)
    assert.deepEqual(await tls(cert, key), messages, `${cert} ${key}`);

  const client =
    'clients:\n  - { id: gw, auth: client_secret_post, grants: [client_credentials], secret: { file: FILE } }\n';
  const saml =
    'issuers:\n  - { saml: https://idp.example/saml, name: idp, accepts: [saml2], audiences: [x], certificates: [FILE] }\n';
  const authorities = 'server: { trustProxy: [192.0.2.7], clientCertificates: { authorities: FILE } }\n';
  for (const [text, name, message] of [
    [client, 'none.txt', `clients[gw].secret: ${missing('none.txt')}`],
    [client, 'empty.pem', 'clients[gw].secret: empty.pem is empty. Write the secret into it.'],
    [client, 'utf16.txt', 'clients[gw].secret: utf16.txt is not text in UTF-8. Save the file in that encoding.'],
    [saml, 'text.pem', `issuers[idp].certificates[0]: text.pem holds no certificate ${BEGIN} CERTIFICATE-----.`],
    [
      authorities,
      'leaf.pem',
      'server.clientCertificates.authorities[0]: leaf.pem holds a certificate that is not of an authority. Name the certificate that issued it.',
    ],
  ] as const) {
    const [said = '', ...others] = await messagesOf(ISSUER + text.split('FILE').join(name), folder);
    assert.deepEqual([said.replace(/^cambio\.yaml:\d+:\d+: /, ''), others], [message, []], name);
  }
});

test('names a configuration file that cannot be read, without a line', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'utf16.yaml'), Buffer.from(`\ufeff${ISSUER}`, 'utf16le'));
  for (const [name, message] of [
    ['none.yaml', 'none.yaml: cannot be read: there is no such file.'],
    ['', ': cannot be read: it is a folder, not a file.'],
    ['utf16.yaml', 'utf16.yaml:1:1: this line is not text in UTF-8. Save the file in that encoding.'],
  ] as const)
    await assert.rejects(loadConfiguration(join(folder, name), {}), {
      message: name === '' ? `${folder}${message}` : join(folder, message),
    });
});
