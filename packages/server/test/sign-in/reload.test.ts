// A reload of the configuration applies to the pages, and an issuer with a path has its pages below the path.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startServer } from '../../src/app.ts';
import { parseConfiguration } from '../../src/config/load.ts';
import { configuration as withoutSignIn } from '../support/basics.ts';
import { createBrowser } from '../support/browser.ts';
import { type Configuration, changed, edited, yamlOf } from '../support/configuration.ts';
import { newDataFolder } from '../support/data-folder.ts';
import { freePort } from '../support/harness.ts';
import { authorizationUrl, configuration, goThrough } from '../support/people.ts';

test('a reload that disables a client ends its sign-ins, and sign-ins for other clients continue', async (t) => {
  const folder = newDataFolder();
  const port = await freePort();
  const ISSUER = `http://127.0.0.1:${port}/tenant/one`;
  const read = (source: Configuration) =>
    parseConfiguration(yamlOf(source), {
      file: join(folder, 'cambio.yaml'),
      environment: { ISSUER, PORT: String(port) },
    });
  const readWith = (id: string, changes: Configuration) =>
    read(changed(configuration, { clients: edited(id, changes) }));
  const server = await startServer(await read(configuration), { report: () => undefined });
  t.after(async () => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const browser = createBrowser(ISSUER);
  const page = await browser.get(`${ISSUER}${authorizationUrl()}`);
  assert.match(page.url, /\/tenant\/one\/oauth\/interaction\//);
  await server.reload(await readWith('other', { disabled: true }));
  const { leftTo } = await goThrough(browser, page);
  assert.deepEqual([leftTo?.searchParams.get('iss'), leftTo?.searchParams.has('code')], [ISSUER, true]);
  await server.reload(await readWith('web', { disabled: true }));
  const refused = await browser.get(`${ISSUER}${authorizationUrl()}`);
  assert.deepEqual([refused.status, refused.leftTo], [400, undefined]);
  await server.reload(await read(configuration));
  const asked = await browser.get(`${ISSUER}${authorizationUrl({ prompt: 'login' })}`);
  await server.reload(await readWith('web', { redirectUris: ['http://127.0.0.1:8081/callback'] }));
  const stranded = await goThrough(browser, asked);
  assert.deepEqual([stranded.status, stranded.leftTo], [400, undefined], 'the redirect URI is no longer registered');
  assert.match(stranded.text, /redirect_uri is not registered/);
  // If no client uses sign-in any more, its endpoints do not exist.
  await server.reload(await read(withoutSignIn));
  assert.equal((await fetch(`${ISSUER}${authorizationUrl()}`)).status, 404);
});
