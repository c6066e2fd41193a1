// A configuration in which people sign in, and the steps of a person and a client.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { API, BACKEND, client } from './basics.ts';
import { type Browser, createBrowser, type Page } from './browser.ts';
import type { Configuration, Source } from './configuration.ts';
import { type Answer, type Form, start, type TestServer } from './harness.ts';

export const CALLBACK = 'https://app.example/callback';
/** RFC 7636 appendix B. */
export const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
export const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';

/** The hashes of ada's password `lovelace` and bob's password `builder`. A plain password is hashed at each start: 25 ms of CPU. */
const LOVELACE = '$argon2id$v=19$m=19456,t=2,p=1$bDQDkyKghCt7QH0Vq9/iPw$ea3iQY+iMFn9e6TKVeEJ0pQo1bk/R7d93ntw1yPUKYQ';
const BUILDER = '$argon2id$v=19$m=19456,t=2,p=1$AeA4Fz3sVxMZoqW6w68dpA$Md/Gsn3P7POeT2TzBLFu+K+YMooCeWpEKXggRBD9vyY';

/** People sign in to `web` and `tv`; `agent` may act for them. */
export const configuration: Configuration = {
  issuer: `\${ISSUER}`,
  server: { port: `\${PORT}` },
  store: 'sqlite:cambio.db',
  resources: [
    {
      audience: API,
      locations: [`${API}/v1`],
      scopes: ['read', 'write', 'admin'],
      scopeNames: { read: 'See your files' },
    },
    { audience: BACKEND, scopes: ['read'] },
    { audience: 'https://private.example', scopes: ['read'] },
  ],
  clients: [
    client('web', {
      grants: ['authorization_code', 'refresh_token', 'token_exchange'],
      redirectUris: [CALLBACK, 'http://127.0.0.1:8081/callback', 'http://localhost:8081/callback'],
      postLogoutRedirectUris: ['https://app.example/bye'],
      audiences: [API, BACKEND],
      scopes: ['openid', 'profile', 'email', 'offline_access', 'read', 'write'],
    }),
    client('tv', { grants: ['device_code', 'refresh_token'], scopes: ['openid', 'offline_access', 'read'] }),
    client('other', {
      grants: ['authorization_code', 'device_code'],
      redirectUris: ['https://other.example/callback'],
    }),
    client('agent', { grants: ['client_credentials', 'token_exchange'] }),
    client('machine'),
  ],
  accounts: [
    {
      username: 'ada',
      password: { hash: LOVELACE },
      claims: { name: 'Ada Lovelace', email: 'ada@example.com', tenant: 'a' },
    },
    { username: 'bob', password: { hash: BUILDER } },
  ],
  rules: [
    {
      name: 'the agent acts for people',
      client: 'agent',
      subject: { issuer: 'self', clients: ['web', 'tv'], types: ['access_token'] },
      actor: { clients: ['agent'] },
      grant: { audiences: [API], scopes: ['read'] },
    },
    {
      name: 'web exchanges what it got',
      client: 'web',
      subject: { issuer: 'self', clients: ['web'], types: ['access_token', 'id_token', 'refresh_token'] },
      grant: { audiences: [BACKEND], scopes: ['read'] },
    },
  ],
};

/** A provider that cannot be reached. */
export const UNREACHABLE: Configuration = {
  issuer: 'http://127.0.0.1:9',
  name: 'corp',
  clientId: 'us',
  secret: { plain: 'x' },
  allowPrivateNetwork: true,
};

export const web = { client_id: 'web', client_secret: 'web-secret' };
export const tv = { client_id: 'tv', client_secret: 'tv-secret' };
export const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';

export const startPeople = (t: Pick<TestContext, 'after'>, source: Source = configuration): Promise<TestServer> =>
  start(t, source);

/** A valid authorization request of `web` with changes; `undefined` omits a parameter. */
export function authorizationUrl(changed: Form = {}): string {
  const form: Form = {
    client_id: 'web',
    response_type: 'code',
    redirect_uri: CALLBACK,
    scope: 'openid read',
    state: 'the-state',
    nonce: 'the-nonce',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    ...changed,
  };
  const pairs = Object.entries(form).flatMap(([name, value]) =>
    [value ?? []].flat().map((one): [string, string] => [name, one]),
  );
  return `/oauth/authorize?${new URLSearchParams(pairs)}`;
}

/** Signs in from a page that asks for it, and follows pages until one is not ours. */
export async function goThrough(
  browser: Browser,
  first: Page,
  who = { username: 'ada', password: 'lovelace' },
): Promise<Page> {
  let page = first;
  for (let step = 0; step < 5 && page.leftTo === undefined; step++) {
    if (page.text.includes('name="password"')) page = await browser.submit(page, who);
    else if (page.text.includes('name="agree"')) page = await browser.submit(page, { agree: 'yes' });
    else break;
  }
  return page;
}

const browsers = new WeakMap<TestServer, Browser>();

/** One browser for each server, so that a signed-in person stays signed in. */
function signedIn(server: TestServer): Browser {
  const browser = browsers.get(server) ?? createBrowser(server.issuer);
  browsers.set(server, browser);
  return browser;
}

/** Signs in, agrees, and returns the parameters that the client's redirect URI received. */
export async function authorizeAs(server: TestServer, changed: Form = {}, browser = signedIn(server)): Promise<URL> {
  const page = await goThrough(browser, await browser.get(authorizationUrl(changed)));
  assert.ok(page.leftTo !== undefined, `${page.status} ${page.text}`);
  return page.leftTo;
}

/** Redeems a code as `web`. */
export const redeem = (server: TestServer, at: URL, changed: Form = {}): Promise<Answer> =>
  server.token({
    grant_type: 'authorization_code',
    ...web,
    code: at.searchParams.get('code') ?? undefined,
    redirect_uri: CALLBACK,
    code_verifier: VERIFIER,
    ...changed,
  });
