// What people see while signing in: the organisation, the client, where they return to, their language, and other accounts.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { admin, withOperators } from '../support/admin-api.ts';
import { API } from '../support/basics.ts';
import { type Browser, createBrowser, type Page } from '../support/browser.ts';
import { changed, edited } from '../support/configuration.ts';
import { DRAWN, PIXEL } from '../support/every-page.ts';
import { claimsOf, encode, start, type TestServer } from '../support/harness.ts';
import { authorizationUrl, configuration, DEVICE, goThrough, redeem, tv, UNREACHABLE } from '../support/people.ts';

const ADA = { username: 'ada', password: 'lovelace' };
const BOB = { username: 'bob', password: 'builder' };
const SVG = '<?xml version="1.0"?>\n<!-- a logo -->\n<svg xmlns="http://www.w3.org/2000/svg"></svg>\n';

const world = changed(withOperators(configuration), {
  branding: { name: 'Example Corporation', logo: 'logo.svg', color: '#1d4f91' },
  resources: edited(API, { scopeNames: { read: { en: 'See your files', de: 'Ihre Dateien sehen' }, write: 'Write' } }),
});
const named = changed(world, {
  clients: edited('web', { name: 'Photo Book', uri: 'https://photos.example.com/about', logo: PIXEL }),
});
const shown = changed(changed(named, { clients: edited('agent', { name: 'Helper' }) }), {
  clients: edited('tv', { name: 'Television' }),
});

suite('people are shown', () => {
  const undo: (() => unknown)[] = [];
  let server: TestServer;
  before(async () => {
    server = await start({ after: (work) => void undo.unshift(work) }, shown, { files: { 'logo.svg': SVG } });
  });
  after(async () => {
    for (const work of undo) await work();
  });
  const begin = async (form = {}, headers = {}): Promise<[Browser, Page]> => {
    const browser = createBrowser(server.issuer);
    return [browser, await browser.get(authorizationUrl(form), headers)];
  };

  test('the name, logo, home page and id of the client, and where they return to', async () => {
    const [browser, signIn] = await begin({ requested_actor: 'agent' });
    const consent = await browser.submit(signIn, ADA);
    for (const { text } of [signIn, consent]) {
      assert.match(text, /<strong><bdi>Photo Book<\/bdi><\/strong>/);
      assert.match(text, /Client ID: <code>web<\/code>/);
      assert.match(text, /<a href="https:\/\/photos\.example\.com\/about"[^>]*><bdi>photos\.example\.com<\/bdi><\/a>/);
      assert.match(text, /Afterwards you return to <strong><bdi>app\.example<\/bdi><\/strong>\./);
      assert.ok(text.includes(`<img src="${PIXEL}" alt="">`));
      assert.ok(
        text.includes(
          `<img src="data:image/svg+xml;base64,${Buffer.from(SVG).toString('base64')}" alt="Example Corporation">`,
        ),
      );
      assert.match(text, /<title>[^<]+ · Example Corporation<\/title>/);
    }
    assert.match(consent.text, /<bdi>Helper<\/bdi><\/strong> will act for you/);
    assert.match(consent.text, /Client ID: <code>agent<\/code>/);
    const [, other] = await begin({ client_id: 'other', redirect_uri: undefined, scope: undefined });
    assert.match(other.text, /return to <strong><bdi>other\.example<\/bdi>/);
    assert.doesNotMatch(other.text, /Client ID/);
  });

  test('for a device, the name of the client, no place to return to, and an example of a code', async () => {
    const { body } = await server.post('/oauth/device_authorization', encode({ ...tv, scope: 'openid read' }));
    const browser = createBrowser(server.issuer);
    const code = await browser.get('/device');
    assert.match(code.text, /such as <code>WDJB-MJHT<\/code>/);
    const confirm = await browser.submit(code, { user_code: String(body.user_code) });
    assert.match(confirm.text, /<bdi>Television<\/bdi>/);
    const consent = await browser.submit(await browser.submit(confirm, { confirm: 'yes' }), ADA);
    assert.match(consent.text, /Client ID: <code>tv<\/code>/);
    assert.doesNotMatch(consent.text, /you return to/);
  });

  test('every page in the language of ui_locales, of the browser, or of the configuration, in that order', async () => {
    const german = { 'accept-language': 'de-AT,de;q=0.9,en;q=0.5' };
    const languageOf = ({ text }: Page): string | undefined => /<html lang="(\w+)">/.exec(text)?.[1];
    const [, accepted] = await begin({}, german);
    // This test browser sends Accept-Language only with the first request, not when it follows redirects.
    assert.equal(languageOf(accepted), 'en');
    const [browser, signIn] = await begin({ ui_locales: 'fr de-AT' });
    assert.match(signIn.text, /<h1>Anmelden<\/h1>/);
    const wrong = await browser.submit(signIn, { ...ADA, password: 'x' });
    assert.match(wrong.text, /Benutzername oder Passwort ist falsch\./);
    const consent = await browser.submit(wrong, ADA);
    assert.match(consent.text, /<li>Ihre Dateien sehen<\/li>/);
    assert.match(consent.text, /<html lang="de">/);
    const expired = await browser.submit(
      { ...consent, text: consent.text.replace(/name="csrf" value="/, '$&x') },
      { agree: 'yes' },
    );
    assert.deepEqual([expired.status, languageOf(expired)], [400, 'de']);
    assert.match(expired.text, /Diese Seite ist abgelaufen/);

    for (const path of ['/device', '/oauth/logout', '/oauth/interaction/nobody-s']) {
      const one = createBrowser(server.issuer);
      assert.equal(languageOf(await one.get(path, german)), 'de', path);
      assert.equal(languageOf(await one.get(`${path}?ui_locales=en`, german)), 'en', path);
      assert.equal(languageOf(await one.get(path)), 'en', path);
    }
    // The answer to a form has the language of the form.
    await goThrough(browser, await browser.submit(await browser.get(authorizationUrl()), ADA));
    const leave = await browser.get('/oauth/logout?ui_locales=de');
    assert.match((await browser.submit(leave, { stay: 'yes' })).text, /Sie sind weiterhin angemeldet/);
    const left = await browser.submit(leave, { logout: 'yes' });
    assert.match(left.text, /Sie sind abgemeldet/);
    assert.match(left.url, /\/oauth\/logout\/success\?/);
    const device = createBrowser(server.issuer);
    const typed = await device.submit(await device.get('/device?ui_locales=de'), { user_code: 'BBBB-BBBB' });
    assert.match(typed.text, /Kein Gerät zeigt diesen Code\./);
    const unknown = await createBrowser(server.issuer).get(authorizationUrl({ client_id: 'nobody', ui_locales: 'de' }));
    assert.match(unknown.text, /Die redirect_uri ist für diesen Client nicht registriert\./);
  });

  test('the pages for a device in the language that it requested', async () => {
    const { body } = await server.post(
      '/oauth/device_authorization',
      encode({ ...tv, scope: 'read', ui_locales: 'de' }),
    );
    const browser = createBrowser(server.issuer);
    const confirm = await browser.submit(await browser.get('/device'), { user_code: String(body.user_code) });
    const page = await browser.submit(confirm, { confirm: 'yes' });
    assert.match(page.text, /<html lang="de">/);
    assert.match((await goThrough(browser, page)).text, /Ihr Gerät ist verbunden/);
  });

  test('“Not ada?”: another person signs in, the first one is signed out, and the client gets the other person', async () => {
    const [browser, signIn] = await begin();
    const consent = await browser.submit(signIn, ADA);
    const [, link = ''] = /<a href="([^"]*)">Not <bdi>ada<\/bdi>\?<\/a>/.exec(consent.text) ?? [];
    assert.match(link, /^\/oauth\/interaction\/[\w-]+\?account=other$/);
    const other = await browser.get(link);
    assert.match(other.text, /name="password"/);
    const wrong = await browser.submit(other, { ...BOB, password: 'x' });
    assert.match(wrong.text, /Wrong username or password\./);
    // Ada's consent page still works.
    assert.match((await browser.get(link.split('?')[0] ?? '')).text, /Allow access\?/);
    const asked = await browser.submit(wrong, BOB);
    assert.match(asked.text, /Switch account/);
    const again = await browser.submit(asked, { logout: 'yes' });
    assert.match(again.text, /You are signed in as <strong><bdi>bob<\/bdi><\/strong>\./);
    const { leftTo } = await browser.submit(again, { agree: 'yes' });
    const { body } = await redeem(server, leftTo as URL);
    assert.equal(claimsOf(body.access_token).sub, 'bob');
  });

  test('“Not ada?”: the same person may sign in again, and a device is connected by the other person', async () => {
    const [browser, signIn] = await begin();
    const consent = await browser.submit(signIn, ADA);
    const link = new URL(consent.url).pathname;
    const same = await browser.submit(await browser.get(`${link}?account=other`), ADA);
    assert.match(same.text, /You are signed in as <strong><bdi>ada/);
    const { body } = await server.post('/oauth/device_authorization', encode({ ...tv, scope: 'openid read' }));
    const confirm = await browser.submit(await browser.get('/device'), { user_code: String(body.user_code) });
    const asked = await browser.submit(confirm, { confirm: 'yes' });
    assert.match(asked.text, /Not <bdi>ada<\/bdi>\?/);
    const other = await browser.get(`${new URL(asked.url).pathname}?account=other`);
    const switched = await browser.submit(await browser.submit(other, BOB), { logout: 'yes' });
    assert.match((await browser.submit(switched, { agree: 'yes' })).text, /Your device is connected/);
    server.clock.now += 6000;
    const tokens = await server.token({ grant_type: DEVICE, ...tv, device_code: String(body.device_code) });
    assert.equal(claimsOf(tokens.body.access_token).sub, 'bob');
  });

  test('no other account if the client requires this person with id_token_hint', async () => {
    const [browser, signIn] = await begin();
    const first = await browser.submit(signIn, ADA);
    const { leftTo } = await browser.submit(first, { agree: 'yes' });
    const { body } = await redeem(server, leftTo as URL);
    const hinted = await browser.get(authorizationUrl({ id_token_hint: String(body.id_token), prompt: 'consent' }));
    assert.match(hinted.text, /You are signed in as <strong><bdi>ada/);
    assert.doesNotMatch(hinted.text, /account=other/);
    const unhinted = await browser.get(authorizationUrl({ prompt: 'consent' }));
    assert.match(unhinted.text, /account=other/);
  });

  test('the name and logo of a client that was registered at run time', async () => {
    const entry = {
      ...{ id: 'new', auth: 'none', grants: ['authorization_code'], redirectUris: ['com.example.app:/back'] },
      ...{ scopes: ['openid'], name: 'Neue App ✓', uri: 'https://new.example', logo: DRAWN },
    };
    const refused: readonly (readonly [change: object, at: string])[] = [
      [{ logo: 'logo.svg' }, 'body.logo'],
      [{ logo: '/etc/hostname' }, 'body.logo'],
      [{ logo: 'https://evil.example/logo.png' }, 'body.logo'],
      [{ logo: 'data:text/html;base64,PHN2Zz4=' }, 'body.logo'],
      [{ logo: 'data:image/png;base64,PHN2Zz4=' }, 'body.logo'],
      [{ logo: 'data:image/svg+xml,<svg>' }, 'body.logo'],
      [
        { logo: `data:image/svg+xml;base64,${Buffer.from(`<svg ${'x'.repeat(32_768)}`).toString('base64')}` },
        'body.logo',
      ],
      [{ name: '' }, 'body.name'],
      [{ name: 'a\u202eb' }, 'body.name'],
      [{ name: 'x'.repeat(101) }, 'body.name'],
      [{ uri: 'javascript:alert(1)' }, 'body.uri'],
      [{ uri: 'http://new.example' }, 'body.uri'],
      [{ uri: 'https://user@new.example' }, 'body.uri'],
    ];
    for (const [change, at] of refused) {
      const { status, text } = await admin(server, 'POST /clients', { body: { ...entry, ...change } });
      assert.equal(status, 422, text);
      assert.ok(text.includes(`"${at}"`), `${JSON.stringify(change).slice(0, 60)} ${text}`);
    }
    const made = await admin(server, 'POST /clients', { body: entry });
    assert.equal(made.status, 201, made.text);
    const { change } = server.audit(made) as { readonly change?: { readonly after?: Record<string, unknown> } };
    assert.deepEqual(
      [change?.after?.name, String(change?.after?.logo).length],
      [entry.name, 50],
      'the digest of the logo',
    );
    const { entry: stored } = made.body as { readonly entry: Record<string, unknown> };
    assert.deepEqual([stored.name, stored.uri, stored.logo], [entry.name, entry.uri, DRAWN]);
    const [, page] = await begin({ client_id: 'new', redirect_uri: 'com.example.app:/back', scope: 'openid' });
    assert.match(page.text, /<bdi>Neue App ✓<\/bdi>/);
    assert.match(page.text, /return to the app <strong><bdi>com\.example\.app<\/bdi><\/strong> on this device/);
    assert.ok(page.text.includes(`<img src="${DRAWN}" alt="">`));
  });
});

test('the upstream provider comes first on the sign-in page, unless the configuration puts passwords first', async (t) => {
  for (const [upstream, first] of [
    [UNREACHABLE, true],
    [{ ...UNREACHABLE, first: false }, false],
  ] as const) {
    const server = await start(t, changed(configuration, { upstream }));
    const { text } = await createBrowser(server.issuer).get(authorizationUrl());
    assert.equal(text.indexOf('Continue with') < text.indexOf('name="password"'), first);
    await server.close();
  }
});
