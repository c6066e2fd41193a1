// In a real browser, another host of the same site can set cookies for the whole site, but cannot take over a sign-in with them.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, before, suite, type TestContext, test } from 'node:test';
import { createServer } from 'node:tls';
import type { Browser, BrowserContext, Cookie, Page } from 'playwright-core';
import { selfSigned } from '../support/certificate.ts';
import { noBrowser, openBrowser } from '../support/chromium.ts';
import { added, changed, edited } from '../support/configuration.ts';
import { start, type TestServer } from '../support/harness.ts';
import { authorizationUrl, configuration, UNREACHABLE } from '../support/people.ts';

type Test = Pick<TestContext, 'after'>;

suite('a host beside ours', { skip: noBrowser }, () => {
  const ends: (() => unknown)[] = [];
  const file: Test = { after: (end) => void ends.push(end as () => unknown) };
  let browser: Browser;
  let server: TestServer;
  let issuer: string;
  let evil: string;
  /** The page of the client. */
  let callback: string;
  /** The cookies that the evil host sets at the next visit, and where it redirects to. */
  let planted: { cookies: readonly string[]; to: string };

  before(async () => {
    const { cert, key } = await selfSigned({ type: 'dns', value: '*.example.test' });
    browser = await openBrowser(file, '*.example.test');
    // Writes raw bytes: Node's HTTP server refuses some that a host can send.
    const others = createServer({ cert, key }, (socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (data) => {
        const isApp = /^host: app\./im.test(data.toString('latin1'));
        const cookies = isApp ? '' : planted.cookies.map((cookie) => `Set-Cookie: ${cookie}\r\n`).join('');
        const head = isApp ? 'HTTP/1.1 200 OK\r\n' : `HTTP/1.1 302 Found\r\n${cookies}Location: ${planted.to}\r\n`;
        socket.end(
          `${head}Content-Length: ${isApp ? 4 : 0}\r\nConnection: close\r\n\r\n${isApp ? 'back' : ''}`,
          'latin1',
        );
      });
    }).listen(0, '127.0.0.1');
    await once(others, 'listening');
    file.after(() => others.close());
    const { port } = others.address() as AddressInfo;
    [evil, callback] = [`https://evil.example.test:${port}/`, `https://app.example.test:${port}/callback`];
    const world = changed(configuration, {
      issuer: `https://login.example.test:\${PORT}`,
      server: { tls: { cert: 'cert.pem', key: 'key.pem' } },
      clients: edited('web', { redirectUris: [callback] }),
      accounts: added({ username: 'mallory', password: { plain: 'evil' } }),
      upstream: { ...UNREACHABLE, issuer: 'https://127.0.0.1:9' },
    });
    server = await start(file, world, { files: { 'cert.pem': cert, 'key.pem': key } });
    issuer = server.issuer.replace('127.0.0.1', 'login.example.test');
  });
  after(async () => {
    for (const end of ends.toReversed()) await end();
  });

  /** Opens a separate browser for a person. */
  async function newVisitor(t: Test): Promise<{ readonly page: Page; readonly context: BrowserContext }> {
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    t.after(() => context.close());
    const page = await context.newPage();
    return { page, context };
  }

  /** Every form in which another host could set the cookies of the attacker's browser. */
  const plant = (cookies: readonly Cookie[], ...places: readonly string[]): string[] =>
    cookies.flatMap(({ name, value }) =>
      ['/', ...places].flatMap((path) => {
        const rest = `; Domain=example.test; Path=${path}; Secure`;
        const plain = name.replace(/^__Host-/, '');
        return [`${name}=${value}${rest}`, `${plain}=${value}${rest}`, `=${name}=${value}${rest}`];
      }),
    );

  /** Bytes that a browser keeps in a name, so that it does not recognize the prefix: 0xA0, VT, FF, and NBSP and BOM in UTF-8. */
  const ODD = ['\u00a0', '\v', '\f', '\u00c2\u00a0', '\u00ef\u00bb\u00bf'];
  const plantOdd = (cookies: readonly Cookie[], odd: string): string[] =>
    cookies.flatMap(({ name, value }) =>
      [`${odd}${name}=${value}`, `${name}${odd}=${value}`, `=${odd}${name}=${value}`].map(
        (pair) => `${pair}; Domain=example.test; Path=/; Secure`,
      ),
    );

  const begin = async (page: Page): Promise<string> => {
    await page.goto(issuer + authorizationUrl({ redirect_uri: callback }));
    assert.equal(await page.title(), 'Sign in');
    return new URL(page.url()).pathname;
  };

  const signIn = async (page: Page, username: string, password: string): Promise<URL> => {
    await page.getByLabel('Username').fill(username);
    await page.getByLabel('Password').fill(password);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.waitForURL(`${callback}?**`);
    return new URL(page.url());
  };

  test('cannot have a victim sign in for it: only the browser that started a sign-in can answer (W20)', async (t) => {
    const attacker = await newVisitor(t);
    const victim = await newVisitor(t);
    const interaction = await begin(attacker.page);
    const resume = interaction.replace('interaction', 'authorize');
    planted = {
      cookies: plant(await attacker.context.cookies(), interaction, resume),
      to: issuer + interaction,
    };
    await victim.page.goto(evil);
    assert.match(await victim.page.locator('main').innerText(), /belongs to another browser/);
    assert.equal(await victim.page.getByLabel('Password').count(), 0);
    // The same with a browser that has our secret, at this URL and the next.
    await begin(victim.page);
    for (const to of [
      interaction,
      resume,
      `${interaction}/upstream`,
      `/oauth/upstream?state=${interaction.split('/').at(-1)}.${'x'.repeat(22)}&code=x`,
    ]) {
      planted = { ...planted, to: issuer + to };
      await victim.page.goto(evil);
      assert.match(await victim.page.locator('main').innerText(), /belongs to another browser/, to);
    }
    // Each can continue their own sign-in.
    assert.equal((await signIn(attacker.page, 'mallory', 'evil')).searchParams.get('state'), 'the-state');
    await begin(victim.page);
    assert.equal((await signIn(victim.page, 'ada', 'lovelace')).searchParams.get('state'), 'the-state');
  });

  test('cannot sign a victim in with its own session', async (t) => {
    const attacker = await newVisitor(t);
    const victim = await newVisitor(t);
    await begin(attacker.page);
    await signIn(attacker.page, 'mallory', 'evil');
    planted = {
      cookies: plant(await attacker.context.cookies(), '/oauth/authorize', '/device', '/oauth/logout'),
      to: issuer + authorizationUrl({ redirect_uri: callback }),
    };
    await victim.page.goto(evil);
    assert.equal(await victim.page.title(), 'Sign in');
    planted = { ...planted, to: `${issuer}/oauth/logout` };
    await victim.page.goto(evil);
    assert.doesNotMatch(await victim.page.locator('main').innerText(), /mallory/);
    // The attacker's own browser is signed in the whole time.
    await attacker.page.goto(issuer + authorizationUrl({ redirect_uri: callback }));
    await attacker.page.waitForURL(`${callback}?**`);
  });

  test('cannot set our cookies: browsers accept their names only from this host, over https', async (t) => {
    const { page, context } = await newVisitor(t);
    await begin(page);
    await signIn(page, 'ada', 'lovelace');
    const kept = (await context.cookies()).toSorted((a, b) => a.name.localeCompare(b.name));
    assert.deepEqual(
      kept.map(({ name, domain, path, secure, httpOnly, sameSite }) => ({
        name,
        domain,
        path,
        secure,
        httpOnly,
        sameSite,
      })),
      ['__Host-cambio_browser', '__Host-cambio_session'].map((name) => ({
        ...{ name, domain: 'login.example.test', path: '/', secure: true, httpOnly: true, sameSite: 'Lax' },
      })),
    );
    planted = { cookies: plant(kept), to: issuer + authorizationUrl({ redirect_uri: callback }) };
    const other = await newVisitor(t);
    await other.page.goto(evil);
    const names = (await other.context.cookies(evil)).map(({ name }) => name);
    assert.deepEqual(
      names.filter((name) => name.startsWith('__Host-')),
      [],
    );
    assert.deepEqual(names.toSorted(), ['cambio_browser', 'cambio_session']);
  });

  test('gains nothing with an extra byte in a name: no session, no interaction, and nobody is locked out (W25)', async (t) => {
    const attacker = await newVisitor(t);
    await begin(attacker.page);
    await signIn(attacker.page, 'mallory', 'evil');
    const session = await attacker.context.cookies();
    await attacker.context.clearCookies();
    const interaction = await begin(attacker.page);
    const secret = await attacker.context.cookies();
    let stored = 0;
    for (const odd of ODD) {
      const what = JSON.stringify(odd);
      const victim = await newVisitor(t);
      planted = { cookies: plantOdd(session, odd), to: issuer + authorizationUrl({ redirect_uri: callback }) };
      await victim.page.goto(evil);
      stored += (await victim.context.cookies(evil)).length;
      assert.equal(await victim.page.title(), 'Sign in', `${what}: nobody is signed in, and no cookie is repeated`);
      planted = { ...planted, to: `${issuer}/oauth/logout` };
      await victim.page.goto(evil);
      assert.doesNotMatch(await victim.page.locator('main').innerText(), /mallory/, what);
      planted = { cookies: plantOdd(secret, odd), to: issuer + interaction };
      await victim.page.goto(evil);
      assert.match(await victim.page.locator('main').innerText(), /belongs to another browser/, what);
      await begin(victim.page);
      assert.equal((await signIn(victim.page, 'ada', 'lovelace')).searchParams.get('state'), 'the-state', what);
    }
    assert.ok(stored > 0, 'the browser kept some of them');
  });
});
