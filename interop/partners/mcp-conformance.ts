// The conformance tests of MCP for authorization servers: a client of the file and one that describes itself sign a person in.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createBrowser } from '../../packages/server/test/support/browser.ts';
import { added, changed } from '../../packages/server/test/support/configuration.ts';
import { freePort, start } from '../../packages/server/test/support/harness.ts';
import { json, startIssuer } from '../../packages/server/test/support/issuer.ts';
import { configuration, goThrough } from '../../packages/server/test/support/people.ts';
import { trial } from '../typescript/trial.ts';
import { withCleanup } from './company.ts';

const PACKAGE = '@modelcontextprotocol/conformance';
const PROGRAM = join('node_modules', PACKAGE, 'dist', 'index.js');
const MCP = 'https://mcp.example/mcp';

interface Check {
  readonly id: string;
  readonly status: string;
  readonly errorMessage?: string;
}

/** Runs all scenarios, and signs in at the URL that the program prints. @returns its checks */
async function conform(issuer: string, clientId: string, port: number, folder: string): Promise<readonly Check[]> {
  const about = ['--url', issuer, '--client-id', clientId, '--resource', MCP, '--port', String(port)];
  const child = spawn(process.execPath, [PROGRAM, 'authorization', ...about, '--output-dir', folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  let output = '';
  let visited = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      const [url] = /https?:\/\/\S+\/oauth\/authorize\?\S+/.exec(output) ?? [];
      if (visited || url === undefined) return;
      visited = true;
      void signIn(issuer, url);
    });
  }
  const [code] = await ended;
  assert.equal(code, 0, output);
  const files = readdirSync(folder, { recursive: true }).map(String);
  return files
    .filter((file) => file.endsWith('checks.json'))
    .flatMap((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Check[]);
}

async function signIn(issuer: string, url: string): Promise<void> {
  const browser = createBrowser(issuer);
  const { leftTo } = await goThrough(browser, await browser.get(url));
  if (leftTo !== undefined) await fetch(leftTo);
}

await withCleanup(async (t) => {
  const host = await startIssuer(t);
  const port = await freePort();
  const redirectUris = [`http://127.0.0.1:${port}/callback`];
  const described = `${host.url}/client.json`;
  const document = { client_id: described, redirect_uris: redirectUris, token_endpoint_auth_method: 'none' };
  host.instead.set('/client.json', json(document));
  const limits = { audiences: [MCP], scopes: ['read'] };
  const { issuer } = await start(
    t,
    changed(configuration, {
      resources: added({ audience: MCP, scopes: ['read'] }),
      clients: added({ id: 'mcp', auth: 'none', grants: ['authorization_code'], redirectUris, ...limits }),
      clientDocuments: { domains: ['127.0.0.1'], allowPrivateNetwork: true, ...limits },
    }),
  );
  for (const [id, what] of [
    ['mcp', 'a client of the file'],
    [described, 'a client that describes itself'],
  ] as const)
    await trial(PACKAGE, `authorization, every scenario without a warning, ${what}`, async () => {
      const checks = await conform(issuer, id, port, `results-${id === 'mcp' ? 'file' : 'document'}`);
      const others = checks.filter(({ status }) => status !== 'SUCCESS' && status !== 'INFO');
      assert.deepEqual([checks.length > 0, others], [true, []]);
    });
});
