// Contradictions in a client's entry are faults of the file, each with its line.
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

/** Returns the faults and warnings of a file with these clients, with their paths. */
async function complaints(folder: string, entries: readonly string[], server = '', token = '{}'): Promise<string[]> {
  const yaml = `
issuer: https://login.example
server: { trustProxy: [192.0.2.7], clientCertificates: ${CERTIFICATES} ${server} }
resources: [{ audience: ${API}, token: ${token} }]
issuers:
  - { trustDomain: prod.example, ${jwksOf(key)}, accepts: [jwt], audiences: [urn:us] }
  - { issuer: https://ci.example, name: ci, grants: { workload: {} } }
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
  both: 'auth: [client_secret_basic, client_secret_post], secret: { plain: x }',
  list: 'auth: [client_secret_post], secret: { plain: x }',
  keys: `auth: private_key_jwt, ${jwksOf(key)}`,
  slow: `auth: private_key_jwt, assertionLifetime: 1h, ${jwksOf(key)}`,
  remote: 'auth: private_key_jwt, jwksUri: https://client.example/keys, assertionAudience: legacy',
  tls: "auth: tls_client_auth, tlsSubject: { dn: 'CN=x' }",
  own: `auth: self_signed_tls_client_auth, ${jwksOf(key)}`,
  spiffe: 'auth: spiffe_jwt, spiffeId: spiffe://prod.example/a/*',
  none: 'auth: none, publicExchange: true, grants: [token_exchange]',
  workload: 'auth: none, workload: { issuer: idp, audience: urn:us }, grants: [token_exchange]',
};

test('pkce: optional warns, and is for clients with credentials alone; anyLocalhostPort is for programs alone', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'ca.pem'), (await selfIssued({ name: 'CN=ca', authority: true })).cert);
  const people = (uri: string) => `grants: [authorization_code], redirectUris: ['${uri}'], scopes: [openid]`;
  const https = people('https://app.example/callback');
  const local = people('http://localhost/callback');
  const secret = 'id: c, auth: client_secret_post, secret: { plain: x }';
  const of = async (entry: string): Promise<string[]> => complaints(folder, [entry]);
  assert.deepEqual(await of(`${secret}, pkce: optional, ${https}`), [
    'clients[c].pkce: without PKCE, somebody else’s code can be put into a person’s sign-in, unless the client checks state and nonce. Let the client send code_challenge, and remove pkce.',
  ]);
  assert.deepEqual(await of(`${secret}, pkce: required, ${https}`), []);
  assert.deepEqual(await of(`id: c, auth: none, pkce: optional, ${https}`), [
    'clients[c].pkce: a client with auth: none needs PKCE: anyone who sees a code could redeem it (RFC 9700 section 2.1.1). Remove pkce, or give the client another auth.',
  ]);
  assert.deepEqual(await of(`${secret}, pkce: optional`), [
    'clients[c].pkce: pkce is for the grant authorization_code, which this client does not have. Remove it.',
  ]);
  assert.deepEqual(await of(`id: c, auth: none, anyLocalhostPort: true, ${local}`), []);
  for (const entry of [
    `id: c, auth: none, anyLocalhostPort: true, ${https}`,
    `${secret}, anyLocalhostPort: true, ${local}`,
  ])
    assert.deepEqual(await of(entry), [
      'clients[c].anyLocalhostPort: is for a program on the person’s machine: a client with auth: none and a redirect URI such as http://localhost/callback. Remove it.',
    ]);
});

test('a resource with typ: JWT cannot have the audience of a client that gets ID tokens', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'ca.pem'), (await selfIssued({ name: 'CN=ca', authority: true })).cert);
  const signIn = `${good.secret}, grants: [authorization_code], redirectUris: ['https://app.example/callback'], scopes: [openid]`;
  const of = (id: string, typ: string) => complaints(folder, [`id: '${id}', ${signIn}`], '', `{ typ: ${typ} }`);
  const fault = `clients[${API}].id: "${API}" is also the audience of a resource with typ: JWT, whose API would accept ID tokens of this client as access tokens. Give the client another id, or remove typ.`;
  assert.deepEqual(await of(API, 'JWT'), [fault]);
  assert.deepEqual(await of(API, 'at+jwt'), []);
  assert.deepEqual(await of('web', 'JWT'), []);
  const opaque = async (keys: string) =>
    complaints(folder, [`id: c, ${good.secret}`], '', `{ format: opaque ${keys} }`);
  assert.deepEqual(await opaque(', lifetime: 5m'), []);
  assert.deepEqual(
    await opaque(', typ: JWT, jwks: /keys/orders'),
    ['typ', 'jwks'].map(
      (key) =>
        `resources[${API}].token.${key}: ${key} has no effect: tokens of this resource are opaque. Remove ${key}, or format.`,
    ),
  );
});

test('an entry must have the keys of its method, and none that only other methods read (MT-02)', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'ca.pem'), (await selfIssued({ name: 'CN=ca', authority: true })).cert);
  const of = async (entry: string): Promise<string[]> => complaints(folder, [`id: c, ${entry}`]);
  const all = Object.values(good).map((entry, index) => `id: c${index}, ${entry}`);
  assert.deepEqual(await complaints(folder, all), []);
  const cases: readonly (readonly [string, string])[] = [
    [
      'auth: client_secret_basic',
      'clients[c].secret: is missing. A client with auth: client_secret_basic needs secret.',
    ],
    ['auth: private_key_jwt', 'clients[c]: a client with auth: private_key_jwt needs jwks or jwksUri.'],
    [
      'auth: self_signed_tls_client_auth',
      'clients[c]: a client with auth: self_signed_tls_client_auth needs jwks or jwksUri.',
    ],
    [
      'auth: tls_client_auth',
      'clients[c].tlsSubject: is missing. A client with auth: tls_client_auth needs tlsSubject.',
    ],
    ['auth: spiffe_jwt', 'clients[c].spiffeId: is missing. A client with auth: spiffe_jwt needs spiffeId.'],
    [
      `${good.secret}, ${jwksOf(key)}`,
      'clients[c].jwks: a client with auth: client_secret_post does not use jwks. Remove it, or write auth: private_key_jwt or self_signed_tls_client_auth.',
    ],
    [
      `${good.keys}, secret: { plain: x }`,
      'clients[c].secret: a client with auth: private_key_jwt does not use secret. Remove it, or write auth: client_secret_basic or client_secret_post.',
    ],
    ...[
      'client_secret_post, client_secret_post',
      'client_secret_basic, private_key_jwt',
      'client_secret_post, none',
    ].map(
      (auth) =>
        [
          `auth: [${auth}], secret: { plain: x }`,
          'clients[c].auth: only client_secret_basic and client_secret_post go together, because both send the same secret. Write one method, or [client_secret_basic, client_secret_post].',
        ] as const,
    ),
    [
      `${good.keys}, assertionLifetime: 61m`,
      'clients[c].assertionLifetime: is longer than an hour, and the server remembers each used assertion that long. Write 1h or less.',
    ],
    [
      `${good.secret}, assertionLifetime: 1h`,
      'clients[c].assertionLifetime: a client with auth: client_secret_post does not use assertionLifetime. Remove it, or write auth: private_key_jwt.',
    ],
    [
      `${good.own}, assertionAudience: legacy`,
      'clients[c].assertionAudience: a client with auth: self_signed_tls_client_auth does not use assertionAudience. Remove it, or write auth: private_key_jwt.',
    ],
    [
      `${good.remote}, ${jwksOf(key)}`,
      'clients[c].jwksUri: an entry has jwks or jwksUri, and not both. Remove one of them.',
    ],
    [
      `${good.spiffe}, publicExchange: true`,
      'clients[c].publicExchange: a client with auth: spiffe_jwt does not use publicExchange. Remove it, or write auth: none.',
    ],
    [
      `${good.keys}, workload: { issuer: idp, audience: urn:us }`,
      'clients[c].workload: a client with auth: private_key_jwt does not use workload. Remove it, or write auth: none.',
    ],
    [
      `auth: private_key_jwt, ${jwksOf({ kty: 'oct', k: 'AAAA' })}`,
      'clients[c].jwks: it holds a private or symmetric key.',
    ],
    [`auth: private_key_jwt, ${jwksOf(privateJwk(key))}`, 'clients[c].jwks: it holds a private or symmetric key.'],
    [
      'auth: private_key_jwt, jwksUri: http://client.example/keys',
      'clients[c].jwksUri: "http://client.example/keys" is http, which is for loopback with allowPrivateNetwork: true only. Write https.',
    ],
    [
      "auth: tls_client_auth, tlsSubject: { dn: 'CN=x', dns: x }",
      'clients[c].tlsSubject: needs exactly one of dn, dns, uri, ip and email.',
    ],
    [
      'auth: tls_client_auth, tlsSubject: {}',
      'clients[c].tlsSubject: needs exactly one of dn, dns, uri, ip and email.',
    ],
    [
      "auth: tls_client_auth, tlsSubject: { dn: '/O=x/CN=y' }",
      'clients[c].tlsSubject.dn: "/O=x/CN=y" is not a distinguished name (RFC 4514). Write one such as CN=orders,O=Example.',
    ],
    [
      "auth: tls_client_auth, tlsSubject: { dns: '*.example' }",
      'clients[c].tlsSubject.dns: "*.example" is not a host name. Write one without a wildcard, such as orders.example.com.',
    ],
    [
      'auth: tls_client_auth, tlsSubject: { ip: 10.0.0.0/8 }',
      'clients[c].tlsSubject.ip: "10.0.0.0/8" is not an IP address. Write one address, such as 192.0.2.7.',
    ],
    [
      'auth: spiffe_jwt, spiffeId: spiffe://other.example/x',
      'clients[c].spiffeId: there is no issuer with the trustDomain "other.example". Add it to issuers.',
    ],
    [
      'auth: spiffe_jwt, spiffeId: https://prod.example/x',
      'clients[c].spiffeId: "https://prod.example/x" is not a SPIFFE id. Write spiffe://TRUST-DOMAIN/PATH, which may end in /*.',
    ],
    [
      'auth: none',
      'clients[c].grants: client_credentials is not for a client with auth: none, which proves nothing (RFC 6749 section 4.4). Remove it, or give the client another auth.',
    ],
    ['auth: client_secret_jwt, secret: { plain: x }', ''],
  ];
  for (const [entry, told] of cases) {
    const said = await of(entry);
    assert.ok(
      told === '' ? /clients\[c\]\.auth: /.test(said[0] ?? '') : said.includes(told),
      `${entry}\n${said.join('\n')}`,
    );
  }
});

test('a client id must be printable ASCII (RFC 6749 appendix A.1; OA-06)', async (t) => {
  const named = (id: string): Promise<string[]> =>
    complaints(temporaryFolder(t), [
      `id: ${JSON.stringify(id)}, auth: client_secret_post, secret: { sha256: ${'x'.repeat(43)} }`,
    ]);
  for (const id of ['a', 'a b:c+%"~', 'x'.repeat(256)])
    assert.equal(
      (await named(id)).some((told) => /^clients\[.*\]\.id/.test(told)),
      false,
      id,
    );
  for (const id of ['', 'é', 'a\tb', 'a\u007f', 'x'.repeat(257)])
    assert.match(
      (await named(id)).join('\n'),
      /^clients\[.*\]\.id: (?:is an empty text|.* is not a client id)\. Write 1 to 256 printable ASCII characters, such as orders-api\.$/m,
      id,
    );
});

test('refuses public clients and workloads that could never be used, or that two clients share', async (t) => {
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
    'clients[c0].grants: token_exchange has no effect for a client with auth: none. Write publicExchange: true, or remove the grant.',
  ]);
  const noIssuer =
    'clients[c0].workload.issuer: there is no issuer "https://login.example" of workloads. Write the issuer, the trustDomain or the name of an entry of issuers, neither this server nor a SAML issuer.';
  assert.deepEqual(await of(workload('https://login.example')), [noIssuer]);
  assert.deepEqual(await of(workload('idp', 'urn:other')), [
    'clients[c0].workload.audience: "urn:other" is not among the audiences of its issuer: urn:us.',
  ]);
  assert.deepEqual(await of(workload('idp', 'urn:us', 'token_exchange, refresh_token')), [
    'clients[c0].grants: a client with workload can use token_exchange and jwt_bearer only. Remove the other grants, or write publicExchange: true.',
  ]);
  const redeeming = (workload: string): string => `auth: none, workload: { ${workload} }, grants: [jwt_bearer]`;
  assert.deepEqual(await of(redeeming('issuer: ci, subjects: job-*'), redeeming('issuer: ci, subjects: [a, b-*]')), []);
  assert.deepEqual(await of(redeeming('issuer: ci')), [
    'clients[c0].workload.subjects: is missing. jwt_bearer needs it: patterns of the sub of the workloads, such as repo:acme/*.',
  ]);
  assert.deepEqual(await of(redeeming('issuer: idp, subjects: job-*')), [
    'clients[c0].workload.issuer: its entry gives no grants to workloads. Write grants: { workload: {} } there, or remove jwt_bearer from the client.',
  ]);
  assert.deepEqual(await of('auth: none, workload: { issuer: idp, subjects: a }, grants: [token_exchange]'), [
    'clients[c0].workload.audience: is missing. token_exchange needs it: one of the audiences of the issuer.',
  ]);
  assert.deepEqual(await of(workload('idp'), workload('https://idp.example')), [
    'clients[c1].workload: another client has the same workload, and requests could not tell them apart. Change one of them.',
  ]);
  assert.deepEqual(await of(good.spiffe, good.spiffe), [
    'clients[c1].spiffeId: another client has the same spiffeId, and requests could not tell them apart. Change one of them.',
  ]);
  const same = await complaints(folder, [`id: 'https://idp.example', ${good.keys}`]);
  assert.match(
    same.join(),
    /is an issuer too, and its tokens and the assertions of the client could be taken for each other/,
  );
});

test('refuses authentication by certificate if no client can present one, or if no authority is trusted', async (t) => {
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
  const unseen =
    'clients[c].auth: no client can present a certificate. Set server.tls, or server.clientCertificates.header behind a proxy.';
  assert.deepEqual(await of('{}', good.own), [unseen]);
  assert.deepEqual(await of(`{ trustProxy: [192.0.2.7], clientCertificates: { ${header} } }`, good.own), []);
  assert.deepEqual(await of(`{ trustProxy: [192.0.2.7], clientCertificates: { ${header} } }`, good.tls), [
    'clients[c].auth: no certificate of a client is trusted. Set server.clientCertificates.authorities.',
  ]);
  assert.deepEqual(await of(`{ clientCertificates: { ${header} } }`, good.own), [
    'server.clientCertificates.header: the header is believed from the proxies of server.trustProxy only, and there is none. Add the address of the proxy there.',
  ]);
  for (const file of ['leaf.pem', 'missing.pem']) {
    const [said] = await of(`{ clientCertificates: { authorities: ${file} } }`, good.keys);
    assert.match(said ?? '', /^server\.clientCertificates\.authorities\[0\]: /, file);
  }
  assert.deepEqual(await of('{ trustProxy: [nowhere] }', good.keys), [
    'server.trustProxy[0]: "nowhere" is not an address or a network. Write one such as 192.0.2.7 or 10.0.0.0/8.',
  ]);
});
