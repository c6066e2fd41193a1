// cambio check --strict and --online: exit codes, places, and what each part of a configuration must answer.
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Around, cambio } from '../support/command.ts';
import { type Configuration, changed, yamlOf } from '../support/configuration.ts';
import {
  type Behaviour,
  DISCOVERY,
  entry,
  type FakeIssuer,
  INTROSPECT,
  JWKS,
  json,
  newKey,
  privateJwk,
  silence,
  startIssuer,
  status,
} from '../support/issuer.ts';
import { temporaryFolder } from '../support/program.ts';
import { selfIssued } from '../support/tls-client.ts';

const base: Configuration = { issuer: 'https://login.example', store: 'sqlite:cambio.db', server: { metrics: 'off' } };

interface Found {
  readonly check: string;
  readonly severity: string;
  readonly file: string;
  readonly line: number;
  readonly path: string;
  readonly message: string;
}

function fileOf(t: TestContext, configuration: Configuration, files: Readonly<Record<string, string>> = {}): string {
  const folder = temporaryFolder(t);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const file = join(folder, 'cambio.yaml');
  writeFileSync(file, yamlOf(configuration));
  return file;
}

/** Runs `check` with JSON output. @returns the exit code, and what it found: without good results, or these alone */
async function check(t: TestContext, file: string, args: readonly string[], around: Around = {}) {
  const { code, stdout, stderr } = await cambio(t, ['check', '--config', file, '--output', 'json', ...args], around);
  assert.equal(stderr, '');
  const all: readonly Found[] = JSON.parse(stdout);
  for (const one of all) assert.ok(one.file === file && one.line > 0 && one.check !== '', JSON.stringify(one));
  const said = (severity: RegExp): readonly string[] =>
    all
      .filter((one) => severity.test(one.severity))
      .map((one) => `${one.check} ${one.severity} ${one.path}: ${one.message}`);
  return { code, bad: said(/fault|warning/), good: said(/ok/), all };
}

const about = (found: readonly string[], check: string): readonly string[] =>
  found.filter((one) => one.startsWith(`${check} `));

const NO_TABLES =
  'database warning store: the database has no tables of cambio yet. The first start of a server creates them, or cambio store migrate.';

test('--online reports a database that cannot be created, and changes nothing where it can be', async (t) => {
  const inFile = await check(t, fileOf(t, changed(base, { store: 'sqlite:cambio.yaml/x.db' })), ['--online']);
  assert.equal(inFile.code, 1);
  assert.match(
    inFile.bad.join('\n'),
    /^database fault store: the database \S+cambio\.yaml\/x\.db does not exist, and cannot be created in \S+cambio\.yaml: [^\n]+$/,
  );
  const file = fileOf(t, changed(base, { store: 'sqlite:data/cambio.db' }));
  const before = readdirSync(dirname(file));
  const good = await check(t, file, ['--online']);
  assert.deepEqual([good.code, good.bad], [0, [NO_TABLES]]);
  assert.deepEqual(readdirSync(dirname(file)), before);
});

test('--strict fails for a warning, which passes without it', async (t) => {
  const unknown = { name: 'x', effect: 'deny', client: 'nobody' };
  const warned = fileOf(t, changed(base, { rules: [unknown] }));
  const lax = await check(t, warned, []);
  const strict = await check(t, warned, ['--strict']);
  assert.deepEqual([lax.code, strict.code, strict.bad], [0, 1, lax.bad]);
  assert.match(lax.bad.join('\n'), /^file warning rules\[x\]\.client[^:]*: [^\n]+$/);
  const good = fileOf(t, base);
  assert.equal((await check(t, good, ['--strict'])).code, 0);
  const text = await cambio(t, ['check', '--config', warned, '--strict']);
  assert.deepEqual([text.code, text.stdout], [1, '']);
  assert.match(text.stderr, /: 1 warning, and --strict allows none\n$/);
  const passed = await cambio(t, ['check', '--config', good, '--strict']);
  assert.deepEqual([passed.code, passed.stderr], [0, '']);
});

test('JSON output names the file, the line and the check: of a fault of the file, and of a failed test', async (t) => {
  const { code, all } = await check(t, fileOf(t, changed(base, { server: { prot: 1 } })), []);
  assert.equal(code, 1);
  assert.deepEqual(
    all.map(({ check: name, severity, path }) => [name, severity, path]),
    [['file', 'fault', 'server.prot']],
  );
  const rule = {
    name: 'own',
    client: 'gateway',
    grant: { audiences: ['https://api.example'] },
    tests: [{ subject: { claims: { sub: 'gateway' } }, expect: { refused: 'no_rule' } }],
  };
  const failing = changed(base, {
    resources: [{ audience: 'https://api.example' }],
    clients: [{ id: 'gateway', auth: 'none', publicExchange: true, grants: ['token_exchange'] }],
    rules: [rule],
  });
  const tested = await check(t, fileOf(t, failing), []);
  assert.deepEqual([tested.code, about(tested.bad, 'test').length], [1, 1]);
});

const trusting = (issuers: readonly Configuration[], more: Configuration = {}): Configuration =>
  changed(base, { issuers }, more);

test('--online accepts an issuer that can be used, and a database of this version; it names the keys that are ignored', async (t) => {
  const idp = await startIssuer(t);
  const { alg, ...encrypting } = newKey('RS256', 'encrypting').jwk;
  idp.keys.push({ ...newKey(), jwk: { ...encrypting, use: 'enc' } });
  const file = fileOf(t, trusting([entry(idp)]));
  const before = await check(t, file, ['--online']);
  assert.deepEqual([before.code, before.bad], [0, [NO_TABLES]]);
  assert.equal((await check(t, file, ['--online', '--strict'])).code, 1);
  assert.equal((await cambio(t, ['store', 'migrate', '--config', file])).code, 0);
  const { code, bad, good } = await check(t, file, ['--online', '--strict']);
  assert.deepEqual([code, bad], [0, []]);
  const [schema, ...others] = about(good, 'database');
  assert.match(schema ?? '', /^database ok store: its schema is that of this version \(\d+\S*\)$/);
  assert.deepEqual(others, []);
  assert.deepEqual(
    [...about(good, 'discovery'), ...about(good, 'keys'), ...about(good, 'clock')],
    [
      `discovery ok issuers[idp]: ${idp.url} names its keys at ${idp.url}${JWKS}`,
      `keys ok issuers[idp]: 1 key at ${idp.url}${JWKS} (ES256)`,
      `keys ok issuers[idp]: the key "encrypting" at ${idp.url}${JWKS} is ignored: its use is not sig.`,
      'clock ok issuers[idp]: its clock agrees with the clock here',
    ],
  );
  const empty = join(file, '../audit.jsonl');
  writeFileSync(empty, '');
  const compared = ['check', '--config', file, '--online', '--against', empty, '--output', 'json'];
  assert.deepEqual(await cambio(t, compared), { code: 0, stdout: '[]\n', stderr: '' });
  const text = await cambio(t, ['check', '--config', file, '--online']);
  assert.deepEqual([text.code, text.stderr], [0, '']);
  assert.match(text.stdout, /^discovery: issuers\[idp\]: [\s\S]*\n[^\n]*: good \(/);
});

test('--online reports an issuer that cannot be used, with the place of its entry', async (t) => {
  const dead = await startIssuer(t);
  await dead.close();
  const skewed =
    ({ keys }: FakeIssuer, skewMs: number, headers: Readonly<Record<string, string>> = {}): Behaviour =>
    (request, response) => {
      const date = new Date(Date.now() + skewMs).toUTCString();
      json({ keys: keys.map(({ jwk }) => jwk) }, { date, ...headers })(request, response);
    };
  const faulty = async (
    change: (idp: FakeIssuer) => unknown,
    members: Record<string, string> = {},
  ): Promise<readonly string[]> => {
    const idp = await startIssuer(t);
    change(idp);
    const { code, bad } = await check(t, fileOf(t, trusting([entry(idp, members)], { store: 'sqlite::memory:' })), [
      '--online',
    ]);
    assert.equal(code, bad.some((one) => / fault /.test(one)) ? 1 : 0);
    return bad.map((one) => one.replaceAll(idp.url, 'URL').replaceAll(/"[\w-]{36}"/g, '"KID"'));
  };
  assert.deepEqual(await faulty(() => undefined), []);
  const down = await check(t, fileOf(t, trusting([entry(dead)], { store: 'sqlite::memory:' })), ['--online']);
  assert.deepEqual(
    [down.code, down.bad],
    [1, [`discovery fault issuers[idp]: discovery failed: ${dead.url}${DISCOVERY}: nothing listens on that port.`]],
  );
  for (const [change, ...expected] of [
    [
      (idp) => idp.instead.set(DISCOVERY, json({ issuer: 'https://other.example', jwks_uri: `${idp.url}${JWKS}` })),
      `discovery fault issuers[idp]: discovery failed: URL${DISCOVERY} names another issuer: "https://other.example".`,
    ],
    [
      (idp) => idp.instead.set(JWKS, status(503)),
      `keys fault issuers[idp]: its keys cannot be fetched: URL${JWKS}: status 503.`,
    ],
    [
      (idp) => idp.instead.set(JWKS, json({ keys: idp.keys.map(privateJwk) })),
      `keys fault issuers[idp]: the key set at URL${JWKS} is not valid: it holds a private or symmetric key.`,
    ],
    [
      (idp) => idp.keys.push(newKey('RS256', 'weak', 1024)),
      `keys warning issuers[idp]: the key "weak" at URL${JWKS} is ignored: it is too weak.`,
    ],
    [(idp) => idp.keys.splice(0), `keys fault issuers[idp]: the key set at URL${JWKS} has no key that can be used.`],
    [
      (idp) => idp.keys.splice(0, 1, newKey('ES512')),
      `keys fault issuers[idp]: the keys at URL${JWKS} are for ES512, and the entry allows RS256, PS256, ES256, ES384, Ed25519. Set algorithms.`,
    ],
    [
      (idp) => idp.instead.set(JWKS, skewed(idp, -600_000)),
      'clock fault issuers[idp]: its clock is 10 min behind the clock here; tokens are accepted with a difference of up to 30 s. Set both by NTP.',
    ],
  ] as readonly (readonly [(idp: FakeIssuer) => unknown, ...string[]])[]) {
    assert.deepEqual(
      (await faulty(change)).map((one) => one.replace(/(?:9 min 5\ds|10 min(?: \d s)?)/, '10 min')),
      expected,
    );
  }
  const ahead = await faulty((idp) => idp.instead.set(JWKS, skewed(idp, 20_000)));
  assert.match(ahead.join('\n'), /^clock warning issuers\[idp\]: its clock is \d+ s ahead of the clock here; .*$/);
  const [tolerated] = await faulty((idp) => idp.instead.set(JWKS, skewed(idp, 75_000)), { leeway: '90s' });
  assert.match(tolerated ?? '', /^clock warning .* 1 min \d+ s ahead .* a difference of up to 90 s\. /);
  assert.deepEqual(await faulty((idp) => idp.instead.set(JWKS, skewed(idp, -600_000, { age: '600' }))), []);
});

test('--online also asks for the keys of clients, introspection and the upstream provider', async (t) => {
  const idp = await startIssuer(t);
  const jwksUri = (path: string): Configuration => ({
    id: 'signer',
    auth: 'private_key_jwt',
    grants: ['token_exchange'],
    jwksUri: idp.url + path,
    allowPrivateNetwork: true,
  });
  const introspection = { endpoint: idp.url + INTROSPECT, client: 'cambio', secret: { plain: 'canary-introspection' } };
  const opaque = changed(entry(idp), { accepts: ['access_token'], introspection });
  const upstream = {
    issuer: idp.url,
    name: 'idp',
    clientId: 'c',
    secret: { plain: 'canary-upstream' },
    allowPrivateNetwork: true,
  };
  const store = 'sqlite::memory:';
  const metadata = { issuer: idp.url, jwks_uri: idp.url + JWKS, token_endpoint: `${idp.url}/t` };
  idp.instead.set(DISCOVERY, json({ ...metadata, authorization_endpoint: `${idp.url}/a` }));
  const good = fileOf(t, trusting([opaque], { store, clients: [jwksUri(JWKS)], upstream }));
  const accepted = await check(t, good, ['--online', '--strict']);
  assert.deepEqual([accepted.code, accepted.bad], [0, []]);
  assert.deepEqual(about(accepted.good, 'introspection'), [
    `introspection ok issuers[idp].introspection: ${idp.url}${INTROSPECT} answers`,
  ]);
  assert.deepEqual(about(accepted.good, 'upstream'), [`upstream ok upstream: people can be sent to ${idp.url}`]);
  idp.instead.set(INTROSPECT, status(401));
  idp.instead.set(DISCOVERY, json(metadata));
  const refused = await check(t, fileOf(t, trusting([opaque], { store, clients: [jwksUri('/none')], upstream })), [
    '--online',
  ]);
  assert.equal(refused.code, 1);
  assert.deepEqual(refused.bad, [
    `introspection fault issuers[idp].introspection: introspection failed: ${idp.url}${INTROSPECT}: status 401.`,
    `keys fault clients[signer].jwksUri: its keys cannot be fetched: ${idp.url}/none: status 404.`,
    'upstream fault upstream: its authorization_endpoint is not an absolute URL. Write one such as https://login.example.com.',
  ]);
});

test('--online says for how many days each certificate is valid', async (t) => {
  const authority = await selfIssued({ name: 'CN=authority', authority: true });
  const of = async (days: number) => {
    const leaf = await authority.issue({ name: 'CN=leaf', days });
    const server = { ...(base.server as object), tls: { cert: 'cert.pem', key: 'key.pem' } };
    const file = fileOf(t, changed(base, { server, store: 'sqlite::memory:' }), {
      'cert.pem': leaf.cert,
      'key.pem': leaf.key,
    });
    return { ...(await check(t, file, ['--online'])), day: new Date(leaf.x509.validTo).toISOString().slice(0, 10) };
  };
  const [fresh, old] = [await of(200), await of(-1)];
  assert.deepEqual([fresh.code, fresh.bad], [0, []]);
  assert.match(
    about(fresh.good, 'certificate').join(),
    new RegExp(
      `^certificate ok server\\.tls\\.cert: its certificate is valid for (?:199|200) days, until ${fresh.day}$`,
    ),
  );
  assert.equal(old.code, 1);
  assert.deepEqual(about(old.bad, 'certificate'), [
    `certificate fault server.tls.cert: its certificate expired on ${old.day}. Renew it.`,
  ]);
});

test('--online is bounded: eight checks at a time, and --timeout for all of them', async (t) => {
  const idp = await startIssuer(t);
  let [open, most] = [0, 0];
  const wait = (request: IncomingMessage, response: ServerResponse): void => {
    most = Math.max(most, ++open);
    setTimeout(() => {
      open--;
      json({ keys: idp.keys.map(({ jwk }) => jwk) })(request, response);
    }, 20);
  };
  const many = Array.from({ length: 300 }, (_, index) => {
    const path = `/keys/${index}`;
    idp.instead.set(path, wait);
    const place = { issuer: `https://idp${index}.example`, name: `idp${index}`, jwksUri: idp.url + path };
    return changed(entry(idp), place);
  });
  const store = 'sqlite::memory:';
  const all = await check(t, fileOf(t, trusting(many, { store })), ['--online', '--timeout', '60s']);
  assert.deepEqual([all.code, about(all.good, 'keys').length], [0, 300]);
  assert.ok(most > 1 && most <= 8, `${most} at a time`);
  for (const path of idp.instead.keys()) idp.instead.set(path, silence);
  const late = await check(t, fileOf(t, trusting(many, { store })), ['--online', '--timeout', '1s']);
  assert.equal(late.code, 1);
  assert.equal(about(late.bad, 'keys').length, 300);
  for (const one of about(late.bad, 'keys'))
    assert.match(one, /: was not checked within 1 s, the time for all checks\. Give them more with --timeout\.$/);
});

test('--timeout is a duration, for --online alone', async (t) => {
  const file = fileOf(t, base);
  for (const [args, message] of [
    [['--timeout', '5s'], '--timeout is for --online. Add --online, or leave --timeout out'],
    [['--online', '--timeout', '5'], '--timeout 5 is not a duration of 1s to 60m. Example: --timeout 30s'],
    [['--online', '--timeout', '61m'], '--timeout 61m is not a duration of 1s to 60m. Example: --timeout 30s'],
  ] as const)
    assert.deepEqual(await cambio(t, ['check', '--config', file, ...args]), {
      code: 2,
      stdout: '',
      stderr: `cambio: ${message}\n`,
    });
});
