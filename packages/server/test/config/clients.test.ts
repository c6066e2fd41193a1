// What of a client's entry does not fit together is a fault of the file, each with its line.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigurationError } from '../../src/config/fault.ts';
import { parseConfiguration } from '../../src/config/load.ts';
import { jwksOf } from '../support/client-credentials.ts';
import { newKey, privateJwk } from '../support/issuer.ts';
import { temporaryFolder } from '../support/program.ts';
import { selfIssued } from '../support/tls-client.ts';

const key = newKey();
const API = 'https://api.example';
const CERTIFICATES = '{ authorities: ca.pem, header: { name: Client-Cert, format: pem } }';

/** What is said of a file with such clients, by path. */
async function complaints(folder: string, entries: readonly string[], server = ''): Promise<string[]> {
  const yaml = `
issuer: https://login.example
server: { trustProxy: [192.0.2.7], clientCertificates: ${CERTIFICATES} ${server} }
resources: [{ audience: ${API} }]
issuers:
  - { trustDomain: prod.example, ${jwksOf(key)}, accepts: [jwt], audiences: [urn:us] }
  - { issuer: https://idp.example, name: idp, accepts: [jwt], audiences: [urn:us] }
clients:
${entries.map((entry) => `  - { ${entry.includes('grants') ? '' : 'grants: [client_credentials], '}${entry} }\n`).join('')}`;
  try {
    const { warnings } = await parseConfiguration(yaml, { file: join(folder, 'cambio.yaml'), environment: {} });
    return warnings.map(({ path, message }) => `${path}: ${message}`);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.faults.map(({ path, message }) => `${path}: ${message}`);
  }
}

const good = {
  secret: 'auth: client_secret_post, secret: { plain: x }',
  keys: `auth: private_key_jwt, ${jwksOf(key)}`,
  remote: 'auth: private_key_jwt, jwksUri: https://client.example/keys, assertionAudience: legacy',
  tls: "auth: tls_client_auth, tlsSubject: { dn: 'CN=x' }",
  own: `auth: self_signed_tls_client_auth, ${jwksOf(key)}`,
  spiffe: 'auth: spiffe_jwt, spiffeId: spiffe://prod.example/a/*',
  none: 'auth: none, publicExchange: true, grants: [token_exchange]',
  workload: 'auth: none, workload: { issuer: idp, audience: urn:us }, grants: [token_exchange]',
};

test('an entry has what its method needs, and nothing that only other methods read (MT-02)', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'ca.pem'), (await selfIssued({ name: 'CN=ca', authority: true })).cert);
  const of = async (entry: string): Promise<string[]> => complaints(folder, [`id: c, ${entry}`]);
  const all = Object.values(good).map((entry, index) => `id: c${index}, ${entry}`);
  assert.deepEqual(await complaints(folder, all), []);
  const cases: readonly (readonly [string, string])[] = [
    ['auth: client_secret_basic', 'clients[0].secret: is missing'],
    ['auth: private_key_jwt', 'clients[0]: private_key_jwt needs jwks or jwksUri'],
    ['auth: self_signed_tls_client_auth', 'clients[0]: self_signed_tls_client_auth needs jwks or jwksUri'],
    ['auth: tls_client_auth', 'clients[0].tlsSubject: is missing'],
    ['auth: spiffe_jwt', 'clients[0].spiffeId: is missing'],
    [`${good.secret}, ${jwksOf(key)}`, 'clients[0].jwks: means nothing to client_secret_post'],
    [`${good.keys}, secret: { plain: x }`, 'clients[0].secret: means nothing to private_key_jwt'],
    [
      `${good.own}, assertionAudience: legacy`,
      'clients[0].assertionAudience: means nothing to self_signed_tls_client_auth',
    ],
    [`${good.remote}, ${jwksOf(key)}`, 'clients[0]: cannot have both jwks and jwksUri'],
    [`${good.spiffe}, publicExchange: true`, 'clients[0].publicExchange: means nothing to spiffe_jwt'],
    [
      `${good.keys}, workload: { issuer: idp, audience: urn:us }`,
      'clients[0].workload: means nothing to private_key_jwt',
    ],
    [
      `auth: private_key_jwt, ${jwksOf({ kty: 'oct', k: 'AAAA' })}`,
      'clients[0].jwks: it holds a private or symmetric key',
    ],
    [`auth: private_key_jwt, ${jwksOf(privateJwk(key))}`, 'clients[0].jwks: it holds a private or symmetric key'],
    [
      'auth: private_key_jwt, jwksUri: http://client.example/keys',
      'clients[0].jwksUri: must be https; http is for loopback under allowPrivateNetwork only',
    ],
    [
      "auth: tls_client_auth, tlsSubject: { dn: 'CN=x', dns: x }",
      'clients[0].tlsSubject: has exactly one of dn, dns, uri, ip, email',
    ],
    ['auth: tls_client_auth, tlsSubject: {}', 'clients[0].tlsSubject: has exactly one of dn, dns, uri, ip, email'],
    [
      "auth: tls_client_auth, tlsSubject: { dn: '/O=x/CN=y' }",
      'clients[0].tlsSubject.dn: must be a distinguished name (RFC 4514)',
    ],
    ["auth: tls_client_auth, tlsSubject: { dns: '*.example' }", 'clients[0].tlsSubject.dns: must be a host name'],
    ['auth: tls_client_auth, tlsSubject: { ip: 10.0.0.0/8 }', 'clients[0].tlsSubject.ip: must be an address'],
    [
      'auth: spiffe_jwt, spiffeId: spiffe://other.example/x',
      'clients[0].spiffeId: issuers has no trustDomain other.example',
    ],
    [
      'auth: spiffe_jwt, spiffeId: https://prod.example/x',
      'clients[0].spiffeId: must be spiffe://TRUST-DOMAIN/PATH, which may end in /*',
    ],
    [
      'auth: none',
      'clients[0].grants: client_credentials is not for a client that proves nothing (RFC 6749 section 4.4)',
    ],
    ['auth: client_secret_jwt, secret: { plain: x }', ''],
  ];
  for (const [entry, told] of cases) {
    const said = await of(entry);
    assert.ok(
      told === '' ? /clients\[0\]\.auth: /.test(said[0] ?? '') : said.includes(told),
      `${entry}\n${said.join('\n')}`,
    );
  }
});

test('a client id is printable ASCII, for a request could not name it otherwise (RFC 6749 appendix A.1; OA-06)', async (t) => {
  const named = (id: string): Promise<string[]> =>
    complaints(temporaryFolder(t), [
      `id: ${JSON.stringify(id)}, auth: client_secret_post, secret: { sha256: ${'x'.repeat(43)} }`,
    ]);
  for (const id of ['a', 'a b:c+%"~', 'x'.repeat(256)])
    assert.equal(
      (await named(id)).some((told) => told.startsWith('clients[0].id')),
      false,
      id,
    );
  for (const id of ['', 'é', 'a\tb', 'a\u007f', 'x'.repeat(257)])
    assert.equal((await named(id))[0], 'clients[0].id: must be 1 to 256 printable ASCII characters', id);
});

test('public clients and workloads: what could never be used, or stands for two', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'ca.pem'), (await selfIssued({ name: 'CN=ca', authority: true })).cert);
  const of = (...entries: readonly string[]): Promise<string[]> =>
    complaints(
      folder,
      entries.map((entry, index) => `id: c${index}, ${entry}`),
    );
  const workload = (issuer: string, audience = 'urn:us', grants = 'token_exchange'): string =>
    `auth: none, workload: { issuer: '${issuer}', audience: '${audience}' }, grants: [${grants}]`;
  assert.deepEqual(await of(workload('idp'), workload('prod.example')), []);
  assert.deepEqual(await of('auth: none, grants: [token_exchange]'), [
    'clients[0].grants: it may exchange nothing without publicExchange: true',
  ]);
  const noIssuer =
    'clients[0].workload.issuer: must be one of issuers, by its issuer, trustDomain or name; never our own, nor a SAML one';
  assert.deepEqual(await of(workload('https://login.example')), [noIssuer]);
  assert.deepEqual(await of(workload('idp', 'urn:other')), [
    'clients[0].workload.audience: must be one of the audiences of its issuer',
  ]);
  assert.deepEqual(await of(workload('idp', 'urn:us', 'token_exchange, refresh_token')), [
    'clients[0].grants: a workload has a token to exchange, and can use no other grant',
  ]);
  assert.deepEqual(await of(workload('idp'), workload('https://idp.example')), [
    'clients[1].workload: another client has the same',
  ]);
  assert.deepEqual(await of(good.spiffe, good.spiffe), ['clients[1].spiffeId: another client has the same']);
  const same = await complaints(folder, [`id: 'https://idp.example', ${good.keys}`]);
  assert.match(same.join(), /is an issuer: its tokens and the assertions of the client could be taken for each other/);
});

test('nobody authenticates by a certificate that nobody can show or vouch for', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'ca.pem'), (await selfIssued({ name: 'CN=ca', authority: true })).cert);
  writeFileSync(join(folder, 'leaf.pem'), (await selfIssued({ name: 'CN=leaf' })).cert);
  const of = async (server: string, entry: string): Promise<string[]> => {
    const yaml = `issuer: https://login.example\nserver: ${server}\nclients: [{ id: c, grants: [client_credentials], ${entry} }]\n`;
    return parseConfiguration(yaml, { file: join(folder, 'cambio.yaml'), environment: {} }).then(
      () => [],
      ({ faults }: ConfigurationError) => faults.map(({ path, message }) => `${path}: ${message}`),
    );
  };
  const header = 'header: { name: X-Cert, format: pem }';
  const unseen = 'clients[0].auth: nobody shows a certificate without server.tls or server.clientCertificates.header';
  assert.deepEqual(await of('{}', good.own), [unseen]);
  assert.deepEqual(await of(`{ trustProxy: [192.0.2.7], clientCertificates: { ${header} } }`, good.own), []);
  assert.deepEqual(await of(`{ trustProxy: [192.0.2.7], clientCertificates: { ${header} } }`, good.tls), [
    'clients[0].auth: needs server.clientCertificates.authorities, or no certificate is trusted',
  ]);
  assert.deepEqual(await of(`{ clientCertificates: { ${header} } }`, good.own), [
    'server.clientCertificates.header: is believed of trustProxy alone, and that is empty',
  ]);
  for (const file of ['leaf.pem', 'missing.pem']) {
    const [said] = await of(`{ clientCertificates: { authorities: ${file} } }`, good.keys);
    assert.match(said ?? '', /^server\.clientCertificates\.authorities\[0\]: /, file);
  }
  assert.deepEqual(await of('{ trustProxy: [nowhere] }', good.keys), [
    'server.trustProxy[0]: must be an address or a network such as 10.0.0.0/8',
  ]);
});
