// Follows docs/guides/across-domains.md: two servers and an API, as a reader starts them.
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createBrowser } from '../../packages/server/test/support/browser.ts';
import { freePort } from '../../packages/server/test/support/harness.ts';
import { blocksOf, followPage, readPage } from '../../packages/server/test/support/pages-of-docs.ts';
import { path, repository, startProgram, temporaryFolder } from '../../packages/server/test/support/program.ts';
import { missingTools } from '../quickstart/testing/quickstart.ts';

const PAGE = 'docs/guides/across-domains.md';
const GRANT_OF_DEVICE = 'grant-type:device_code';

test('ada signs in at the company, her assistant calls the vendor, the company revokes, and the vendor refuses', async (t) => {
  const missing = missingTools();
  if (missing !== '') return t.skip(missing);
  const ports = [await freePort(), await freePort(), await freePort()].map(String);
  const [PORT = '', API_PORT = '', VENDOR_PORT = ''] = ports;
  const cwd = temporaryFolder(t);
  for (const folder of ['examples', 'node_modules']) symlinkSync(join(repository, folder), join(cwd, folder));
  const env = { PATH: path, PORT, API_PORT, VENDOR_PORT, CAMBIO_DATA: join(cwd, 'data') };
  const servers = startProgram(t, ['npm', 'run', 'example:across-domains'], { env });
  await servers.printed('Ctrl-C stops.');
  const blocks = blocksOf(readPage(PAGE));
  const signedIn = blocks.findIndex(({ text }) => text.includes(GRANT_OF_DEVICE));
  const page = await followPage(t, blocks.slice(0, signedIn), { cwd, env });
  await allow((await page.run('echo $DEVICE | jq -r .verification_uri_complete')).trim());
  await page.follow(blocks.slice(signedIn));
  servers.tell('SIGTERM');
  assert.equal(await servers.exited, 0);
});

/** Signs in as ada, and allows the device. */
async function allow(url: string): Promise<void> {
  const { origin, searchParams } = new URL(url);
  const browser = createBrowser(origin);
  let page = await browser.get(url);
  const forms: readonly Record<string, string>[] = [
    { user_code: searchParams.get('user_code') ?? '' },
    { confirm: 'yes' },
    { username: 'ada', password: 'ada' },
    { agree: 'yes' },
  ];
  for (const form of forms) page = await browser.submit(page, form);
  assert.match(page.text, /Your device is connected/);
}
