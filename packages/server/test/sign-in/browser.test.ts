// Sign-in in a real browser: signing in, agreeing, connecting a device, signing out, and attacks from other sites.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, afterEach, before, suite, type TestContext, test } from 'node:test';
import * as client from 'openid-client';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { createApi } from '../../../../examples/quickstart/api.ts';
import { noBrowser, openBrowser } from '../support/chromium.ts';
import { changed, dataOf } from '../support/configuration.ts';
import { claimsOf, EXCHANGE, start, type TestServer, type as typeName } from '../support/harness.ts';

type Test = Pick<TestContext, 'after'>;

const API = 'https://api.camall.io';
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';

const configuration = (callbacks: readonly string[]): string => `
issuer: \${ISSUER}
server:
  port: \${PORT}
store: sqlite:cambio.db
resources:
  - { audience: ${API}, scopes: [openapi, read], scopeNames: { openapi: Call the sample API for you } }
clients:
  - id: web
    auth: client_secret_post
    secret: { plain: web-secret }
    grants: [authorization_code, refresh_token, device_code]
    redirectUris: [${callbacks.join(', ')}]
    postLogoutRedirectUris: [${callbacks[0]}]
    audiences: [${API}]
    scopes: [openid, email, openapi, read]
  - { id: partner, auth: client_secret_post, secret: { plain: partner-secret }, grants: [authorization_code], redirectUris: [${callbacks.join(', ')}], scopes: [openid, profile, email] }
  - { id: service, auth: client_secret_post, secret: { plain: service-secret }, grants: [client_credentials, token_exchange], audiences: [${API}], scopes: [openapi] }
  - { id: other, auth: client_secret_post, secret: { plain: other-secret }, grants: [client_credentials], audiences: [${API}], scopes: [openapi] }
rules:
  - name: the service acts for people
    client: service
    subject: { issuer: self, types: [access_token], clients: [web] }
    actor: { required: true, issuer: self, clients: [service, other] }
    grant: { audiences: [${API}], scopes: [openapi] }
accounts:
  - { username: ada, password: { plain: enchantress }, claims: { email: ada@example.com } }
`;

/** Starts a server on loopback with the given handler. @returns its origin */
async function listen(t: Test, answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close().closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const discover = (server: TestServer, id: string, authentication: client.ClientAuth) =>
  client.discovery(new URL(server.issuer), id, undefined, authentication, { execute: [client.allowInsecureRequests] });

interface Asked {
  readonly url: string;
  readonly checks: client.AuthorizationCodeGrantChecks;
}

async function ask(app: client.Configuration, redirect: string, more: Record<string, string> = {}): Promise<Asked> {
  const checks = { pkceCodeVerifier: client.randomPKCECodeVerifier(), expectedState: client.randomState() };
  const url = client.buildAuthorizationUrl(app, {
    redirect_uri: redirect,
    scope: 'openid email openapi',
    state: checks.expectedState,
    code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
    ...more,
  });
  return { url: url.href, checks };
}

suite('a person at a browser', { skip: noBrowser }, () => {
  // One browser and three servers for all tests of the file.
  const ends: (() => unknown)[] = [];
  const file: Test = { after: (end) => void ends.push(end as () => unknown) };
  const complaints: string[] = [];
  let browser: Browser;
  let server: TestServer;
  let upstream: TestServer;
  let app: string;
  let web: client.Configuration;

  before(async () => {
    browser = await openBrowser(file);
    app = await listen(file, atHome);
    // On loopback any port is accepted (RFC 8252 section 7.3), since the port of the other server is not known yet.
    // Its path gives its cookies other names, since browsers share cookies between the ports of a host.
    const theirs = dataOf(configuration([`${app}/callback`, 'http://127.0.0.1/oauth/upstream']));
    upstream = await start(file, changed(theirs, { issuer: `\${ISSUER}/corp` }));
    const provider = {
      issuer: `${upstream.issuer}/corp`,
      name: 'corp',
      clientId: 'partner',
      secret: { plain: 'partner-secret' },
      claims: { email: 'claims.email' },
      allowPrivateNetwork: true,
    };
    const world = dataOf(configuration([`${app}/callback`, `${app}/onward`]));
    server = await start(file, changed(world, { upstream: provider }));
    web = await discover(server, 'web', client.ClientSecretPost('web-secret'));
  });
  after(async () => {
    for (const end of ends.toReversed()) await end();
  });
  afterEach(() => {
    assert.deepEqual(complaints.splice(0), [], 'messages of the browser');
  });

  const newPage = async (t: Test, options: BrowserContextOptions = {}): Promise<Page> => {
    const context = await browser.newContext({ viewport: { width: 390, height: 780 }, ...options });
    t.after(() => context.close());
    const page = await context.newPage();
    page.on('console', (message) => {
      // Ignore the message about a status other than 200.
      if (message.type() === 'error' && !/the server responded with a status of/.test(message.text()))
        complaints.push(message.text());
    });
    return page;
  };

  test('signs in and agrees with the keyboard only, and the service then acts for them at the API', async (t) => {
    const page = await newPage(t);
    const { url, checks } = await ask(web, `${app}/callback`, { requested_actor: 'service' });
    await page.goto(url);
    assert.equal(await page.title(), 'Sign in');
    await type(page, 'ada', 'wrong');
    // The same page shows the problem, and the password field has the focus.
    assert.equal(await page.getByRole('alert').textContent(), 'Wrong username or password.');
    assert.equal(await page.title(), 'Error: Sign in');
    const password = page.getByLabel('Password');
    assert.deepEqual(
      [await password.getAttribute('aria-invalid'), await password.getAttribute('aria-describedby')],
      ['true', 'problem'],
    );
    await page.keyboard.type('enchantress');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Allow access?' }).waitFor();
    const shown = (await page.locator('main').innerText()).replaceAll('\n', ' ');
    for (const words of [
      'web',
      'Know who you are',
      'Call the sample API for you',
      API,
      'service will act for you',
      'ada',
    ]) {
      assert.equal(shown.includes(words), true, `${words} in: ${shown}`);
    }
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${app}/callback?**`);
    const tokens = await client.authorizationCodeGrant(web, new URL(page.url()), checks);
    assert.equal(tokens.claims()?.sub, 'ada');
    assert.deepEqual(claimsOf(tokens.access_token).may_act, { iss: server.issuer, sub: 'service' });

    const { status, body } = await actFor(server, tokens.access_token, 'service');
    assert.equal(status, 200);
    const api = createApi(server.issuer, {});
    t.after(() => api.close());
    const resource = `${await api.listen({ port: 0, host: '127.0.0.1' })}/v1/resource`;
    const answer = await fetch(resource, { headers: { authorization: `Bearer ${body.access_token}` } });
    const { subject, actors } = (await answer.json()) as Record<string, unknown>;
    assert.deepEqual([subject, actors], ['ada', [{ iss: server.issuer, sub: 'service' }]]);
    // A client that the page did not name may not act for them.
    assert.equal((await actFor(server, tokens.access_token, 'other')).status, 400);
  });

  test('refuses, and the client learns only that', async (t) => {
    const page = await newPage(t);
    await page.goto((await ask(web, `${app}/callback`)).url);
    await type(page);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.waitForURL(`${app}/callback?**`);
    const { searchParams } = new URL(page.url());
    assert.deepEqual([searchParams.get('error'), searchParams.get('code')], ['access_denied', null]);
  });

  test('follows the redirects of the client to any host after answering our form', async (t) => {
    const page = await newPage(t);
    await page.goto((await ask(web, `${app}/onward`)).url);
    await type(page);
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.waitForURL(`${app.replace('127.0.0.1', 'localhost')}/home`);
    assert.equal(await page.locator('h1').textContent(), 'Back at the client');
  });

  test('connects a device: types and confirms its code, and the device gets its tokens', async (t) => {
    const page = await newPage(t);
    const device = await server.post(
      '/oauth/device_authorization',
      'client_id=web&client_secret=web-secret&scope=openid+openapi',
    );
    const { user_code: userCode, verification_uri: place, device_code } = device.body;
    const poll = () =>
      server.token({
        grant_type: DEVICE,
        ...{ client_id: 'web', client_secret: 'web-secret' },
        device_code: String(device_code),
      });
    assert.equal((await poll()).body.error, 'authorization_pending');
    await page.goto(String(place));
    await page.locator('#user_code:focus').waitFor();
    await page.keyboard.type('AAAA-AAAA');
    await page.keyboard.press('Enter');
    assert.match((await page.getByRole('alert').textContent()) ?? '', /No device shows this code/);
    await page.getByLabel('Code').fill(String(userCode).toLowerCase().replace('-', ' '));
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Is this your device?' }).waitFor();
    assert.equal(await page.locator('.compare').textContent(), userCode);
    await page.getByRole('button', { name: 'The codes are the same' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await type(page);
    await page.getByRole('heading', { name: 'Allow access?' }).waitFor();
    assert.equal(await page.locator('.compare').textContent(), userCode);
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.getByRole('heading', { name: 'Your device is connected' }).waitFor();
    server.clock.now += 6000;
    const { status, body } = await poll();
    assert.equal(status, 200);
    assert.equal(claimsOf(body.access_token).sub, 'ada');
  });

  test('is not asked for the password again until they sign out, and confirms that', async (t) => {
    const page = await newPage(t);
    await page.goto((await ask(web, `${app}/callback`)).url);
    await type(page);
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.waitForURL(`${app}/callback?**`);
    const again = await ask(web, `${app}/callback`);
    await page.goto(again.url);
    assert.equal(new URL(page.url()).searchParams.get('state'), again.checks.expectedState);
    const leave = new URL(`${server.issuer}/oauth/logout`);
    leave.search = new URLSearchParams({ client_id: 'web', post_logout_redirect_uri: `${app}/callback` }).toString();
    await page.goto(leave.href);
    await page.getByRole('button', { name: 'Stay signed in' }).click();
    await page.getByRole('heading', { name: 'You are still signed in' }).waitFor();
    const stayed = await ask(web, `${app}/callback`);
    await page.goto(stayed.url);
    assert.equal(new URL(page.url()).searchParams.get('state'), stayed.checks.expectedState);
    await page.goto(leave.href);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL(`${app}/callback`);
    await page.goto((await ask(web, `${app}/callback`)).url);
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  });

  test('signs in at the upstream provider, and has a subject with its prefix', async (t) => {
    const page = await newPage(t);
    const { url, checks } = await ask(web, `${app}/callback`);
    await page.goto(url);
    await page.getByRole('link', { name: 'Continue with corp' }).click();
    await page.waitForURL(`${upstream.issuer}/**`);
    await page.getByRole('button', { name: 'Cancel' }).click();
    // Back on our page, where they can try again or use a password.
    await page.waitForURL(`${server.issuer}/**`);
    assert.equal(await page.getByRole('alert').textContent(), 'You were not signed in there. You can try again.');
    await page.getByRole('link', { name: 'Continue with corp' }).click();
    await page.waitForURL(`${upstream.issuer}/**`);
    await type(page);
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.waitForURL(`${server.issuer}/**`);
    await page.getByText('You are signed in as ada@example.com.').waitFor();
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.waitForURL(`${app}/callback?**`);
    const tokens = await client.authorizationCodeGrant(web, new URL(page.url()), checks);
    const claims = tokens.claims();
    assert.deepEqual([claims?.sub, claims?.email, claims?.amr], ['corp:ada', 'ada@example.com', ['pwd']]);
  });

  test('switches to an account of the upstream provider, without JavaScript and in the language of the browser', async (t) => {
    // The provider sends auth_time, which must be later than the start of the interaction.
    server.clock.now = Math.max(Date.now(), server.clock.now);
    upstream.clock.now = server.clock.now;
    const page = await newPage(t, { javaScriptEnabled: false, locale: 'de-DE' });
    const { url, checks } = await ask(web, `${app}/callback`);
    await page.goto(url);
    await page.getByLabel('Benutzername').fill('ada');
    await page.getByLabel('Passwort').fill('enchantress');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Zugriff erlauben?' }).waitFor();
    await page.getByRole('link', { name: 'Nicht ada?' }).click();
    await page.getByRole('link', { name: 'Weiter mit corp' }).click();
    await page.waitForURL(`${upstream.issuer}/**`);
    await page.getByLabel('Benutzername').fill('ada');
    await page.getByLabel('Passwort').fill('enchantress');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Erlauben' }).click();
    await page.waitForURL(`${server.issuer}/**`);
    await page.getByRole('heading', { name: 'Konto wechseln' }).waitFor();
    await page.getByRole('button', { name: 'Weiter' }).click();
    await page.getByText('Sie sind als ada@example.com angemeldet.').waitFor();
    await page.getByRole('button', { name: 'Erlauben' }).click();
    await page.waitForURL(`${app}/callback?**`);
    const tokens = await client.authorizationCodeGrant(web, new URL(page.url()), checks);
    assert.equal(tokens.claims()?.sub, 'corp:ada');
  });

  test('sees that something went wrong and the request id to report, and no more (W11)', async (t) => {
    const page = await newPage(t);
    const answer = await page.goto((await ask(web, 'https://evil.example/callback')).url);
    assert.equal(answer?.status(), 400);
    assert.equal(page.url().startsWith(server.issuer), true);
    const shown = await page.locator('main').innerText();
    const requestId = await answer?.headerValue('x-request-id');
    assert.match(shown, /^This did not work\s+The redirect_uri is not registered for this client\./);
    assert.equal(shown.trimEnd().endsWith(String(requestId)), true);
    assert.doesNotMatch(await page.content(), /node_modules|\.ts:|\d+\.\d+\.\d+\b.*(node|fastify|cambio)/i);
  });

  test('cannot be made to sign in or agree by a page of another site, by a form or in a frame (W03, W04)', async (t) => {
    const page = await newPage(t);
    await page.goto((await ask(web, `${app}/callback`)).url);
    const action = page.url();
    const csrf = (await page.locator('input[name=csrf]').getAttribute('value')) ?? '';
    const evil = await listen(t, (request, response) => {
      const form = `<form method="post" action="${action}"><input name="csrf" value="${csrf}"><input name="username" value="ada"><input name="password" value="enchantress"><button>Win</button></form>`;
      const frame = `<iframe src="${action}"></iframe>`;
      const headers = { 'content-type': 'text/html', 'referrer-policy': 'unsafe-url' };
      response.writeHead(200, headers).end(request.url === '/frame' ? frame : form);
    });
    // The other host is another site. The browser has our cookies nevertheless.
    const site = evil.replace('127.0.0.1', 'localhost');
    const [answer] = await Promise.all([
      page.waitForResponse((response) => response.request().method() === 'POST'),
      page.goto(site).then(() => page.getByRole('button', { name: 'Win' }).click()),
    ]);
    assert.equal(answer.status(), 403);
    const row = server.audit({ ...(await server.post('/livez', '')), headers: new Headers(await answer.allHeaders()) });
    assert.equal(row?.reason, 'post_cross_site');
    await page.goto(`${site}/frame`);
    const framed = page.frames().find((frame) => frame !== page.mainFrame());
    assert.equal(await framed?.locator('form').count(), 0);
    assert.equal(
      complaints.some((text) => /frame-ancestors/.test(text)),
      true,
      String(complaints),
    );
    complaints.length = 0;
    // The same form on our own page is accepted.
    await page.goto(action);
    await type(page);
    await page.getByRole('heading', { name: 'Allow access?' }).waitFor();
  });
});

const atHome: RequestListener = ({ url = '', headers }, response) => {
  // The client redirects the person to another host.
  if (url.startsWith('/onward')) {
    const host = headers.host?.replace('127.0.0.1', 'localhost');
    return response.writeHead(302, { location: `http://${host}/home` }).end();
  }
  const icon = '<link rel="icon" href="data:,">';
  response.writeHead(200, { 'content-type': 'text/html' }).end(`<title>Back</title>${icon}<h1>Back at the client</h1>`);
};

/** Types username and password, and presses Enter. */
async function type(page: Page, username = 'ada', password = 'enchantress'): Promise<void> {
  await page.getByLabel('Username').fill(username);
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
}

/** Exchanges a person's token at the service, with an actor token. */
async function actFor(server: TestServer, token: string, actor: string) {
  const actorToken = await server.token({
    ...{ grant_type: 'client_credentials', client_id: actor, client_secret: `${actor}-secret` },
  });
  return server.token({
    ...{ grant_type: EXCHANGE, client_id: 'service', client_secret: 'service-secret' },
    ...{ subject_token: token, subject_token_type: typeName('access_token') },
    ...{ actor_token: String(actorToken.body.access_token), actor_token_type: typeName('access_token') },
  });
}
