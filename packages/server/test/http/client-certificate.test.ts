// Clients that authenticate by TLS (RFC 8705), directly or through a proxy.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { administered } from '../support/admin-api.ts';
import {
  API,
  agentBasic,
  assertIssued,
  assertRefused,
  CLIENT_MISSING,
  CLIENT_REFUSED,
  gateway,
} from '../support/basics.ts';
import { ask, withClients } from '../support/client-credentials.ts';
import { type Configuration, changed } from '../support/configuration.ts';
import { type Answer, encode, read, start, type TestServer } from '../support/harness.ts';
import { JWKS, startIssuer } from '../support/issuer.ts';
import { fetchAs, type Identity, selfIssued } from '../support/tls-client.ts';
import { answerOf, request } from '../support/wire.ts';

const authority = await selfIssued({ name: 'CN=Clients, O=Example', authority: true });
const intermediate = await authority.issue({ name: 'CN=Below, O=Example', authority: true });
const former = await authority.issue({ name: 'CN=Former, O=Example', authority: true, days: -1 });
const stranger = await selfIssued({ name: 'CN=Clients, O=Example', authority: true });
const https = await selfIssued({ name: 'CN=server', names: [{ type: 'ip', value: '127.0.0.1' }] });

const UID = '0.9.2342.19200300.100.1.1';
const NAME: readonly Record<string, string[]>[] = [
  { C: ['DE'] },
  { O: ['Example'] },
  { OU: ['Back, Office'] },
  { CN: ['batch'], [UID]: ['7'] },
];
const names = [
  { type: 'dns', value: 'batch.example' },
  { type: 'url', value: 'spiffe://example.org/batch' },
  { type: 'ip', value: '2001:db8::7' },
  { type: 'email', value: 'batch@example.org' },
] as const;
const batch = await authority.issue({ name: NAME, names });

const files = {
  'ca.pem': authority.cert,
  'below.pem': intermediate.cert,
  'expired.pem': former.cert,
  'both.pem': `${authority.cert}\n${intermediate.cert}`,
  'cert.pem': https.cert,
  'key.pem': https.key,
};
const tls = { cert: 'cert.pem', key: 'key.pem' };

/** Starts a server with TLS. Each entry is a line of YAML. */
const startTls = (
  t: Pick<TestContext, 'after'>,
  entries: readonly string[],
  authorities = ['ca.pem'],
): Promise<TestServer> =>
  start(t, changed(withClients(...entries), { server: { tls, clientCertificates: { authorities } } }), {
    files,
    fetch: fetchAs(undefined, https.cert),
  });

/** Sends a request of the client, with or without a certificate. */
const askAs = async (
  server: TestServer,
  client: Identity | undefined,
  client_id = 'batch',
  form = {},
): Promise<Answer> =>
  read(
    await fetchAs(client, https.cert)(`${server.issuer}/oauth/token`, {
      method: 'POST',
      body: encode({ grant_type: 'client_credentials', client_id, ...form }),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    }),
  );

const subjects: readonly (readonly [subject: string, others: readonly string[]])[] = [
  [
    'dn: "cn=Batch + uid=7,OU=Back\\\\, Office,o=example,C=de"',
    [
      'dn: "CN=batch+UID=7,O=Example,OU=Back\\\\, Office,C=DE"',
      'dn: "CN=batch,OU=Back\\\\, Office,O=Example,C=DE"',
      'dn: "O=Example,C=DE"',
    ],
  ],
  ['dns: BATCH.example', ['dns: example', 'dns: other.example', 'dns: batch']],
  ['uri: spiffe://example.org/batch', ['uri: spiffe://example.org/batch2', 'uri: spiffe://example.org/']],
  ['ip: 2001:db8:0:0::7', ['ip: 2001:db8::8', 'ip: 127.0.0.1']],
  ['email: batch@EXAMPLE.org', ['email: Batch@example.org', 'email: other@example.org']],
];

test('accepts a certificate of a configured authority that names the client as its entry does (C20, MT-02)', async (t) => {
  const server = await startTls(
    t,
    subjects.flatMap(([right, wrong], index) =>
      [right, ...wrong].map((subject, n) => `id: c${index}-${n}, auth: tls_client_auth, tlsSubject: { ${subject} }`),
    ),
  );
  for (const [index, [right, wrong]] of subjects.entries()) {
    const good = await askAs(server, batch, `c${index}-0`);
    assertIssued(server, good, right);
    assert.equal(server.audit(good)?.clientAuthentication, 'tls_client_auth');
    for (const [n, subject] of wrong.entries()) {
      const answer = await askAs(server, batch, `c${index}-${n + 1}`);
      assertRefused(server, answer, { ...CLIENT_REFUSED, reason: 'client_certificate_subject' }, subject);
    }
  }
});

test('lists the TLS methods in the metadata if callers can present certificates (RFC 8705 section 3.3)', async (t) => {
  const server = await startTls(t, ['id: batch, auth: tls_client_auth, tlsSubject: { dns: batch.example }']);
  const answer = await read(
    await fetchAs(undefined, https.cert)(`${server.issuer}/.well-known/oauth-authorization-server`),
  );
  const { token_endpoint_auth_methods_supported: methods } = answer.body;
  assert.deepEqual(
    (methods as string[]).filter((name) => name.includes('tls')),
    ['tls_client_auth', 'self_signed_tls_client_auth'],
  );
});

test('accepts a certificate of an intermediate authority with its chain, if it is for clients and the client states its id (MT-01)', async (t) => {
  const server = await startTls(t, ['id: batch, auth: tls_client_auth, tlsSubject: { dns: batch.example }']);
  const usage = '1.3.6.1.5.5.7.3.2';
  const below = await intermediate.issue({ name: NAME, names });
  assertRefused(server, await askAs(server, below), { ...CLIENT_REFUSED, reason: 'client_certificate_untrusted' });
  assertIssued(
    server,
    await askAs(server, { ...below, cert: `${below.cert}\n${intermediate.cert}` }),
    'with its chain',
  );
  assertIssued(server, await askAs(server, await authority.issue({ name: NAME, names, usage })));
  assertIssued(server, await askAs(server, batch));
  // Another method than the client's, and another client than the certificate's: the id must be stated.
  const secret = await askAs(server, batch, 'batch', { client_secret: 'gateway-secret' });
  assertRefused(server, secret, { ...CLIENT_REFUSED, reason: 'client_method' });
  assert.equal((await askAs(server, batch, '')).status, 401);
});

test('accepts an intermediate authority as the only one for what it issued itself, unless it has expired, and nothing of the authority above it', async (t) => {
  const entries = ['id: batch, auth: tls_client_auth, tlsSubject: { dns: batch.example }'];
  const server = await startTls(t, entries, ['below.pem']);
  const expired = await startTls(t, entries, ['expired.pem']);
  const untrusted = { ...CLIENT_REFUSED, reason: 'client_certificate_untrusted' };
  assertIssued(server, await askAs(server, await intermediate.issue({ name: NAME, names })));
  assertRefused(server, await askAs(server, batch), untrusted);
  const forged = await (await intermediate.issue({ name: 'CN=leaf' })).issue({ name: NAME, names });
  assertRefused(server, await askAs(server, forged), untrusted);
  const byName = await (await stranger.issue({ name: 'CN=Below, O=Example', authority: true })).issue({
    name: NAME,
    names,
  });
  assertRefused(server, await askAs(server, byName), untrusted);
  assertRefused(expired, await askAs(expired, await former.issue({ name: NAME, names })), untrusted);
});

test('accepts an authority and an intermediate one, and other clients without a certificate', async (t) => {
  const server = await startTls(
    t,
    ['id: batch, auth: tls_client_auth, tlsSubject: { dns: batch.example }'],
    ['both.pem'],
  );
  assertIssued(server, await askAs(server, await intermediate.issue({ name: NAME, names })));
  assertIssued(server, await ask(server, {}, agentBasic));
  assertIssued(
    server,
    await askAs(server, batch, 'gateway', gateway),
    'a certificate beside a secret proves nothing more',
  );
});

test('accepts a registered certificate until it is removed, even after it expired (RFC 8705 section 2.2; MT-03)', async (t) => {
  const keys = await startIssuer(t);
  const [one, two, fetched] = (await Promise.all(
    [1, -1, 1].map((days) => selfIssued({ name: 'CN=anything', days })),
  )) as [Identity, Identity, Identity];
  const jwk = (client: Identity) => client.x509.publicKey.export({ format: 'jwk' });
  const x5c = (client: Identity) => [client.x509.raw.toString('base64')];
  const entry = (id: string, jwks: readonly object[]) =>
    `id: ${id}, auth: self_signed_tls_client_auth, jwks: ${JSON.stringify({ keys: jwks })}`;
  keys.instead.set(JWKS, (_request, response) =>
    response.end(JSON.stringify({ keys: [{ ...jwk(fetched), x5c: x5c(fetched) }] })),
  );
  const server = await startTls(t, [
    entry('batch', [
      { ...jwk(one), x5c: x5c(one) },
      { ...jwk(two), x5c: x5c(two) },
    ]),
    entry('by-key', [jwk(one)]),
    entry('pinned', [{ ...jwk(one), x5c: x5c(two) }]),
    `id: fetched, auth: self_signed_tls_client_auth, jwksUri: '${keys.url}${JWKS}', allowPrivateNetwork: true`,
  ]);
  assertIssued(server, await askAs(server, one));
  assertIssued(server, await askAs(server, two), 'expired');
  assertIssued(server, await askAs(server, one, 'by-key'));
  assertIssued(server, await askAs(server, fetched, 'fetched'));
  for (const [id, client] of [
    ['batch', batch],
    ['by-key', two],
    ['pinned', one],
    // The key in the certificate differs from the key beside it, whose strength was not checked.
    ['pinned', two],
    ['fetched', one],
  ] as const) {
    const answer = await askAs(server, client, id);
    assertRefused(server, answer, { ...CLIENT_REFUSED, reason: 'client_certificate_unknown' }, id);
  }
  const missing = await askAs(server, undefined);
  assertRefused(server, missing, { ...CLIENT_MISSING, reason: 'client_certificate_missing' });
});

test('registers a TLS client at run time only if the file names authorities', async (t) => {
  const startWith = (more: Configuration): Promise<TestServer> =>
    start(t, changed(administered, { server: { tls, ...more } }), {
      files,
      fetch: fetchAs(undefined, https.cert),
    });
  const self = await selfIssued({ name: 'CN=anything' });
  const entry = { grants: ['client_credentials'], audiences: [API], scopes: ['read'] };
  const own = { id: 'own', auth: 'self_signed_tls_client_auth', ...entry };
  const clients = [
    [self, { ...own, jwks: { keys: [self.x509.publicKey.export({ format: 'jwk' })] } }],
    [batch, { id: 'batch', auth: 'tls_client_auth', tlsSubject: { dns: 'batch.example' }, ...entry }],
  ] as const;
  const register = async (server: TestServer, body: object): Promise<Answer> => {
    const operator = { client_secret: 'operator-secret' };
    const { access_token: token } = (await askAs(server, undefined, 'operator', operator)).body;
    return read(
      await fetchAs(undefined, https.cert)(`${server.issuer}/admin/v1/clients`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    );
  };
  const [asking, silent] = [await startWith({ clientCertificates: { authorities: ['ca.pem'] } }), await startWith({})];
  for (const [identity, client] of clients) {
    assert.equal((await register(asking, client)).status, 201);
    assertIssued(asking, await askAs(asking, identity, client.id));
    const refused = await register(silent, client);
    assert.equal(refused.status, 422);
    assert.match(refused.text, /body\.auth: the server asks no client for a certificate/);
  }
});

const formats: Readonly<Record<string, (client: Identity) => string>> = {
  rfc9440: ({ x509 }) => `:${x509.raw.toString('base64')}:`,
  der: ({ x509 }) => x509.raw.toString('base64'),
  pem: ({ cert }) => encodeURIComponent(cert),
  xfcc: ({ cert }) =>
    `By=spiffe://example.org/envoy;Hash=00ff;Cert="${encodeURIComponent(cert)}";Subject="CN=batch,O=\\"Example\\"";URI=spiffe://example.org/x`,
};

const behind = (format: string, proxy: string): Configuration =>
  changed(withClients('id: batch, auth: tls_client_auth, tlsSubject: { dns: batch.example }'), {
    server: {
      trustProxy: [proxy],
      clientCertificates: { authorities: ['ca.pem'], header: { name: 'Client-Cert', format } },
    },
  });

test('reads the certificate from the header of a proxy in each format (RFC 9440)', async (t) => {
  for (const [format, write] of Object.entries(formats)) {
    const server = await start(t, behind(format, '127.0.0.0/8'), { files });
    const askWith = (value: string): Promise<Answer> => ask(server, { client_id: 'batch' }, { 'client-cert': value });
    assertIssued(server, await askWith(write(batch)), format);
    const other = await askWith(write(await stranger.issue({ name: NAME, names })));
    assertRefused(server, other, { ...CLIENT_REFUSED, reason: 'client_certificate_untrusted' }, format);
    for (const bad of ['x', ':eA==:', `${write(batch)}, ${write(batch)}`, `${write(batch)}"`, `,${write(batch)}`]) {
      const answer = await askWith(bad);
      assertRefused(server, answer, { ...CLIENT_REFUSED, reason: 'client_certificate_malformed' }, `${format} ${bad}`);
      server.clock.now += 4000;
    }
    const none = await ask(server, { client_id: 'batch' });
    assertRefused(server, none, { ...CLIENT_MISSING, reason: 'client_certificate_missing' });
    assertIssued(server, await ask(server, {}, agentBasic));
  }
});

test('refuses a header with two certificates or other content, and two headers (MT-09)', async (t) => {
  const other = await authority.issue({ name: 'CN=other' });
  const pair = (a: Identity, b: Identity, between: string): Identity =>
    ({
      cert: `${a.cert.trim()}${between}${b.cert.trim()}\n`,
      x509: { raw: Buffer.concat([a.x509.raw, b.x509.raw]) },
    }) as Identity;
  for (const [format, write] of Object.entries(formats)) {
    const server = await start(t, behind(format, '127.0.0.0/8'), { files });
    const askWith = (...values: readonly string[]) =>
      server.raw(
        request(['Host: x', ...values.map((value) => `Client-Cert: ${value}`), `Content-Length: ${form.length}`], {
          body: form,
        }),
      );
    const form = encode({ grant_type: 'client_credentials', client_id: 'batch' });
    const refuse = async (what: string, ...values: readonly string[]): Promise<void> => {
      const answer = answerOf(await askWith(...values));
      assertRefused(
        server,
        answer,
        { ...CLIENT_REFUSED, reason: 'client_certificate_malformed' },
        `${format}: ${what}`,
      );
      server.clock.now += 4000;
    };
    assertIssued(server, answerOf(await askWith(write(batch))), format);
    for (const between of ['\n', '', '\n\n'])
      for (const [a, b] of [
        [batch, other],
        [other, batch],
        [batch, batch],
      ] as const)
        await refuse('two certificates', write(pair(a, b, between)));
    const longer = Buffer.concat([batch.x509.raw, Buffer.alloc(1)]);
    await refuse('a byte more', write(pemOf(longer)));
    await refuse('two headers', write(batch), write(batch));
    await refuse('two headers, one empty', write(batch), '');
    assertIssued(server, answerOf(await askWith(write(pemOf(batch.x509.raw)))), format);
  }
});

/** A certificate with these bytes, valid or not. */
const pemOf = (raw: Buffer): Identity =>
  ({
    cert: `-----BEGIN CERTIFICATE-----\n${raw.toString('base64')}\n-----END CERTIFICATE-----\n`,
    x509: { raw },
  }) as Identity;

test('accepts neither certificate if Envoy names two for one hop', async (t) => {
  const server = await start(t, behind('xfcc', '127.0.0.0/8'), { files });
  const one = `Cert="${encodeURIComponent(batch.cert)}"`;
  const askWith = (value: string): Promise<Answer> => ask(server, { client_id: 'batch' }, { 'client-cert': value });
  assertIssued(server, await askWith(`Hash=00ff;${one}`));
  const refused = await askWith(`${one};Hash=00ff;${one.replace('Cert', 'cert')}`);
  assertRefused(server, refused, { ...CLIENT_REFUSED, reason: 'client_certificate_malformed' });
});
