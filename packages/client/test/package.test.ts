// Does the installed package work? From its tarball, with the programs of its README, in plain JavaScript; for a browser; and its size.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { createApi } from '../../../examples/quickstart/api.ts';
import { claimsOf, freePort, start } from '../../server/test/support/harness.ts';
import { installPackage, libraryNode, programsOf } from '../../server/test/support/installed.ts';
import { path, repository, runProgram, startProgram } from '../../server/test/support/program.ts';

const MAX_BYTES = 12 * 1024;
const API = 'https://api.camall.io';
/** The part of the quickstart that the README calls. */
const server = {
  issuer: `\${ISSUER}`,
  server: { port: `\${PORT}` },
  store: 'sqlite:cambio.db',
  resources: [{ audience: API, scopes: ['openapi', 'read'] }],
  clients: ['your_client', 'service'].map((name) => ({
    id: name === 'service' ? name : `${name}_id`,
    auth: 'client_secret_post',
    secret: { plain: `${name}_secret` },
    grants: ['client_credentials', 'token_exchange'],
    audiences: [API],
    scopes: ['openapi'],
  })),
  rules: [
    { client: 'your_client_id', actor: { clients: ['service'] }, grant: { audiences: [API], scopes: ['openapi'] } },
  ],
};

const FRAMEWORKS = ['fastify', 'express', 'hono', '@hono/node-server'];

/** What each program prints; undefined for an API, which is called. */
const PRINTED: Readonly<Record<string, string | undefined>> = {
  Exchange: "Bearer [ 'openapi' ] 3 true",
  'Call an API': '200 your_client_id',
  'An agent that acts': 'service',
  Express: undefined,
  Fastify: undefined,
  Hono: undefined,
  Credentials: 'function function',
  'A key in a PEM': 'function',
  'Proof of possession': 'DPoP 200',
  Errors: 'invalid_target target false string',
  'Across domains, and MCP': '3',
  'Unit tests': "{ sub: 'ada', scope: 'read' } 1",
};

test('the programs of the README run from the tarball, and its types compile without those of Node', {
  timeout: 180_000,
}, async (t) => {
  const dependencies = ['dpop', 'oauth4webapi'];
  const { folder, names, manifest } = await installPackage(t, 'client', { dependencies, links: FRAMEWORKS });
  assert.deepEqual([names, Object.keys(manifest.dependencies as object)], [['@cambio', ...dependencies], dependencies]);
  await compileForBrowser(t, folder);
  const cambio = await start(t, server, { now: 'runs' });
  const port = await freePort();
  const api = createApi(cambio.issuer, { baseUrl: `http://127.0.0.1:${port}` });
  t.after(() => api.close());
  await api.listen({ port, host: '127.0.0.1' });
  const programs = programsOf('packages/client/README.md');
  assert.deepEqual([...programs.keys()], Object.keys(PRINTED));
  const node = libraryNode;
  const form = { client_id: 'your_client_id', client_secret: 'your_client_secret', grant_type: 'client_credentials' };
  const subject = String((await cambio.token(form)).body.access_token);
  for (const [name, program] of programs) {
    const own = await freePort();
    const text = program
      .replaceAll('http://localhost:8080', cambio.issuer)
      .replaceAll('http://localhost:8081', `http://127.0.0.1:${port}`)
      .replaceAll('8082', String(own));
    const file = `${name.replaceAll(/\W/g, '-')}.mjs`;
    const expected = PRINTED[name];
    writeFileSync(join(folder, file), expected === undefined ? `${text}\nconsole.log('ready');\n` : text);
    if (expected !== undefined) {
      const { code, stdout, stderr } = await runProgram(t, [node, file], { cwd: folder });
      assert.equal(code, 0, `${name}: ${stderr}`);
      assert.equal(stdout.trim(), expected, name);
      continue;
    }
    const app = startProgram(t, [node, file], { cwd: folder });
    await app.printed('ready');
    const call = (authorization?: string) =>
      fetch(`http://localhost:${own}/total`, authorization === undefined ? {} : { headers: { authorization } });
    const answer = await call(`Bearer ${subject}`);
    const answered = await answer.text();
    assert.equal(answer.status, 200, `${name}: ${answered}`);
    assert.equal((JSON.parse(answered) as { subject: string }).subject, claimsOf(subject).sub);
    assert.equal((await call()).status, 401);
    assert.equal((await call('Bearer x')).status, 401);
  }
});

/** Compiles a page with the types of browsers alone. */
async function compileForBrowser(t: TestContext, folder: string): Promise<void> {
  writeFileSync(
    join(folder, 'page.ts'),
    `import { cambio, none, ExchangeError, type Token } from '@cambio/client';
     import { fakeCambio } from '@cambio/client/testing';
     const client = cambio({ issuer: 'https://login.example', clientId: 'page', auth: none(), fetch: fakeCambio({ resources: [], clients: [], rules: [] }).fetch });
     export const token: Promise<Token> = client.exchange('x', { audience: 'a' });
     export const key = async (): Promise<void> => { cambio({ issuer: 'https://login.example', clientId: 'page', auth: none(), dpop: await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']) as CryptoKeyPair }); };
     export { ExchangeError };`,
  );
  const options = {
    target: 'es2023',
    lib: ['es2023', 'dom'],
    module: 'nodenext',
    types: [],
    strict: true,
    noEmit: true,
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['page.ts'] }));
  const tsc = join(repository, 'node_modules/.bin/tsc');
  const { code, stdout } = await runProgram(t, [tsc, '-p', '.'], { cwd: folder, env: { PATH: path } });
  assert.equal(code, 0, stdout);
}

/** Bundles an entry for a browser. */
async function bundle(entry: string, external: readonly string[]) {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(repository, 'packages/client/src', entry)],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    conditions: ['source'],
    external: [...external],
    metafile: true,
    logLevel: 'silent',
    write: false,
  });
  return { contents: outputFiles[0]?.contents ?? new Uint8Array(), inputs: Object.keys(metafile.inputs) };
}

test('everything but @cambio/client/node is bundled for a browser: nothing needs a module of Node', async () => {
  for (const entry of ['index.ts', 'express.ts', 'fastify.ts', 'hono.ts', 'testing/index.ts']) {
    const { inputs } = await bundle(entry, []);
    assert.ok(
      inputs.every((file) => !/node\.ts$|digest-node/.test(file)),
      inputs.join(),
    );
  }
  await assert.rejects(bundle('node.ts', []), /Could not resolve "node:/);
});

test('the package has at most 12 KiB without its dependencies, compressed', async (t) => {
  const { contents } = await bundle('index.ts', ['oauth4webapi', 'dpop']);
  const size = gzipSync(contents).length;
  t.diagnostic(`${size} bytes`);
  assert.ok(size <= MAX_BYTES, `${size} bytes`);
});
