// Our client library, packed, in Deno, Bun and workerd, in the MCP SDK, and with a certificate of an undici Agent; against our server.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { claimsOf, start, type TestServer } from '../../packages/server/test/support/harness.ts';
import { selfIssued } from '../../packages/server/test/support/tls-client.ts';
import { newClientKey } from '../configuration.ts';
import { run } from '../trial.ts';
import { trial } from '../typescript/trial.ts';
import { type Cleanup, withCleanup } from './company.ts';
import { installed } from './keycloak-client.ts';

const AUDIENCE = 'https://orders.example.com';
const LIMIT_MS = 60_000;
const EXPECTED = ['Bearer', true, 'DPoP', 'invalid_grant subject'];
const key = newClientKey('ES256');
const at = (...path: readonly string[]): string => join(process.cwd(), 'node_modules', ...path);
/** What is used of packages that are installed outside the repository. */
const load = async <Module>(...path: readonly string[]): Promise<Module> => import(pathToFileURL(at(...path)).href);

const entry = (id: string, more: object): object => ({
  ...{ id, audiences: [AUDIENCE], scopes: ['read'], grants: ['client_credentials', 'token_exchange'] },
  ...more,
});
const startServer = (t: Cleanup): Promise<TestServer> =>
  start(t as never, {
    issuer: `\${ISSUER}`,
    server: { port: `\${PORT}` },
    store: 'sqlite:cambio.db',
    resources: [{ audience: AUDIENCE, scopes: ['read'] }],
    clients: [
      entry('basic', { auth: 'client_secret_basic', secret: { plain: 'basic-secret' } }),
      entry('key', { auth: 'private_key_jwt', jwks: { keys: [key.publicJwk] } }),
    ],
    rules: [
      {
        client: ['basic', 'key'],
        subject: { issuer: 'self', clients: ['basic'] },
        grant: { audiences: [AUDIENCE], scopes: ['read'] },
      },
    ],
  });

async function tryWorkerd(input: object): Promise<unknown> {
  interface Miniflare {
    readonly dispatchFetch: (url: string, init: object) => Promise<Response>;
    readonly dispose: () => Promise<void>;
  }
  const { Miniflare } = await load<{ Miniflare: new (options: object) => Miniflare }>(
    ...['miniflare', 'dist', 'src', 'index.js'],
  );
  const { outputFiles } = await build({
    ...{ entryPoints: ['worker.js'], absWorkingDir: process.cwd(), bundle: true, format: 'esm', write: false },
    conditions: ['workerd', 'worker', 'browser'],
  });
  const worker = new Miniflare({
    ...{ modules: true, script: outputFiles[0]?.text, compatibilityDate: '2026-01-01', host: '127.0.0.1' },
  });
  try {
    const answer = await worker.dispatchFetch('http://worker/', { method: 'POST', body: JSON.stringify(input) });
    const body = await answer.text();
    assert.equal(answer.status, 200, body);
    return JSON.parse(body);
  } finally {
    await worker.dispose();
  }
}

/** An MCP server that refuses the first token that it sees. */
async function startMcp(t: Cleanup, seen: string[]): Promise<string> {
  const server = createServer(async (request, response) => {
    const { authorization = '' } = request.headers;
    const { id, method, params } = JSON.parse((await text(request)) || '{}');
    if (!seen.includes(authorization)) seen.push(authorization);
    if (authorization === seen[0]) return response.writeHead(401).end();
    if (request.method !== 'POST') return response.writeHead(405).end();
    if (id === undefined) return response.writeHead(202).end();
    const info = { name: 'orders', version: '1' };
    const result =
      method === 'initialize'
        ? { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: info }
        : { tools: [{ name: 'list', inputSchema: { type: 'object' } }] };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id, result }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
}

interface Sdk {
  readonly Client: new (
    info: object,
  ) => {
    readonly connect: (transport: unknown) => Promise<void>;
    readonly listTools: () => Promise<{ readonly tools: readonly { readonly name: string }[] }>;
    readonly close: () => Promise<void>;
  };
  readonly StreamableHTTPClientTransport: new (url: URL, options: object) => unknown;
}

async function tryMcp(t: Cleanup, issuer: string, subject: string): Promise<void> {
  const { cambio, clientSecret } = await installed();
  const { Client, StreamableHTTPClientTransport } = await load<Sdk>(
    ...['@modelcontextprotocol', 'client', 'dist', 'index.mjs'],
  );
  const seen: string[] = [];
  const url = await startMcp(t, seen);
  const authProvider = cambio({ issuer, clientId: 'basic', auth: clientSecret('basic-secret') }).mcp(subject, {
    audience: AUDIENCE,
  });
  const agent = new Client({ name: 'agent', version: '1' });
  await agent.connect(new StreamableHTTPClientTransport(new URL(url), { authProvider }));
  const { tools } = await agent.listTools();
  await agent.close();
  assert.deepEqual([tools[0]?.name, seen.length], ['list', 2], 'one token was refused, and one more was exchanged');
  assert.equal(claimsOf(seen[1]?.replace('Bearer ', '')).aud, AUDIENCE);
}

async function tryUndici(t: Cleanup): Promise<void> {
  const { cambio, mtls } = await installed();
  const { Agent } = await load<{
    Agent: new (options: object) => Parameters<typeof mtls>[0] & { readonly close: () => Promise<void> };
  }>('undici', 'index.js');
  const authority = await selfIssued({ name: 'CN=authority', authority: true });
  const host = await authority.issue({ name: 'CN=127.0.0.1', names: [{ type: 'ip', value: '127.0.0.1' }] });
  const gateway = await authority.issue({ name: 'CN=gateway' });
  const server = {
    port: `\${PORT}`,
    tls: { cert: 'cert.pem', key: 'key.pem' },
    clientCertificates: { authorities: ['ca.pem'] },
  };
  const { issuer } = await start(
    t as never,
    {
      ...{ issuer: `\${ISSUER}`, server, store: 'sqlite:cambio.db' },
      resources: [{ audience: AUDIENCE, scopes: ['read'] }],
      clients: [
        entry('gateway', {
          ...{ auth: 'tls_client_auth', tlsSubject: { dn: 'CN=gateway' }, certificateBoundAccessTokens: true },
        }),
      ],
    },
    { files: { 'cert.pem': host.cert, 'key.pem': host.key, 'ca.pem': authority.cert } },
  );
  const stranger = await selfIssued({ name: 'CN=gateway' });
  for (const [{ cert, key: pem }, works] of [
    [gateway, true],
    [stranger, false],
  ] as const) {
    const agent = new Agent({ connect: { cert, key: pem, ca: authority.cert } });
    t.after(() => agent.close());
    const own = cambio({ issuer, clientId: 'gateway', auth: mtls(agent) }).clientCredentials({ audience: AUDIENCE });
    if (works) assert.ok((claimsOf((await own).token).cnf as Record<string, string>)['x5t#S256']);
    else await assert.rejects(own, { name: 'ExchangeError' });
  }
}

await withCleanup(async (t) => {
  const server = await startServer(t);
  const form = { grant_type: 'client_credentials', client_id: 'basic', client_secret: 'basic-secret' };
  const basic = `Basic ${btoa(`${form.client_id}:${form.client_secret}`)}`;
  const answer = await fetch(`${server.issuer}/oauth/token`, {
    method: 'POST',
    headers: { authorization: basic },
    body: new URLSearchParams({ grant_type: form.grant_type, audience: AUDIENCE }),
  });
  const subject = String(((await answer.json()) as { access_token?: string }).access_token);
  const input = { issuer: server.issuer, subject, audience: AUDIENCE, jwk: key.privateJwk };
  const what = 'exchange, cache, private_key_jwt, DPoP and a refusal in it';
  for (const [name, ...parameters] of [
    ['deno', 'run', '--quiet', '--node-modules-dir=manual', '--allow-net', '--allow-env'],
    ['bun', 'run'],
  ] as const)
    await trial(name, what, async () => {
      const env = { INPUT: JSON.stringify(input), DENO_NO_UPDATE_CHECK: '1' };
      const command = [at('.bin', name), ...parameters, 'program.js'];
      const { code, output } = await run(command, { cwd: process.cwd(), env, limitMs: LIMIT_MS });
      assert.equal(code, 0, output);
      assert.deepEqual(JSON.parse(output), EXPECTED);
    });
  await trial('miniflare', `${what} (workerd)`, async () => assert.deepEqual(await tryWorkerd(input), EXPECTED));
  await trial('@modelcontextprotocol/client', 'the authProvider of our library: a token, and another after 401', () =>
    tryMcp(t, server.issuer, subject),
  );
  await trial('undici', 'an Agent with a certificate as the credentials of our library', () => tryUndici(t));
});
