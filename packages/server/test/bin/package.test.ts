// The built package runs where only it is installed.
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { after, before, suite, type TestContext, test } from 'node:test';
import { freePort } from '../support/harness.ts';
import { type Installed, installPackage, serverNode } from '../support/installed.ts';
import { blocksOf, pattern, readPage } from '../support/pages-of-docs.ts';
import { runProgram, startProgram, temporaryFolder } from '../support/program.ts';

type Answered = Readonly<Record<'access_token' | 'issued_token_type' | 'error' | 'verification_uri', string>>;

const configuration = (port: number): string => `
issuer: http://127.0.0.1:${port}
server: { port: ${port}, metrics: { port: 0 } }
store: sqlite:cambio.db
resources:
  - { audience: https://api.example, scopes: [read] }
clients:
  - { id: web, auth: none, grants: [authorization_code, device_code], redirectUris: [http://127.0.0.1/callback], audiences: [https://api.example], scopes: [openid, read] }
  - { id: gateway, auth: client_secret_post, secret: { plain: gateway-secret }, grants: [client_credentials, token_exchange], audiences: [https://api.example], scopes: [read] }
issuers:
  - { saml: https://idp.example, accepts: [saml2], audiences: [http://127.0.0.1:${port}], certificates: [idp.pem] }
rules:
  - { client: gateway, subject: { types: [access_token], when: 'subject.claims.sub.matches("^gate")' }, grant: { audiences: [https://api.example], scopes: [read] } }
`;

suite('the installed package', { timeout: 180_000 }, () => {
  const undo: (() => unknown)[] = [];
  let installed: Installed;
  before(async () => {
    installed = await installPackage({ after: (work) => void undo.unshift(work as () => unknown) }, 'server');
  });
  after(async () => {
    for (const work of undo) await work();
  });
  const env = (): Record<string, string> => ({
    PATH: [join(installed.folder, 'node_modules/.bin'), dirname(serverNode), process.env.PATH].join(delimiter),
  });
  const run = async (t: TestContext, cwd: string, ...command: string[]): Promise<string> => {
    const { code, stdout, stderr } = await runProgram(t, command, { cwd, env: env() });
    assert.equal(code, 0, stderr + stdout);
    return stdout;
  };

  test('has what it needs, and names the licences of its parts', () => {
    const { folder, names, manifest } = installed;
    assert.deepEqual(names, ['@cambio'], 'no dependency');
    assert.deepEqual([manifest.dependencies, manifest.private], [undefined, undefined]);
    const own = join(folder, 'node_modules/@cambio/server');
    assert.deepEqual(readdirSync(own).sort(), ['LICENSE', 'README.md', 'bin', 'dist', 'licences.txt', 'package.json']);
    assert.ok(existsSync(join(own, 'dist/app.d.ts')));
    const licences = readFileSync(join(own, 'licences.txt'), 'utf8');
    for (const name of ['kysely', 'libxml2-wasm', 'oidc-provider', 'path-to-regexp', 'pg'])
      assert.match(licences, new RegExp(`^${name} [\\d.]+ \\(MIT\\)\n\n.*Copyright`, 'ms'));
  });

  test('runs its README: the demo, a first file, a server, an exchange, and a program', async (t) => {
    const folder = temporaryFolder(t);
    const port = String(await freePort());
    assert.match(await run(t, folder, 'cambio', 'demo'), /^3\. Refusal: a stranger may not act/m);
    assert.deepEqual(readdirSync(folder), []);
    const page = 'packages/server/README.md';
    const blocks = blocksOf(readPage(page)).filter(({ notRun }) => notRun === undefined);
    const here = (text: string): string =>
      text.replaceAll('8080', port).replace('init --yes', `init --yes --issuer http://127.0.0.1:${port}`);
    const [init, serve, exchange, answer, tail, ...rest] = blocks;
    await run(t, folder, 'bash', '-euc', here(init?.text ?? ''));
    const [, ...arguments_] = serve?.text.trim().split(' ') ?? [];
    const server = startProgram(t, ['cambio', ...arguments_], { cwd: folder, env: env() });
    await server.printed('cambio serves');
    const printed = await run(t, folder, 'bash', '-euc', here(exchange?.text ?? ''));
    assert.match(printed.trim(), pattern(answer?.text.trim() ?? ''));
    assert.match(await run(t, folder, 'bash', '-euc', tail?.text ?? ''), /issued .*gateway/);
    server.tell('SIGTERM');
    assert.equal(await server.exited, 0);
    assert.deepEqual(
      rest.map(({ kind }) => kind),
      ['js'],
    );
    writeFileSync(join(installed.folder, 'program.mjs'), rest[0]?.text ?? '');
    for (const file of ['cambio.yaml', 'gateway.secret'])
      copyFileSync(join(folder, file), join(installed.folder, file));
    assert.equal(await run(t, installed.folder, serverNode, 'program.mjs'), `${port}\n`);
  });

  test('exchanges tokens, signs people in and reads SAML', async (t) => {
    const folder = temporaryFolder(t);
    const port = await freePort();
    writeFileSync(join(folder, 'cambio.yaml'), configuration(port));
    await run(
      t,
      folder,
      'openssl',
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-subj',
      '/CN=idp',
      '-keyout',
      'idp.key',
      '-out',
      'idp.pem',
    );
    assert.match(await run(t, folder, 'cambio', 'check', '--config', 'cambio.yaml'), /cambio\.yaml: good/);
    assert.deepEqual(JSON.parse(await run(t, folder, 'cambio', 'schema')).required, ['issuer']);

    const server = startProgram(t, ['cambio', 'serve', '--config', 'cambio.yaml'], { cwd: folder, env: env() });
    await server.printed(`port ${port}`);
    const post = async (where: string, form: Record<string, string>): Promise<{ status: number; body: Answered }> => {
      const answer = await fetch(`http://127.0.0.1:${port}${where}`, {
        method: 'POST',
        body: new URLSearchParams(form),
      });
      return { status: answer.status, body: (await answer.json()) as Answered };
    };
    const caller = { client_id: 'gateway', client_secret: 'gateway-secret' };
    const issued = await post('/oauth/token', { grant_type: 'client_credentials', ...caller });
    const exchange = { grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange', ...caller };
    const type = (name: string): string => `urn:ietf:params:oauth:token-type:${name}`;
    const subject = { subject_token: issued.body.access_token, subject_token_type: type('access_token') };
    const exchanged = await post('/oauth/token', { ...exchange, ...subject });
    assert.deepEqual([exchanged.status, exchanged.body.issued_token_type], [200, type('access_token')]);
    const saml = Buffer.from('<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion"/>').toString('base64url');
    const refused = await post('/oauth/token', { ...exchange, subject_token: saml, subject_token_type: type('saml2') });
    assert.deepEqual([refused.status, refused.body.error], [400, 'invalid_grant']);
    const device = await post('/oauth/device_authorization', { client_id: 'web', scope: 'openid' });
    assert.equal(device.status, 200, JSON.stringify(device.body));
    assert.equal((await fetch(device.body.verification_uri)).status, 200);
  });
});
