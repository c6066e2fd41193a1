// cambio init: the file passes check, a server starts with it, and the commands that it prints work.
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { startServer } from '../../src/app.ts';
import { writeFileText } from '../../src/cli/init-file.ts';
import { nextCommands } from '../../src/cli/init-next.ts';
import type { Provider } from '../../src/cli/init-provider.ts';
import { providerKindOf } from '../../src/cli/init-provider-kinds.ts';
import { loadConfiguration, parseConfiguration } from '../../src/config/load.ts';
import { cambio, type Outcome } from '../support/command.ts';
import { claimsOf, freePort } from '../support/harness.ts';
import { DISCOVERY, JWKS, json, privateJwk, startIssuer, status } from '../support/issuer.ts';
import { PROGRAM, temporaryFolder } from '../support/program.ts';

const run = promisify(execFile);

/** Starts a server with the file, without its listener for metrics, whose port is the same for all. */
async function serve(t: TestContext, file: string): Promise<void> {
  const configuration = await loadConfiguration(file, {});
  const server = await startServer({ ...configuration, server: { ...configuration.server, metrics: undefined } });
  t.after(() => server.close());
}

/** Runs the printed commands of the second terminal. @param token replaces the one that the reader is to fill in */
async function exchange({ stdout }: Outcome, token = ''): Promise<Record<string, unknown>> {
  const [, after = ''] = stdout.split('In another terminal, exchange a token:\n');
  const commands = after.replace(/TOKEN=\.\.\..*/, `TOKEN=${token}`);
  const answer = await run('bash', ['-euc', commands]);
  return JSON.parse(answer.stdout);
}

async function initialized(t: TestContext, folder: string, args: readonly string[]) {
  const file = join(folder, 'cambio.yaml');
  const outcome = await cambio(t, ['init', '--out', file, ...args]);
  assert.deepEqual([outcome.code, outcome.stderr], [0, '']);
  return { file, outcome };
}

test('init that npx runs prints commands for npx', async (t) => {
  for (const [command, program] of [
    ['exec', 'npx @cambio/server'],
    ['run', 'cambio'],
  ] as const) {
    const file = join(temporaryFolder(t), 'cambio.yaml');
    const outcome = await cambio(t, ['init', '--out', file, '--yes'], { env: { npm_command: command } });
    assert.match(outcome.stdout, new RegExp(`^  ${program} serve --config `, 'm'));
  }
});

test('init --yes: check passes at once, the printed commands exchange a token, and everything else is refused', async (t) => {
  const folder = temporaryFolder(t);
  const issuer = `http://127.0.0.1:${await freePort()}`;
  const { file, outcome } = await initialized(t, folder, ['--yes', '--issuer', issuer]);
  assert.deepEqual(readdirSync(folder).toSorted(), ['cambio.schema.json', 'cambio.yaml', 'gateway.secret']);
  const secret = readFileSync(join(folder, 'gateway.secret'), 'latin1');
  assert.equal(statSync(join(folder, 'gateway.secret')).mode & 0o777, 0o600);
  assert.ok(secret.length >= 43 && !outcome.stdout.includes(secret));
  const text = readFileSync(file, 'utf8');
  assert.match(text, /^# yaml-language-server: \$schema=\.\/cambio\.schema\.json\n/);
  const checked = await cambio(t, ['check', '--config', file, '--strict']);
  assert.deepEqual([checked.code, checked.stderr], [0, '']);
  assert.match(checked.stdout, /good \(1 client, 1 resource, 1 rule, 2 tests passed\)/);
  await serve(t, file);
  const { access_token: token, scope } = await exchange(outcome);
  assert.deepEqual([claimsOf(String(token)).aud, scope], ['https://api.example.com', 'read']);
  const body = new URLSearchParams({ client_id: 'gateway', client_secret: secret, grant_type: 'authorization_code' });
  assert.equal((await fetch(`${issuer}/oauth/token`, { method: 'POST', body })).status, 400);
});

test('init replaces no file, and keeps a secret that is there', async (t) => {
  const folder = temporaryFolder(t);
  const { file } = await initialized(t, folder, ['--yes']);
  const names = readdirSync(folder);
  const before = names.map((name) => readFileSync(join(folder, name), 'latin1'));
  const again = await cambio(t, ['init', '--yes', '--out', file, '--client', 'other']);
  assert.deepEqual(again, {
    code: 2,
    stdout: '',
    stderr: `cambio: ${file} exists, and init replaces no file without asking. Name another one with --out\n`,
  });
  const beside = await cambio(t, ['init', '--yes', '--out', join(folder, 'second.yaml')]);
  assert.equal(beside.code, 0);
  assert.deepEqual(
    names.map((name) => readFileSync(join(folder, name), 'latin1')),
    before,
  );
});

test('init with an identity provider names its kind, and its tokens are exchanged by the printed commands', async (t) => {
  const idp = await startIssuer(t, { path: '/realms/shop' });
  const token_endpoint = `${idp.url}/protocol/openid-connect/token`;
  const metadata = { issuer: idp.url, jwks_uri: idp.url + JWKS, token_endpoint };
  idp.instead.set(
    `/realms/shop${DISCOVERY}`,
    json({ ...metadata, id_token_signing_alg_values_supported: ['ES256', 'HS256'] }),
  );
  const folder = temporaryFolder(t);
  const issuer = `http://127.0.0.1:${await freePort()}/cambio`;
  const { file, outcome } = await initialized(t, folder, [
    ...['--issuer', issuer, '--idp', `${idp.url}${DISCOVERY}`, '--allow-private-network'],
    ...['--audience', "https://orders.example.com/it's", '--client', 'shop gateway'],
  ]);
  const text = readFileSync(file, 'utf8');
  assert.match(text, /^ {2}# Keycloak\.\n {2}# An audience mapper[^\n]+\n {2}- issuer: http/m);
  assert.match(text, /^ {4}algorithms: \[ES256\]\n {4}allowPrivateNetwork: true/m);
  const checked = await cambio(t, ['check', '--config', file]);
  assert.deepEqual([checked.code, checked.stderr], [0, '']);
  await serve(t, file);
  const given = await exchange(outcome, idp.sign({ aud: issuer }));
  const { sub, aud } = claimsOf(String(given.access_token));
  assert.deepEqual([sub, aud, given.scope], ['keycloak:ada', "https://orders.example.com/it's", 'read']);
  const refused = await exchange(outcome, idp.sign({ aud: 'https://other.example' }));
  assert.equal(refused.reason, 'subject_token_audience');
});

test('init leads on where discovery fails, and writes nothing then', async (t) => {
  const idp = await startIssuer(t);
  const folder = temporaryFolder(t);
  const refused = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await cambio(t, ['init', '--out', join(folder, 'cambio.yaml'), ...args]);
    assert.deepEqual([code === 0, stdout, readdirSync(folder)], [false, '', []]);
    return `${code} ${stderr.trimEnd().replace('cambio: ', '').replaceAll(idp.url, 'URL')}`;
  };
  const atIdp = (): Promise<string> => refused('--idp', idp.url, '--allow-private-network');
  const CHECK =
    'Check the URL: it is the iss of its tokens, such as https://idp.example.com/realms/shop. Without --idp the file trusts no other issuer, and you can add one later';
  assert.equal(
    await refused('--idp', idp.url),
    '2 --idp URL is on loopback or in a private network. If it is yours, add --allow-private-network',
  );
  assert.equal(
    await refused('--idp', 'keycloak'),
    '2 --idp keycloak is not an absolute URL. Write one such as https://login.example.com',
  );
  for (const [document, message] of [
    [status(404), `1 discovery of URL failed: URL${DISCOVERY}: status 404. ${CHECK}`],
    [status(503), `1 discovery of URL failed: URL${DISCOVERY}: status 503. ${CHECK}`],
    [json({}), '1 discovery of URL failed: its document names no issuer'],
    [
      json({ issuer: 'https://other.example', jwks_uri: idp.url + JWKS }),
      '1 the document of URL is of another issuer, which its tokens name. If you trust it, write --idp https://other.example',
    ],
    [
      json({ issuer: 'https://login.example/{tenantid}/v2.0', jwks_uri: idp.url + JWKS }),
      '1 URL is for every tenant, and its issuer is https://login.example/{tenantid}/v2.0. Name the one of your tenant with --idp',
    ],
    [
      json({ issuer: idp.url }),
      '1 URL: its jwks_uri is not an absolute URL. Write one such as https://login.example.com',
    ],
    // The file would replace the variable, and send the value there.
    [json({ issuer: idp.url, jwks_uri: `${idp.url}/$\{HOME}` }), '1 URL: its document has a URL with a variable'],
  ] as const) {
    idp.instead.set(DISCOVERY, document);
    assert.equal(await atIdp(), message);
  }
  idp.instead.delete(DISCOVERY);
  idp.instead.set(JWKS, json({ keys: idp.keys.map(privateJwk) }));
  assert.equal(await atIdp(), `1 URL: the key set at URL${JWKS} is not valid: it holds a private or symmetric key`);
  await idp.close();
  assert.equal(await atIdp(), `1 discovery of URL failed: URL${DISCOVERY}: nothing listens on that port. ${CHECK}`);
});

test('at a terminal, init asks for what is missing, and before it replaces a file', {
  skip: !existsSync('/usr/bin/script'),
}, async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'cambio.yaml');
  const typed = (input: string, ...args: readonly string[]): string => {
    const line = [process.execPath, PROGRAM, 'init', '--out', file, ...args].join(' ');
    return spawnSync('/usr/bin/script', ['-qec', line, '/dev/null'], { input, encoding: 'utf8' }).stdout;
  };
  const told = typed('\nhttps://stock.example\nshop\n', '--issuer', 'https://login.example');
  assert.match(
    told,
    /Issuer of an identity provider[\s\S]*API that tokens are for[^:]*\[https:\/\/api\.example\.com\]: /,
  );
  assert.doesNotMatch(told, /URL of this server/);
  const text = readFileSync(file, 'utf8');
  const other = join(folder, 'other.yaml');
  const again = typed(
    'ftp://x\nhttp://login.example\nhttps://login.example/\nhttp://127.0.0.1:1\nno\n\n\ng\u00e4\nshop-2\n',
    '--out',
    other,
  );
  assert.match(
    again,
    /"ftp:\/\/x" is not an https URL[\s\S]*http:\/\/login\.example" is http, which is for loopback only/,
  );
  assert.match(again, /http:\/\/127\.0\.0\.1:1 is on loopback or in a private network\. Is it yours, yes or no\?/);
  assert.match(again, /the id is not 1 to 256 printable ASCII characters[\s\S]*Wrote /);
  assert.doesNotMatch(again, /--(?:issuer|idp|client|allow)/);
  assert.match(readFileSync(other, 'utf8'), /^issuer: https:\/\/login\.example\n[\s\S]*id: shop-2\n/m);
  assert.match(
    text,
    /^issuer: https:\/\/login\.example\n[\s\S]*audience: https:\/\/stock\.example\n[\s\S]*id: shop\n/m,
  );
  assert.match(typed('no\n', '--yes'), /exists, and this replaces it\.[\s\S]*nothing was done/);
  assert.equal(readFileSync(file, 'utf8'), text);
  typed('yes\n', '--yes');
  assert.match(readFileSync(file, 'utf8'), /^issuer: http:\/\/127\.0\.0\.1:8080$/m);
});

test('init refuses values that make no valid file, and a command line without a terminal and without options', async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'cambio.yaml');
  for (const [args, message] of [
    [[], 'there is no terminal to ask at. Use --yes for the defaults, or options: cambio init --help shows examples'],
    [['--issuer', 'login'], '--issuer login is not a URL. Example: --issuer https://login.example.com'],
    [
      ['--issuer', 'http://login.example.com'],
      'the file would have a fault: issuer: "http://login.example.com" is http, which is for loopback only. Write https://login.example.com',
    ],
    [['--client', 'a\u00e4'], '--client is not 1 to 256 printable ASCII characters'],
    [['--audience', ['x$', '{HOME}'].join('')], `--audience holds $${'{'}, which the file would take for a variable`],
    [['--audience', 'x\nrules: []'], '--audience holds a control character'],
  ] as const)
    assert.deepEqual(await cambio(t, ['init', '--out', file, ...args]), {
      code: 2,
      stdout: '',
      stderr: `cambio: ${message}\n`,
    });
  const missing = await cambio(t, ['init', '--yes', '--out', join(folder, 'none/cambio.yaml')]);
  assert.deepEqual([missing.code, missing.stdout], [2, '']);
  assert.match(missing.stderr, /^cambio: there is no folder .*none\. Make it, or name another file with --out\n$/);
  assert.equal(existsSync(file), false);
});

test('init recognises twelve kinds of providers, and the file for each passes check, with its tests', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'gateway.secret'), 'some secret of a test');
  for (const [issuer, metadata, label] of [
    ['https://accounts.google.com', {}, 'Google'],
    ['https://login.microsoftonline.com/4f3c/v2.0', {}, 'Microsoft Entra'],
    ['https://example.okta.com/oauth2/default', {}, 'Okta'],
    ['https://example.eu.auth0.com/', {}, 'Auth0'],
    ['https://login.example.com/', { mfa_challenge_endpoint: 'https://login.example.com/mfa/challenge' }, 'Auth0'],
    ['https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_x', {}, 'Amazon Cognito'],
    ['https://token.actions.githubusercontent.com', {}, 'GitHub Actions'],
    ['https://gitlab.com', {}, 'GitLab'],
    [
      'https://idp.example.com/realms/a',
      { token_endpoint: 'https://idp.example.com/realms/a/protocol/openid-connect/token' },
      'Keycloak',
    ],
    ['https://example.zitadel.cloud', {}, 'ZITADEL'],
    [
      'https://auth.example.com/application/o/shop/',
      { token_endpoint: 'https://auth.example.com/application/o/token/' },
      'authentik',
    ],
    ['https://fs.example.com/adfs', {}, 'AD FS'],
    ['https://k8s.example.com', { jwks_uri: 'https://10.0.0.1/openid/v1/jwks' }, 'Kubernetes'],
    ['https://notgoogle-accounts.google.com.example', {}, 'an OpenID provider or OAuth server'],
  ] as const) {
    const kind = providerKindOf(issuer, metadata);
    assert.equal(kind.label, label, issuer);
    const provider: Provider = {
      issuer,
      kind,
      network: 'public',
      jwksUri: 'https://keys.example/jwks',
      algorithms: ['RS256'],
    };
    const choices = {
      issuer: 'https://login.example',
      audience: 'api',
      client: 'gateway',
      secretFile: 'gateway.secret',
    };
    const text = writeFileText({ ...choices, provider, providerAudience: 'true' });
    const { warnings, examine } = await parseConfiguration(text, {
      file: join(folder, 'cambio.yaml'),
      environment: {},
    });
    assert.deepEqual([warnings, examine()], [[], 2], label);
    const next = nextCommands('cambio.yaml', { ...choices, provider, providerAudience: 'true' });
    assert.equal(next.startsWith('First replace '), kind.only !== undefined);
  }
});
