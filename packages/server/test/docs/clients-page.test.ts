// Runs the commands of docs/guides/clients.md and docs/guides/migrate-from-keycloak.md, against servers with the entries of the pages.
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
const read = (name: string): string => readFileSync(join(repository, 'docs/guides', name), 'utf8');
const page = read('clients.md');

/** The samples of a section in order. */
function samples(title: string, language: string, of = page): readonly string[] {
  const section = of.split(/^## /m).find((text) => text.startsWith(`${title}\n`)) ?? '';
  return [...section.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text = '']) => text);
}

/** The first configuration of a section, adapted to this machine. @param folder with certificates */
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

/** Runs a sample. @returns its output */
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

test('gets a token with a secret, and with a private key', async (t) => {
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

test('makes certificates, and gets a token with them', async (t) => {
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

test('exchanges a token as a public client', async (t) => {
  const [sample = ''] = samples('Public clients', 'yaml');
  const web = {
    id: 'web',
    auth: 'client_secret_post',
    secret: { plain: 'web-secret' },
    grants: ['client_credentials'],
    audiences: ['https://orders.example.com'],
    scopes: ['read'],
  };
  const rule = {
    client: 'terminal',
    subject: { issuer: 'self', clients: ['web'] },
    grant: { audiences: web.audiences, scopes: web.scopes },
  };
  const { clients } = dataOf(sample) as { clients: readonly Configuration[] };
  const server = await serve(t, 'Public clients', { clients: [...clients, web], rules: [rule] });
  const credentials = { grant_type: 'client_credentials', client_id: 'web', client_secret: 'web-secret' };
  const environment = { ISSUER: server.issuer, TOKEN: String((await server.token(credentials)).body.access_token) };
  const [use] = samples('Public clients', 'sh');
  const { sub, client_id } = tokenOf(await type(temporaryFolder(t), use, environment));
  assert.deepEqual([sub, client_id], ['web', 'terminal']);
});

test('exchanges a token of Keycloak as a migrated client', async (t) => {
  const migration = read('migrate-from-keycloak.md');
  const keycloak = await startIssuer(t);
  const [sample = ''] = samples('The request', 'yaml', migration);
  const source = changed(dataOf(sample), {
    issuer: `\${ISSUER}`,
    store: 'sqlite:cambio.db',
    server: { port: `\${PORT}`, trustProxy: undefined },
    clients: edited('gateway', { secret: () => ({ plain: 'gateway-secret' }) }),
    issuers: edited('keycloak', { issuer: keycloak.url, allowPrivateNetwork: true }),
  });
  const server = await start(t, source);
  const claims = { aud: 'gateway', typ: 'Bearer' };
  const environment = { ISSUER: server.issuer, TOKEN: keycloak.sign(claims), GATEWAY_SECRET: 'gateway-secret' };
  const [use] = samples('The request', 'sh', migration).slice(-1);
  const { sub, aud, scope } = tokenOf(await type(temporaryFolder(t), use, environment));
  assert.deepEqual([sub, aud, scope], ['keycloak:ada', 'orders', 'read']);
});

test('exchanges the token of a platform as a workload', async (t) => {
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
