// Builds the program in one file, and runs every command of it and a server where nothing else is: no Node, no shell, no environment.
// Not part of `npm test`, because the file takes long to build and to copy: npm run test:binary
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { copyFileSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { buildBinary } from '../../../../scripts/build-binary.ts';
import { commands } from '../../src/cli/index.ts';
import { freePort } from '../support/harness.ts';
import { type Ending, type Program, runProgram, startProgram, temporaryFolder } from '../support/program.ts';
import { selfSigned } from '../support/saml-certificate.ts';

const configuration = (port: number): string => `
issuer: http://127.0.0.1:${port}
server: { port: ${port}, metrics: off }
store: sqlite:data/cambio.db
resources:
  - { audience: https://api.example, scopes: [read] }
  - { audience: http://127.0.0.1:${port}/admin, scopes: [admin:read] }
console: { operators: [{ account: ada, scopes: [admin:read] }] }
clients:
  - { id: tv, auth: none, grants: [device_code], scopes: [openid] }
  - { id: gateway, auth: client_secret_post, secret: { plain: gateway-secret }, grants: [client_credentials, token_exchange], audiences: [https://api.example], scopes: [read] }
accounts:
  - { username: ada, password: { plain: lovelace } }
issuers:
  - { saml: https://idp.example, accepts: [saml2], audiences: [http://127.0.0.1:${port}], certificates: [idp.pem] }
rules:
  - { name: own, client: gateway, subject: { issuer: self, types: [access_token], when: 'subject.claims.sub.matches("^gate.*$")' }, grant: { audiences: [https://api.example], scopes: [read] } }
`;

/** Commands of a running server. */
const BESIDE = ['serve', 'ready'] as const;

/** What each command is called with in /files, and what it prints. TOKEN, REQUEST and KID stand for those of the server. */
const CALLS: Readonly<
  Record<Exclude<keyof typeof commands, (typeof BESIDE)[number]>, readonly [args: string, prints: RegExp]>
> = {
  init: ['--yes --out first.yaml', /^Wrote \/files\/first\.yaml/],
  check: ['--config cambio.yaml', /cambio\.yaml: good/],
  schema: ['', /"\$schema"/],
  explain: ['--config cambio.yaml --request REQUEST', /^Refused: /],
  targets: ['--config cambio.yaml --client gateway --subject-token TOKEN', /https:\/\/api\.example/],
  'tokens inspect': ['TOKEN', /gateway/],
  'clients create': ['reports --entry entry.yaml --config cambio.yaml', /^\S{43}\n$/],
  'clients list': ['--config cambio.yaml', /reports/],
  'clients show': ['reports --config cambio.yaml', /client_credentials/],
  'clients update': ['reports --entry entry.yaml --config cambio.yaml', /reports/],
  'clients rotate-secret': ['reports --config cambio.yaml', /^\S{43}\n$/],
  'clients disable': ['reports --config cambio.yaml', /disabled/],
  'clients enable': ['reports --config cambio.yaml', /enabled/],
  'clients delete': ['reports --yes --config cambio.yaml', /deleted/],
  'actors suspend': ['gateway --config cambio.yaml', /suspended/],
  'actors list': ['--config cambio.yaml', /gateway/],
  'actors resume': ['gateway --config cambio.yaml', /is not suspended any more/],
  'keys list': ['--config cambio.yaml', /ES256/],
  'keys rotate': ['--config cambio.yaml', /ES256/],
  'audit search': ['--config cambio.yaml --outcome refused', /refused/],
  'audit tail': ['--config cambio.yaml', /gateway/],
  'audit export': ['--config cambio.yaml', /^{"statement":/m],
  'audit verify': ['--config cambio.yaml', /rows/],
  'audit erase': ['--config cambio.yaml --subject nobody --yes', /0 rows|no row/i],
  'audit reindex': ['--config cambio.yaml', /index/],
  'policy unused': ['--config cambio.yaml --since 1h', /./],
  'policy history': ['--config cambio.yaml', /start/],
  'policy replay': ['cambio.yaml --config cambio.yaml', /./],
  reach: ['--config cambio.yaml --client gateway', /https:\/\/api\.example/],
  nodes: ['--config cambio.yaml', /./],
  'policy diff': ['cambio.yaml first.yaml', /./],
  'keys retire': ['KID --yes --config cambio.yaml', /is removed/],
  'tokens revoke': ['TOKEN --config cambio.yaml', /revoked/i],
  'accounts hash-password': ['', /argon2/],
  'store migrate': ['--config cambio.yaml', /./],
  'store rollback': ['--config cambio.yaml --discard --yes', /is rolled back/],
  demo: ['', /^3\. Refusal/m],
};

/** Their exit code is not 0 where they find something. */
const FINDS: Readonly<Record<string, number>> = { explain: 3, 'policy diff': 1 };

suite('the program in one file', {
  skip: process.platform !== 'linux' && 'the test reads ldd',
  timeout: 300_000,
}, () => {
  const undo: (() => unknown)[] = [];
  const t = { after: (work: () => unknown) => void undo.unshift(work) };
  let root = '';
  let port = 0;
  before(async () => {
    root = temporaryFolder(t);
    port = await freePort();
    const program = join(root, 'cambio');
    await buildBinary(program);
    for (const [library] of execFileSync('ldd', [program], { encoding: 'utf8' }).matchAll(/\/\S+(?= \()/g)) {
      mkdirSync(dirname(join(root, library)), { recursive: true });
      copyFileSync(library, join(root, library));
    }
    for (const folder of ['tmp', 'files']) mkdirSync(join(root, folder));
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const now = Date.now() / 1000;
    const files = {
      'cambio.yaml': configuration(port),
      'entry.yaml':
        'auth: client_secret_post\ngrants: [client_credentials]\naudiences: [https://api.example]\nscopes: [read]\n',
      'idp.pem': selfSigned(privateKey, { from: now - 60, to: now + 3600 }).toString(),
      password: 'a password of sixteen letters\n',
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(root, 'files', name), text);
  });
  after(async () => {
    for (const work of undo) await work();
  });

  /** The command line in a root that has the program, its libraries and the files of the test. */
  const alone = (args: readonly string[], input = '/dev/null'): readonly string[] => {
    const enter = process.getuid?.() === 0 ? ['chroot'] : ['unshare', '--map-root-user', 'chroot'];
    const file = (arg: string): string => (/\.(?:yaml|pem)$/.test(arg) ? `/files/${arg}` : arg);
    const command = [...enter, root, '/cambio', ...args.map(file)].map((word) => `'${word}'`).join(' ');
    return ['sh', '-c', `exec env -i PATH=/usr/sbin:/usr/bin ${command} < ${input}`];
  };
  const call = (args: readonly string[], input?: string): Promise<Ending> => runProgram(t, alone(args, input));
  const serve = async (...options: string[]): Promise<Program> => {
    const server = startProgram(t, alone(['serve', '--config', 'cambio.yaml', ...options]));
    await server.printed('cambio serves');
    return server;
  };
  const stop = async (server: Program): Promise<void> => {
    server.tell('SIGTERM');
    const { code, stderr } = await server.ended;
    assert.deepEqual([code, stderr], [0, '']);
  };
  const post = async (path: string, form: Record<string, string>) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body: new URLSearchParams(form) });
    return { status: answer.status, body: (await answer.json()) as Record<string, string> };
  };
  const caller = { client_id: 'gateway', client_secret: 'gateway-secret' };
  const exchange = { grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange', ...caller };
  const type = (name: string): string => `urn:ietf:params:oauth:token-type:${name}`;

  test('is one file, and the root has neither Node nor a shell', (context) => {
    context.diagnostic(`${Math.ceil(statSync(join(root, 'cambio')).size / 2 ** 20)} MiB`);
    for (const program of ['node', 'sh']) {
      const { status } = spawnSync('sh', [
        '-c',
        alone(['--version']).at(-1)?.replace(" '/cambio'", ` '${program}'`) ?? '',
      ]);
      assert.equal(status, 127);
    }
  });

  const facts = { TOKEN: '', REQUEST: '', KID: '' };

  test('serves: an exchange, a page, SAML, and a start of two processes', async () => {
    const server = await serve();
    assert.match((await call(['ready', '--server', `http://127.0.0.1:${port}`])).stdout, /is ready/);
    const issued = await post('/oauth/token', { grant_type: 'client_credentials', ...caller });
    facts.TOKEN = String(issued.body.access_token);
    const subject = { subject_token: facts.TOKEN, subject_token_type: type('access_token') };
    const exchanged = await post('/oauth/token', { ...exchange, ...subject });
    assert.equal(exchanged.status, 200, JSON.stringify(exchanged.body));
    const saml = Buffer.from('<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion"/>').toString('base64url');
    const refused = await post('/oauth/token', { ...exchange, subject_token: saml, subject_token_type: type('saml2') });
    assert.deepEqual([refused.status, refused.body.error], [400, 'invalid_grant']);
    facts.REQUEST = String(refused.body.request_id);
    const device = await post('/oauth/device_authorization', { client_id: 'tv', scope: 'openid' });
    assert.equal((await fetch(String(device.body.verification_uri))).status, 200);
    const page = await (await fetch(`http://127.0.0.1:${port}/console`)).text();
    const script = /<script [^>]*src="([^"]+\.js)"/.exec(page)?.[1] ?? assert.fail(page);
    const asset = await fetch(new URL(script, `http://127.0.0.1:${port}/console/`));
    assert.deepEqual([asset.status, asset.headers.get('content-encoding')], [200, 'gzip']);
    assert.match(await asset.text(), /import/);
    const { keys } = (await (await fetch(`http://127.0.0.1:${port}/.well-known/jwks.json`)).json()) as {
      keys: { kid: string }[];
    };
    facts.KID = String(keys[0]?.kid);
    await stop(server);
    const both = await serve('--workers', '2');
    const again = await post('/oauth/token', { ...exchange, ...subject });
    assert.equal(again.status, 200, 'the token of the process before');
    await stop(both);
  });

  test('runs every command', async () => {
    assert.deepEqual(
      Object.keys(CALLS).toSorted(),
      Object.keys(commands)
        .filter((name) => !BESIDE.some((one) => one === name))
        .toSorted(),
    );
    const wrong: string[] = [];
    for (const [name, [line, prints]] of Object.entries(CALLS)) {
      const filled = line.replace(/TOKEN|REQUEST|KID/g, (word) => facts[word as keyof typeof facts]);
      const args = [...name.split(' '), ...filled.split(' ').filter(Boolean)];
      const input = name === 'accounts hash-password' ? join(root, 'files/password') : undefined;
      const { code, stdout, stderr } = await call(args, input);
      if (code !== (FINDS[name] ?? 0) || !prints.test(stdout))
        wrong.push(`${name}: ${code}: ${stdout.slice(0, 300)}${stderr}`);
    }
    assert.deepEqual(wrong, []);
    const { code, stderr } = await call(['serve', '--config', 'missing.yaml']);
    assert.equal(code, 1);
    assert.match(stderr, /^cambio: .*missing\.yaml/);
  });
});
