// Renewed secrets and certificates: the new content is used, unless it is unusable. Then the content in force stays.
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { connect } from 'node:tls';
import { createInputs } from '../../src/config/inputs.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { SecretDigest } from '../../src/primitives/secret.ts';
import { client, configuration } from '../support/basics.ts';
import { canaries } from '../support/canaries.ts';
import { added, changed, changeFile, edited, type Source, yamlOf } from '../support/configuration.ts';
import { type Answer, encode, type Form, freePort, read } from '../support/harness.ts';
import { life } from '../support/life.ts';
import { eventually, startNode } from '../support/node.ts';
import { temporaryFolder } from '../support/program.ts';
import { metadataOf, pem } from '../support/saml-exchange.ts';
import { type IdentityProvider, identityProvider } from '../support/saml-signer.ts';
import { scrape } from '../support/scrape.ts';
import { fetchAs, type Identity, selfIssued } from '../support/tls-client.ts';

const SURROUNDINGS = { ISSUER: 'http://127.0.0.1:8080', PORT: '8080' };
const server = (days = 1, from = -9): Promise<Identity> =>
  selfIssued({ name: 'CN=server', names: [{ type: 'ip', value: '127.0.0.1' }], days, from });
const authority = (name: string, days = 1): Promise<Identity> =>
  selfIssued({ name: `CN=${name}`, days, authority: true });

const [old, renewed, expired, early] = [await server(), await server(), await server(-1), await server(9, 1)];
const [clients, others, expiredClients] = [
  await authority('Clients'),
  await authority('Others'),
  await authority('Old', -1),
];

/** @param from days from now */
const provider = (from = -1, to = 1): IdentityProvider => {
  const [now, day] = [Math.floor(Date.now() / 1000), 86_400];
  return identityProvider(undefined, undefined, { from: now + from * day, to: now + to * day });
};

/** Each file with its content in force, a renewed content, and unusable ones with what is said about them. */
const KINDS: readonly {
  readonly entry: string;
  readonly files: Readonly<Record<string, string>>;
  readonly good: Readonly<Record<string, string>>;
  readonly broken: readonly (readonly [Readonly<Record<string, string | undefined>>, RegExp])[];
}[] = [
  {
    entry: 'server.tls',
    files: { 'cert.pem': old.cert, 'key.pem': old.key },
    good: { 'cert.pem': renewed.cert, 'key.pem': renewed.key },
    broken: [
      [{ 'cert.pem': renewed.cert }, /key\.pem is not the key of the certificate in cert\.pem/],
      [{ 'key.pem': renewed.key }, /key\.pem is not the key of the certificate in cert\.pem/],
      [{ 'cert.pem': '' }, /cert\.pem holds nothing/],
      [{ 'key.pem': undefined }, /cannot read .*key\.pem: there is no such file/],
      [{ 'cert.pem': expired.cert, 'key.pem': expired.key }, /the certificate in cert\.pem expired on/],
      [{ 'cert.pem': early.cert, 'key.pem': early.key }, /the certificate in cert\.pem is valid from .* on/],
    ],
  },
  {
    entry: 'server.clientCertificates.authorities[0]',
    files: { 'ca.pem': clients.cert },
    good: { 'ca.pem': `${expiredClients.cert}\n${others.cert}` },
    broken: [
      [{ 'ca.pem': '\n' }, /ca\.pem holds nothing/],
      [{ 'ca.pem': old.cert }, /not of an authority/],
      [{ 'ca.pem': expiredClients.cert }, /the certificate in ca\.pem expired on/],
      [{ 'ca.pem': undefined }, /cannot read .*ca\.pem/],
    ],
  },
  {
    entry: 'clients[renewing].secret',
    files: { secret: 'first-secret-of-a-client\n' },
    good: { secret: 'second-secret-of-a-client\n' },
    broken: [
      [{ secret: ' \n' }, /secret is empty/],
      [{ secret: undefined }, /cannot read .*secret/],
    ],
  },
  {
    entry: 'resources[https://hs.example].token.secret',
    files: { shared: 'a'.repeat(32) },
    good: { shared: 'b'.repeat(32) },
    broken: [[{ shared: 'short' }, /needs a secret of 32 bytes/]],
  },
  {
    entry: 'audit.stream[hook].headers.Authorization',
    files: { header: 'Bearer first' },
    good: { header: 'Bearer second' },
    broken: [[{ header: 'Bearer\nsecond' }, /not the value of a header/]],
  },
  {
    entry: 'sealingKey[0]',
    files: { seal: Buffer.alloc(32, 1).toString('base64') },
    good: { seal: Buffer.alloc(32, 2).toString('base64') },
    broken: [[{ seal: 'too short' }, /not 32 bytes in base64/]],
  },
  {
    entry: 'issuers[idp].certificates[0]',
    files: { 'idp.pem': pem(provider()) },
    good: { 'idp.pem': pem(provider()) },
    broken: [
      [{ 'idp.pem': 'nothing' }, /idp\.pem holds no certificate in PEM/],
      [{ 'idp.pem': pem(provider(-2, -1)) }, /idp\.pem holds a certificate that expired on/],
      [{ 'idp.pem': pem(provider(1, 2)) }, /idp\.pem holds a certificate that is not valid before/],
    ],
  },
  {
    entry: 'issuers[described].metadata',
    files: { 'idp.xml': metadataOf([provider()]) },
    good: { 'idp.xml': metadataOf([provider()]) },
    broken: [
      [{ 'idp.xml': '<md' }, /idp\.xml/],
      [{ 'idp.xml': metadataOf([provider()], { validUntil: '2026-01-01T00:00:00Z' }) }, /was valid until 2026-01-01/],
    ],
  },
];

const trustedFor = { accepts: ['saml2'], audiences: ['https://login.example'] };

const NAMED = changed(configuration, {
  server: {
    tls: { cert: 'cert.pem', key: 'key.pem' },
    clientCertificates: { authorities: ['ca.pem'] },
  },
  sealingKey: { file: 'seal' },
  issuers: [
    { saml: 'urn:example:idp', name: 'idp', certificates: ['idp.pem'], ...trustedFor },
    { saml: provider().entityId, name: 'described', metadata: 'idp.xml', ...trustedFor },
  ],
  audit: {
    stream: [
      { type: 'webhook', name: 'hook', url: 'https://hook.example', headers: { Authorization: { file: 'header' } } },
    ],
  },
  clients: added(client('renewing', { secret: { file: 'secret' } })),
  resources: added({ audience: 'https://hs.example', token: { alg: 'HS256', secret: { file: 'shared' } } }),
});

/** Writes the files, or removes them. */
function writeAll(folder: string, files: Readonly<Record<string, string | undefined>>): void {
  for (const [name, text] of Object.entries(files)) {
    if (text === undefined) rmSync(join(folder, name));
    else writeFileSync(join(folder, name), text);
  }
}

/** Writes everything into a folder. @returns functions that read it, as a node does at its start and later */
async function startReading(t: TestContext, source: Source = NAMED, more: Readonly<Record<string, string>> = {}) {
  const folder = temporaryFolder(t);
  const main = join(folder, 'cambio.yaml');
  for (const files of [...KINDS.map((kind) => kind.files), more]) writeAll(folder, files);
  writeFileSync(main, yamlOf(source));
  let before = createInputs(main);
  const load = (inputs = before) => loadConfiguration(main, SURROUNDINGS, inputs);
  await load();
  return {
    folder,
    main,
    write: (files: Readonly<Record<string, string | undefined>>) => writeAll(folder, files),
    /** Reads again. @returns the configuration, which is in force from now on */
    again: async () => {
      assert.ok(before.haveChanged());
      const inputs = createInputs(main, before.toNext());
      const next = await load(inputs);
      before = inputs;
      return next;
    },
    start: () => load(createInputs(main)),
    haveChanged: () => before.haveChanged(),
  };
}

for (const { entry, files, good, broken } of KINDS) {
  test(`${entry}: a renewed file is used, and an unusable one leaves the content in force until it is corrected`, async (t) => {
    const { write, again, start, haveChanged } = await startReading(t);
    for (const [bad, message] of broken) {
      write(bad);
      const kept = await again();
      assert.equal(kept.broken.length, 1, JSON.stringify(kept.broken));
      assert.equal(kept.broken[0]?.entry, entry);
      assert.match(kept.broken[0]?.message ?? '', message);
      assert.deepEqual(kept.renewed, []);
      assert.equal(haveChanged(), false, 'the same unusable content is not read again');
      if (!/expired|valid/.test(message.source)) await assert.rejects(start(), message, 'a start needs usable files');
      write(files);
      const back = await again();
      assert.deepEqual([back.broken, back.renewed], [[], []]);
    }
    write(good);
    const next = await again();
    assert.deepEqual([next.broken, next.renewed], [[], [entry]]);
  });
}

test('an unusable file delays no other: the rest of the configuration, and other renewed files, are used', async (t) => {
  const { main, write, again } = await startReading(t);
  write({ secret: '', 'cert.pem': renewed.cert, header: 'Bearer second' });
  changeFile(main, { clients: edited('agent', { disabled: true }) });
  const next = await again();
  assert.deepEqual(next.broken.map(({ entry }) => entry).toSorted(), ['clients[renewing].secret', 'server.tls']);
  assert.deepEqual(next.renewed, ['audit.stream[hook].headers.Authorization']);
  assert.equal(next.clients.get('agent')?.disabled, true);
  assert.equal(next.server.tls?.cert.toString(), old.cert);
  write({ 'key.pem': renewed.key });
  const pair = await again();
  assert.deepEqual(
    [pair.broken.map(({ entry }) => entry), pair.renewed],
    [['clients[renewing].secret'], ['server.tls']],
  );
});

test('of two secrets of a client, each is renewed by itself', async (t) => {
  const twice = changed(NAMED, {
    clients: edited('renewing', { secret: [{ file: 'secret' }, { file: 'next' }] }),
  });
  const { write, again } = await startReading(t, twice, { next: 'next-secret-of-a-client' });
  write({ secret: 'fresh-secret-of-a-client', next: '' });
  const { broken, renewed: used, clients: read } = await again();
  const renewing = read.get('renewing');
  assert.deepEqual(
    [broken.map(({ entry }) => entry), used],
    [['clients[renewing].secret[1]'], ['clients[renewing].secret[0]']],
  );
  const accepts = (text: string) => SecretDigest.anyMatches(renewing?.secrets ?? [], [text]);
  assert.deepEqual(['first-secret-of-a-client', 'fresh-secret-of-a-client', 'next-secret-of-a-client'].map(accepts), [
    false,
    true,
    true,
  ]);
  write({ next: 'last-secret-of-a-client' });
  assert.deepEqual((await again()).renewed, ['clients[renewing].secret[1]']);
});

test('a fault beside unusable files is reported with them, and the content in force is not asked for a file that has none', async (t) => {
  const { main, write, again } = await startReading(t);
  write({ secret: '' });
  changeFile(main, { clients: edited('agent', { secret: { plain: undefined, file: 'nowhere' } }) });
  await assert.rejects(
    again(),
    /clients\[agent\]\.secret: cannot read[\s\S]*clients\[renewing\]\.secret: secret is empty/,
  );
});

const batch = { name: 'CN=batch' };
const SECRETS = ['first', 'second', 'third'].map((word) => `${word}-secret-of-the-renewing-client`);

/** Mounts a folder as Kubernetes does. @returns a function that replaces all its files at once, by a symbolic link */
function mount(folder: string, first: Readonly<Record<string, string>>) {
  let version = 0;
  const replace = (files: Readonly<Record<string, string>>): void => {
    const name = `..version_${++version}`;
    mkdirSync(join(folder, name), { recursive: true });
    for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, name, file), content);
    symlinkSync(name, join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  };
  replace(first);
  for (const file of Object.keys(first)) symlinkSync(join('..data', file), join(folder, file));
  return replace;
}

/** Starts two workers with TLS, client certificates and a client whose secret is in a file. */
async function startRenewing(t: TestContext) {
  for (const secret of SECRETS) canaries.plant(secret);
  const folder = temporaryFolder(t);
  const replaceSecret = mount(join(folder, 'mounted'), { secret: SECRETS[0] ?? '' });
  const write = (files: Readonly<Record<string, string>>): void => writeAll(folder, files);
  write({ 'cert.pem': old.cert, 'key.pem': old.key, 'ca.pem': clients.cert });
  const metrics = await freePort();
  const yaml = changed(life(), {
    server: {
      metrics: { port: metrics },
      tls: { cert: 'cert.pem', key: 'key.pem' },
      clientCertificates: { authorities: ['ca.pem'] },
    },
    clients: added(
      client('renewing', { secret: { file: 'mounted/secret' } }),
      client('batch', { auth: 'tls_client_auth', secret: undefined, tlsSubject: { dn: 'CN=batch' } }),
    ),
  });
  const node = await startNode(t, yaml, { folder, options: ['--workers', '2'] });
  const url = `https://127.0.0.1:${node.port}`;
  const ask = async (form: Form, as?: Identity): Promise<Answer> => {
    const body = encode({ grant_type: 'client_credentials', ...form });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const { cert } = await served(node.port);
    return read(await fetchAs(as, cert)(`${url}/oauth/token`, { method: 'POST', body, headers }));
  };
  return {
    ...node,
    write,
    replaceSecret,
    statusOf: async (client_secret = ''): Promise<number> =>
      (await ask({ client_id: 'renewing', client_secret })).status,
    statusAs: async (as: Identity): Promise<number> => (await ask({ client_id: 'batch' }, as)).status,
    scrape: () => scrape(metrics),
    examine: async (): Promise<Answer> => read(await fetch(`http://127.0.0.1:${metrics}/readyz`)),
    ready: async (): Promise<Answer> => read(await fetchAs(undefined, (await served(node.port)).cert)(`${url}/readyz`)),
    /** Waits until each worker has logged it so many times. */
    logged: (line: string, times = 1): Promise<unknown> => node.prints(line, 2 * times),
    open: (as?: Identity) => openConnection(t, url, as),
  };
}

/** The certificate that a new connection gets. */
const served = (port: number): Promise<{ readonly cert: string }> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve({ cert: String(socket.getPeerX509Certificate()) });
      socket.destroy();
    });
    socket.on('error', reject);
  });

/** Keeps one connection open. @returns a function that sends a request on it, which fails if the connection was closed */
async function openConnection(t: TestContext, url: string, as?: Identity) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: old.cert, cert: as?.cert, key: as?.key });
  t.after(() => agent.destroy());
  const send = (form: Form): Promise<{ status: number; port: number | undefined }> =>
    new Promise((resolve, reject) => {
      const body = encode({ grant_type: 'client_credentials', ...form });
      const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': body.length };
      const sent = request(`${url}/oauth/token`, { method: 'POST', agent, headers });
      sent.on('error', reject).on('response', async (answer) => {
        const port = answer.socket.localPort;
        await text(answer);
        resolve({ status: answer.statusCode ?? 0, port });
      });
      sent.end(body);
    });
  return send;
}

/** Asks often enough to reach both workers, and not so often that failures reach their limit. */
const several = async <T>(work: () => Promise<T>): Promise<string> =>
  [...new Set(await Promise.all(Array.from({ length: 4 }, work)))].join(' ');
const becomes = (work: () => Promise<unknown>, wanted: unknown): Promise<unknown> =>
  eventually(
    () => several(work),
    (seen) => seen === String(wanted),
  );

test('a running node with two workers serves renewed certificates and accepts renewed secrets, and keeps those before while the new are unusable', {
  skip: process.platform !== 'linux',
}, async (t) => {
  const node = await startRenewing(t);
  const plain = { client_id: 'plain', client_secret: 'plain-secret' };
  const certificate = async (): Promise<string> => (await served(node.port)).cert;
  const value = async (name: string, labels = {}) => (await node.scrape()).value(name, labels);
  const failed = (entry: string) => value('cambio_renewal_failed', { entry });
  const open = await node.open();
  const { port } = await open(plain);
  assert.equal(await several(certificate), old.x509.toString());

  // The certificate comes first, and its key later.
  node.write({ 'cert.pem': renewed.cert });
  await eventually(
    () => failed('server.tls'),
    (found) => found === 1,
  );
  assert.equal(await several(certificate), old.x509.toString());
  assert.equal(await value('cambio_configuration_reload_failed'), 1);
  assert.equal(await value('cambio_configuration_faulty'), 0);
  await becomes(
    async () => JSON.stringify((await node.ready()).body.warnings).replace(/"since":"[^"]*"/, ''),
    '[{"reason":"renewal_failed",}]',
  );
  const { workers } = (await node.examine()).body as { workers: { warnings: { details: string[] }[] }[] };
  assert.match(String(workers[0]?.warnings[0]?.details), /^server\.tls: key\.pem is not the key of the certificate/);
  node.write({ 'key.pem': renewed.key });
  await becomes(certificate, renewed.x509.toString());
  await eventually(
    () => failed('server.tls'),
    (found) => found === undefined,
  );
  assert.equal(await value('cambio_configuration_reload_failed'), 0);
  assert.equal(
    await value('cambio_certificate_expiry_timestamp_seconds', { entry: 'server.tls' }),
    Date.parse(renewed.x509.validTo) / 1000,
  );
  assert.deepEqual(await open(plain), { status: 200, port }, 'an open connection goes on');

  // A secret in a mounted folder. The former one ends at once.
  const [first, second, third] = SECRETS;
  assert.equal(await several(() => node.statusOf(first)), '200');
  node.replaceSecret({ secret: `${second}\n` });
  await node.logged('clients[renewing].secret: renewed');
  assert.equal(await several(() => node.statusOf(second)), '200');
  assert.equal(await several(() => node.statusOf(first)), '401');
  node.replaceSecret({ secret: '\n' });
  await eventually(
    () => failed('clients[renewing].secret'),
    (found) => found === 1,
  );
  assert.equal(await several(() => node.statusOf(second)), '200');

  // An invalid file delays no renewal.
  changeFile(node.file, { clients: edited('agent', { grants: ['made_up'] }) });
  await eventually(
    () => value('cambio_configuration_faulty'),
    (faulty) => faulty === 1,
  );
  node.replaceSecret({ secret: String(third) });
  await node.logged('clients[renewing].secret: renewed', 2);
  assert.equal(await several(() => node.statusOf(third)), '200');
  assert.equal(await value('cambio_configuration_faulty'), 1);
  assert.equal(await failed('clients[renewing].secret'), undefined);
  changeFile(node.file, { clients: edited('agent', { grants: ['client_credentials'] }) });
  await eventually(
    () => value('cambio_configuration_reload_failed'),
    (now) => now === 0,
  );
  assert.equal(await several(() => node.statusOf(third)), '200');

  await node.logged(
    'clients[renewing].secret: mounted/secret is empty. Write the secret into it. Its previous content stays in force.',
  );
});

test('a renewed authority of client certificates holds for new connections, and ends those of clients whose authority is gone', {
  skip: process.platform !== 'linux',
}, async (t) => {
  const node = await startRenewing(t);
  const [former, next] = [await clients.issue(batch), await others.issue(batch)];
  const open = await node.open(former);
  const unrelated = await node.open();
  const { port } = await open({ client_id: 'batch' });
  const plain = { client_id: 'plain', client_secret: 'plain-secret' };
  const { port: unrelatedPort } = await unrelated(plain);
  assert.deepEqual(
    [await several(() => node.statusAs(former)), await several(() => node.statusAs(next))],
    ['200', '401'],
  );
  node.write({ 'ca.pem': 'damaged' });
  await eventually(
    async () => (await node.scrape()).value('cambio_renewal_failed'),
    (found) => found === 1,
  );
  assert.deepEqual(
    [await several(() => node.statusAs(former)), await several(() => node.statusAs(next))],
    ['200', '401'],
  );
  node.write({ 'ca.pem': `${clients.cert}\n${others.cert}` });
  await node.logged('server.clientCertificates.authorities[0]: renewed');
  assert.equal(await several(() => node.statusAs(next)), '200');
  assert.deepEqual(await open({ client_id: 'batch' }), { status: 200, port });
  node.write({ 'ca.pem': others.cert });
  await node.logged('server.clientCertificates.authorities[0]: renewed', 2);
  assert.equal(await several(() => node.statusAs(former)), '401');
  assert.equal(await several(() => node.statusAs(next)), '200');
  const after = await open({ client_id: 'batch' }).catch(() => ({ status: 0, port: undefined }));
  assert.notEqual(after.status, 200);
  assert.notEqual(after.port, port);
  assert.deepEqual(await unrelated(plain), { status: 200, port: unrelatedPort });
});
