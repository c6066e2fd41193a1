// Follows docs/guides/mcp.md: Cambio, an API, an MCP server and an agent, as a reader starts them.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Browser, createBrowser } from '../../packages/server/test/support/browser.ts';
import { freePort } from '../../packages/server/test/support/harness.ts';
import { blocksOf, followPage, readPage } from '../../packages/server/test/support/pages-of-docs.ts';
import { goThrough } from '../../packages/server/test/support/people.ts';
import { path, repository, startProgram, temporaryFolder } from '../../packages/server/test/support/program.ts';
import { missingTools } from '../quickstart/testing/quickstart.ts';

const PAGE = 'docs/guides/mcp.md';

test('an agent that nobody registered calls an MCP server for ada, whose tool calls an API that sees all three', async (t) => {
  const missing = missingTools();
  if (missing !== '') return t.skip(missing);
  const ports = [await freePort(), await freePort(), await freePort(), await freePort()].map(String);
  const [PORT = '', API_PORT = '', MCP_PORT = '', AGENT_PORT = ''] = ports;
  const cwd = temporaryFolder(t);
  for (const folder of ['examples', 'node_modules']) symlinkSync(join(repository, folder), join(cwd, folder));
  const env = { PATH: path, PORT, API_PORT, MCP_PORT, AGENT_PORT, CAMBIO_DATA: join(cwd, 'data') };
  const programs = startProgram(t, ['npm', 'run', 'example:mcp'], { env });
  await programs.printed('Ctrl-C stops.');
  const blocks = blocksOf(readPage(PAGE));
  const [reads = 0, adds = 0] = blocks.flatMap(({ text }, index) =>
    text.startsWith('curl -s http://localhost:8083/ ') ? index : [],
  );
  const agent = `http://localhost:${AGENT_PORT}/`;
  const browser = createBrowser(`http://localhost:${PORT}`);
  const page = await followPage(t, blocks.slice(0, reads), { cwd, env });
  assert.match(await visit(agent, browser), /"person":"ada"/);
  await page.follow(blocks.slice(reads, adds));
  assert.match(await visit(`${agent}?add=Buy%20milk`, browser), /records:write/);
  await page.follow(blocks.slice(adds));
  programs.tell('SIGTERM');
  assert.equal(await programs.exited, 0);
});

test('the example ends and says why if the port of the agent is taken', async (t) => {
  const holder = createServer().listen(0, 'localhost');
  await once(holder, 'listening');
  t.after(() => holder.close());
  const { port } = holder.address() as AddressInfo;
  const [PORT = '', API_PORT = '', MCP_PORT = ''] = [await freePort(), await freePort(), await freePort()].map(String);
  const env = { PATH: path, PORT, API_PORT, MCP_PORT, AGENT_PORT: String(port), CAMBIO_DATA: temporaryFolder(t) };
  const programs = startProgram(t, ['npm', 'run', 'example:mcp'], { env });
  assert.equal(await programs.exited, 1);
});

/** Opens a page of the agent, signs in and agrees where Cambio asks. @returns the text of the page in the end */
async function visit(url: string, browser: Browser): Promise<string> {
  let next = url;
  for (let step = 0; step < 6; step++) {
    const response = await fetch(next, { redirect: 'manual' });
    const location = response.headers.get('location');
    if (location === null) return response.text();
    if (!location.includes('/oauth/authorize')) {
      next = new URL(location, next).href;
      continue;
    }
    const page = await goThrough(browser, await browser.get(location), { username: 'ada', password: 'ada' });
    next = page.leftTo?.href ?? assert.fail(page.text);
  }
  return assert.fail(`no end at ${next}`);
}
