// docs/guides/clients.md as a person follows it: its commands are run as they stand there, against a server with its entries.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { type Configuration, changed, dataOf, edited } from '../support/configuration.ts';
import { claimsOf, start, type TestServer } from '../support/harness.ts';
import { startIssuer } from '../support/issuer.ts';
import { repository, temporaryFolder } from '../support/program.ts';

const run = promisify(execFile);
const page = readFileSync(join(repository, 'docs/guides/clients.md'), 'utf8');

/** The samples of a section in their order. */
function samples(title: string, language: string): readonly string[] {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${title}\n`)) ?? '';
  return [...section.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text = '']) => text);
}

/** The first configuration of a section on this machine, with changes. @param folder with certificates */
function serve(
  t: Pick<TestContext, 'after'>,
  title: string,
  changes: Configuration = {},
  folder?: string,
): Promise<TestServer> {
  const [sample = ''] = samples(title, 'yaml');
  const here = { issuer: `\${ISSUER}`, store: 'sqlite:cambio.db', server: { port: `\${PORT}` } };
  const source = changed(dataOf(sample), here, changes);
  const made = folder === undefined ? [] : readdirSync(folder).filter((name) => name.endsWith('.pem'));
  const files = made.map((name) => [name, readFileSync(join(folder ?? '', name), 'utf8')] as const);
  return start(t, source, { files: Object.fromEntries(files) });
}

/** Types a sample. @returns what it prints */
async function type(
  folder: string,
  text: string | undefined,
  environment: Record<string, string> = {},
): Promise<string> {
  assert.ok(text);
  const env = { ...process.env, ...environment, NODE_OPTIONS: '' };
  const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', text], { cwd: folder, env });
  return stdout;
}

const tokenOf = (printed: string): Record<string, unknown> => claimsOf(JSON.parse(printed).access_token);

test('a secret, and a private key: the commands of the page get a token', async (t) => {
  const folder = temporaryFolder(t);
  const secrets = await serve(t, 'Secrets', {
    clients: edited('gateway', { secret: () => ({ plain: 'gateway-secret' }) }),
  });
  const environment = { ISSUER: secrets.issuer, GATEWAY_SECRET: 'gateway-secret' };
  assert.equal(tokenOf(await type(folder, samples('Secrets', 'sh')[0], environment)).sub, 'gateway');

  const [make, use] = samples('Private keys', 'sh');
  const jwk = await type(folder, make);
  const keys = await serve(t, 'Private keys', {
    clients: edited('batch', { jwks: { keys: [JSON.parse(jwk)] } }),
  });
  assert.equal(tokenOf(await type(folder, use, { ISSUER: keys.issuer })).sub, 'batch');
});

test('certificates: the commands of the page make them, and get a token with them', async (t) => {
  const folder = temporaryFolder(t);
  const [make, use] = samples('Certificates of an authority', 'sh');
  assert.match(await type(folder, make), /CN=ledger,O=Example/);
  const authority = await serve(t, 'Certificates of an authority', {}, folder);
  assert.equal(tokenOf(await type(folder, use, { ISSUER: authority.issuer })).sub, 'ledger');

  const [makeOwn, useOwn] = samples('Certificates of its own', 'sh');
  const jwk = await type(folder, makeOwn);
  const own = await serve(
    t,
    'Certificates of its own',
    {
      clients: edited('robot', { jwksUri: undefined, jwks: { keys: [JSON.parse(jwk)] } }),
    },
    folder,
  );
  assert.equal(tokenOf(await type(folder, useOwn, { ISSUER: own.issuer })).sub, 'robot');
});

test('a workload: the command of the page exchanges the token of a platform', async (t) => {
  const platform = await startIssuer(t);
  const server = await serve(t, 'Workloads', {
    issuers: edited('github', { issuer: platform.url, allowPrivateNetwork: true }),
  });
  const claims = { aud: 'https://login.example.com', repository: 'example/shop' };
  const environment = { ISSUER: server.issuer, TOKEN: platform.sign(claims) };
  const [use] = samples('Workloads', 'sh');
  const { sub, client_id } = tokenOf(await type(temporaryFolder(t), use, environment));
  assert.deepEqual([sub, client_id], ['github:ada', 'deployments']);
});
