// The built package runs where only it is installed.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort } from '../support/harness.ts';
import { path, repository, runProgram, startProgram, temporaryFolder } from '../support/program.ts';

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

test('the built package starts without other packages, exchanges tokens, signs people in and reads SAML', {
  timeout: 180_000,
}, async (t) => {
  const folder = temporaryFolder(t);
  const run = async (cwd: string, ...command: string[]): Promise<string> => {
    const { code, stdout, stderr } = await runProgram(t, command, { cwd, env: { PATH: path } });
    assert.equal(code, 0, stderr + stdout);
    return stdout;
  };
  await run(repository, 'npm', 'run', 'build', '--', join(folder, 'built'));
  await run(folder, 'npm', 'pack', './built');
  await run(folder, 'tar', 'xzf', ...readdirSync(folder).filter((name) => name.endsWith('.tgz')));
  const installed = join(folder, 'package');
  assert.deepEqual(readdirSync(installed).sort(), ['LICENSE', 'bin', 'dist', 'licences.txt', 'package.json']);
  assert.ok(existsSync(join(installed, 'dist/app.d.ts')));
  const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  assert.equal(manifest.dependencies, undefined);
  const licences = readFileSync(join(installed, 'licences.txt'), 'utf8');
  for (const name of ['kysely', 'libxml2-wasm', 'oidc-provider', 'path-to-regexp', 'pg'])
    assert.match(licences, new RegExp(`^${name} [\\d.]+ \\(MIT\\)\n\n.*Copyright`, 'ms'));

  const port = await freePort();
  writeFileSync(join(folder, 'cambio.yaml'), configuration(port));
  await run(
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
  const cambio = [process.execPath, join(installed, 'bin/cambio.mjs')];
  assert.match(await run(folder, ...cambio, 'check', '--config', 'cambio.yaml'), /cambio\.yaml: good/);
  assert.deepEqual(JSON.parse(await run(folder, ...cambio, 'schema')).required, ['issuer']);

  const server = startProgram(t, [...cambio, 'serve', '--config', 'cambio.yaml'], { cwd: folder });
  await server.printed(`port ${port}`);
  const post = async (where: string, form: Record<string, string>): Promise<{ status: number; body: Answered }> => {
    const answer = await fetch(`http://127.0.0.1:${port}${where}`, { method: 'POST', body: new URLSearchParams(form) });
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
