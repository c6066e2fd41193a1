// The console in a real browser, at a real server: sign-in and its attacks, failures, keyboard, narrow screens, accessibility.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { noBrowser } from '../../server/test/support/chromium.ts';
import { withConsole } from '../../server/test/support/console.ts';
import { pagesOfConsole } from './pages.ts';
import { assertFits, type ConsoleWorld, operated, settle, startConsole, type Visitor } from './world.ts';

suite('the console in a browser', { skip: noBrowser }, () => {
  const ends: (() => Promise<void>)[] = [];
  let world: ConsoleWorld;
  let ada: Visitor;
  before(async () => {
    world = await startConsole({ after: (end) => void ends.push(end) });
    ada = await world.open();
    await ada.visit('keys');
  });
  after(async () => {
    for (const end of ends.toReversed()) await end();
  });

  test('loads at most 260 KiB before its first page is there', async () => {
    const { page, context } = await world.open();
    const session = await context.newCDPSession(page);
    await session.send('Network.enable');
    let bytes = 0;
    session.on('Network.loadingFinished', ({ encodedDataLength }) => {
      bytes += encodedDataLength;
    });
    await page.goto(`${world.server.issuer}/console/signed-out`);
    await page.locator('h1').waitFor();
    await settle(page);
    assert.ok(bytes > 50_000 && bytes <= 260 * 1024, `${Math.round(bytes / 1024)} KiB`);
    await context.close();
  });

  test('comes back to the page that was asked for, and keeps no token', async () => {
    const visitor = await world.open();
    await visitor.visit('settings?changes=none');
    assert.match(visitor.page.url(), /\/console\/settings\?changes=none$/);
    const kept = await visitor.page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }])');
    assert.doesNotMatch(String(kept), /eyJ|token|verifier/);
    const keys = await visitor.page.evaluate('indexedDB.databases().then((all) => all.length)');
    assert.equal(keys, 0);
    await visitor.page.goto(`${world.server.issuer}/console/`);
    await visitor.page.waitForURL(/\/console\/overview$/);
    await visitor.page.locator('main h1').waitFor();
    await visitor.context.close();
  });

  for (const colorScheme of ['light', 'dark'] as const)
    test(`has no accessibility fault in ${colorScheme}, on any page, and fits 360 pixels`, async () => {
      const { page } = ada;
      await page.emulateMedia({ colorScheme });
      for (const path of pagesOfConsole) {
        await page.setViewportSize({ width: 1280, height: 800 });
        await ada.visit(path);
        await settle(page);
        assert.deepEqual(await ada.findings(), [], `${path} wide`);
        await page.setViewportSize({ width: 360, height: 740 });
        await assertFits(page, path);
        assert.deepEqual(await ada.findings(), [], `${path} narrow`);
      }
      await page.setViewportSize({ width: 1280, height: 800 });
    });

  test('is used by keyboard: the first Tab skips the navigation, g and a letter opens a page, Esc closes', async () => {
    const { page } = ada;
    await ada.visit('keys');
    await settle(page);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate('document.activeElement.id'), 'content');
    await page.keyboard.press('g');
    await page.keyboard.press('s');
    await page.waitForURL(/\/console\/settings$/);
    const row = page.getByRole('table', { name: 'Configurations' }).locator('[data-index="0"]');
    await row.focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(/changes=/);
    await page.getByRole('dialog').waitFor();
    assert.deepEqual(await ada.findings(), []);
    await page.keyboard.press('Escape');
    await page.waitForURL(/\/console\/settings$/);
  });

  test('asks before a change, says what it does, and shows the result', async () => {
    const { page } = ada;
    await ada.visit('keys');
    await page.getByRole('button', { name: 'Rotate' }).click();
    await page.getByText('A new ES256 key is published now').waitFor();
    await page.getByText(/^It replaces .* Tokens that it signed stay valid, about \d+ now/).waitFor();
    await page.getByText(/^\d audiences? whose verifiers must read the key$/).click();
    await page.getByRole('dialog').getByRole('link').first().waitFor();
    assert.deepEqual(await ada.findings(), []);
    await page.getByRole('button', { name: 'Make the next key' }).click();
    await page.getByText('next', { exact: true }).waitFor();
  });

  test('renews the token after a 401 in the middle, and signs in again where that fails, without a question', async () => {
    const { page } = ada;
    await ada.visit('keys');
    await settle(page);
    let refused = 0;
    await page.route(/\/admin\/v1\/configurations/, (route) => {
      if (refused++ > 0) return route.continue();
      return route.fulfill({ status: 401, headers: { 'www-authenticate': 'DPoP error="invalid_token"' }, body: '{}' });
    });
    await page.keyboard.press('g');
    await page.keyboard.press('s');
    await page.getByRole('table', { name: 'Configurations' }).waitFor();
    assert.equal(refused, 2);
    await page.unrouteAll();
    // The renewed token is refused, too. The browser is still signed in.
    await ada.visit('settings');
    await settle(page);
    await page.route('**/admin/v1/keys', (route) => route.fulfill({ status: 401, body: '{}' }), { times: 2 });
    await page.keyboard.press('g');
    await page.keyboard.press('k');
    await page.getByRole('table', { name: 'Signing keys' }).waitFor();
    assert.match(page.url(), /\/console\/keys$/);
    await page.unrouteAll();
  });

  test('says that the server is gone or busy, asks again, and goes on by itself', async () => {
    const { page } = ada;
    await ada.visit('settings');
    await settle(page);
    for (const [handle, words] of [
      [{ status: 503, headers: { 'retry-after': '1' }, body: '{}' }, 'The server is busy'],
      [undefined, 'The server does not answer'],
    ] as const) {
      await page.route('**/admin/v1/keys', (route) => (handle === undefined ? route.abort() : route.fulfill(handle)));
      await page.keyboard.press('g');
      await page.keyboard.press('k');
      await page.getByText(words).waitFor();
      await page.unrouteAll();
      await page.getByText(words).waitFor({ state: 'hidden' });
      await page.locator('[role=row][data-index="0"]').waitFor();
      await ada.visit('settings');
      await settle(page);
    }
  });

  test('shows a refusal with the id of the request', async () => {
    const { page } = ada;
    await ada.visit('settings');
    const id = '01a22dd4-72b1-7297-9612-c3f5e024401e';
    const body = JSON.stringify({ title: 'The server failed', status: 500, request_id: id });
    await page.route('**/admin/v1/keys', (route) => route.fulfill({ status: 500, body }));
    await page.keyboard.press('g');
    await page.keyboard.press('k');
    await page.getByText('The server failed').waitFor();
    await page.getByText(id).waitFor();
    assert.deepEqual(await ada.findings(), []);
    await page.unrouteAll();
  });

  test('tells a person without an entry so, in words', async () => {
    const visitor = await world.open();
    await visitor.visit('keys', { username: 'bob', password: 'builder' });
    await visitor.page.getByText('You are not an operator of this server').waitFor();
    assert.deepEqual(await visitor.findings(), []);
    await visitor.context.close();
  });

  test('accepts no answer to a sign-in that this tab did not begin, or that another issuer gives', async () => {
    const { page, context } = await world.open();
    const { issuer } = world.server;
    const callback = `${issuer}/console/callback`;
    const iss = encodeURIComponent(issuer);
    await page.goto(`${callback}?code=stolen&state=x&iss=${iss}`);
    await page.getByText('This is not the sign-in that you began').waitFor();
    const pending = JSON.stringify({ state: 'mine', verifier: 'v'.repeat(43), goal: '' });
    for (const query of [
      `code=stolen&state=other&iss=${iss}`,
      'code=stolen&state=mine&iss=https%3A%2F%2Fevil.example',
      'code=stolen&state=mine',
    ]) {
      await page.evaluate(`sessionStorage.setItem('cambio.sign-in', ${JSON.stringify(pending)})`);
      await page.goto(`${callback}?${query}`);
      await page.getByText('This is not the sign-in that you began').waitFor();
    }
    await context.close();
  });

  test('signs out: the tokens are revoked and the session ends', async () => {
    const visitor = await world.open();
    await visitor.visit('keys');
    await visitor.page.getByRole('button', { name: 'Sign out' }).click();
    await visitor.page.waitForURL(/\/oauth\/logout/);
    await visitor.page.getByRole('button', { name: /Sign out/ }).click();
    await visitor.page.getByText('You are signed out').waitFor();
    await visitor.page.getByRole('button', { name: 'Sign in' }).click();
    await visitor.page.locator('input[name=password]').waitFor();
    await visitor.context.close();
  });

  test('leaves out changes for an operator who may only read, and says so when an entry is removed', async () => {
    const { server } = world;
    await server.reload(withConsole([{ account: 'ada', scopes: ['admin:read'] }]));
    const reader = await world.open();
    await reader.visit('keys');
    await reader.page.locator('[role=row][data-index="0"]').waitFor();
    assert.equal(await reader.page.getByRole('button', { name: 'Rotate' }).count(), 0);
    await server.reload(withConsole([{ account: 'bob', scopes: ['admin:read'] }]));
    await reader.page.keyboard.press('g');
    await reader.page.keyboard.press('s');
    await reader.page.getByText('You may not see this').waitFor();
    await reader.context.close();
    await server.reload(operated);
  });

  test('makes no request to another origin, and nothing that the browser complains of', () => {
    assert.deepEqual(world.complaints, []);
  });
});
