// Each step of a sign-in requires the browser that started it, and two cookies with one name are refused.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { createBrowser } from '../support/browser.ts';
import { changed } from '../support/configuration.ts';
import { type Answer, encode, fetchAnswer, start, type TestServer } from '../support/harness.ts';
import {
  authorizationUrl,
  authorizeAs,
  configuration,
  goThrough,
  startPeople,
  tv,
  UNREACHABLE,
} from '../support/people.ts';

suite('a sign-in', () => {
  const undo: (() => unknown)[] = [];
  let server: TestServer;
  before(async () => {
    server = await startPeople(
      { after: (work) => void undo.unshift(work as () => unknown) },
      changed(configuration, { upstream: UNREACHABLE }),
    );
  });
  after(async () => {
    for (const work of undo) await work();
  });

  const refused = async (answer: Answer, reason: string, what: string): Promise<void> => {
    assert.equal(answer.status, 400, `${what} ${answer.text}`);
    assert.equal(server.audit(answer)?.reason, reason, what);
  };

  test('is shown, answered and continued only in the browser that started it, at each URL (W20)', async () => {
    const asker = createBrowser(server.issuer);
    const page = await asker.get(authorizationUrl());
    const { pathname } = new URL(page.url);
    const uid = pathname.split('/').at(-1) ?? '';
    const otherBrowser = createBrowser(server.issuer);
    await otherBrowser.get(authorizationUrl());
    const newBrowser = createBrowser(server.issuer);
    for (const [name, browser] of Object.entries({ otherBrowser, newBrowser })) {
      for (const path of [pathname, `/oauth/authorize/${uid}`, `/device/${uid}`, `${pathname}/upstream`])
        await refused(await browser.get(path), 'interaction_unknown', `${name} ${path}`);
      const form = { username: 'ada', password: 'lovelace' };
      const posted = await browser.submit({ ...page, url: server.issuer + pathname }, form);
      await refused(posted, 'interaction_unknown', name);
    }
    const done = await goThrough(asker, page);
    assert.ok(done.leftTo?.searchParams.has('code'), done.text);
  });

  test('of a device continues in the browser in which its code was typed (W20)', async () => {
    const device = await server.post('/oauth/device_authorization', encode({ ...tv, scope: 'openid read' }));
    const asker = createBrowser(server.issuer);
    const typed = await asker.submit(await asker.get('/device'), { user_code: String(device.body.user_code) });
    const page = await asker.submit(typed, { confirm: 'yes' });
    assert.match(page.text, /name="password"/);
    const { pathname } = new URL(page.url);
    const otherBrowser = createBrowser(server.issuer);
    await otherBrowser.get(authorizationUrl());
    for (const path of [pathname, `/device/${pathname.split('/').at(-1)}`])
      await refused(await otherBrowser.get(path), 'interaction_unknown', path);
    assert.match((await goThrough(asker, page)).text, /Your device is connected/);
  });

  test('whose browser sends two cookies with one name is refused, since one may be forged (W22)', async () => {
    const browser = createBrowser(server.issuer);
    await authorizeAs(server, {}, browser);
    const cookies = [...browser.cookies].map(([key, value]) => `${key.split(' ')[0]}=${value}`);
    assert.deepEqual(cookies.map((one) => one.split('=')[0]).toSorted(), ['cambio_browser', 'cambio_session']);
    const get = async (path: string, cookie: string) =>
      fetchAnswer(server.issuer + path, { headers: { cookie }, redirect: 'manual' });
    const paths = [
      authorizationUrl(),
      '/device',
      '/oauth/logout',
      '/oauth/logout/success',
      `/oauth/interaction/${'x'.repeat(43)}`,
    ];
    for (const path of paths) {
      for (const cookie of cookies) {
        const name = cookie.split('=')[0];
        for (const planted of [`${name}=${'y'.repeat(43)}`, `${name}=`, `${name} = x`, String(name)]) {
          const answer = await get(path, `${planted}; ${cookies.join('; ')}`);
          assert.equal(answer.status, 400, `${path} ${planted}`);
          assert.match(answer.text, /belongs to another browser/);
        }
      }
    }
    assert.equal(
      server.audit(await get(authorizationUrl(), `${cookies[0]}; ${cookies[0]}`))?.reason,
      'cookie_repeated',
    );
    // Cookies with other names are ignored.
    const good = await get(authorizationUrl(), `x=1; x=2; cambio_sessions=3; ${cookies.join('; ')}`);
    assert.match(good.headers.get('location') ?? '', /code=/);
  });

  test('ignores cookie values that we never set', async () => {
    const asked = async (cookie: string) =>
      fetchAnswer(server.issuer + authorizationUrl(), { headers: { cookie }, redirect: 'manual' });
    for (const value of ['', 'x', '"', 'ä', 'x'.repeat(4000), '%00', '__proto__', `${'a'.repeat(42)}=`]) {
      const answer = await asked(`cambio_browser=${encodeURI(value)}; cambio_session=${encodeURI(value)}`);
      assert.equal(answer.status, 303, value);
      assert.match(
        answer.headers.getSetCookie().join(),
        /cambio_browser=[\w-]{43}; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Lax/,
      );
    }
  });
});

test('two issuers on one host have cookies with different names', async (t) => {
  const names: string[][] = [];
  for (const path of ['/a', '/b']) {
    const server = await start(t, changed(configuration, { issuer: `\${ISSUER}${path}` }));
    const answer = await fetch(server.issuer + path + authorizationUrl(), { redirect: 'manual' });
    assert.equal(answer.status, 303);
    names.push(answer.headers.getSetCookie().map((cookie) => cookie.split('=')[0] ?? ''));
    assert.match(answer.headers.getSetCookie().join(), /; Path=\/;/);
  }
  assert.match(String(names[0]), /^cambio_browser_[\w-]{12}$/);
  assert.notDeepEqual(names[0], names[1]);
});
