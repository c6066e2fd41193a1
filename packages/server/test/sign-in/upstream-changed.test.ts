// If the upstream provider is removed or another one gets its name, the new one inherits no people, sessions or tokens.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { API, BACKEND } from '../support/basics.ts';
import { type Browser, createBrowser } from '../support/browser.ts';
import { type Configuration, changed } from '../support/configuration.ts';
import { claimsOf, EXCHANGE, fetchAnswer, freePort, start, type TestServer, type } from '../support/harness.ts';
import { DISCOVERY, type FakeIssuer, JWKS, json, startIssuer } from '../support/issuer.ts';
import { authorizationUrl, configuration, goThrough, redeem, UNREACHABLE, web } from '../support/people.ts';

async function startProvider(t: TestContext): Promise<FakeIssuer> {
  const idp = await startIssuer(t);
  const endpoints = { authorization_endpoint: `${idp.url}/authorize`, token_endpoint: `${idp.url}/token` };
  const metadata = { issuer: idp.url, jwks_uri: idp.url + JWKS, ...endpoints };
  idp.instead.set(DISCOVERY, json({ ...metadata, id_token_signing_alg_values_supported: ['ES256'] }));
  return idp;
}

/** Signs `ceo` in at the provider. @returns the tokens of the client */
async function signIn(browser: Browser, idp: FakeIssuer): Promise<URL> {
  const page = await browser.get(authorizationUrl({ scope: 'openid read offline_access', audience: [API, BACKEND] }));
  const [, link = ''] = /href="([^"]*)"[^>]*>Continue with/.exec(page.text) ?? [];
  const { leftTo } = await browser.get(link);
  const asked = leftTo?.searchParams ?? new URLSearchParams();
  const id_token = idp.sign({ sub: 'ceo', aud: 'us', nonce: asked.get('nonce'), preferred_username: idp.url });
  idp.instead.set('/token', json({ access_token: 'x', token_type: 'Bearer', expires_in: 60, id_token }));
  const answer = new URLSearchParams({ state: asked.get('state') ?? '', code: 'c' });
  const done = await goThrough(browser, await browser.get(`/oauth/upstream?${answer}`));
  assert.ok(done.leftTo !== undefined, done.text);
  return done.leftTo;
}

test('sessions, codes, tokens and userinfo work only with the provider that signed the person in', async (t) => {
  const [first, next] = [await startProvider(t), await startProvider(t)];
  const port = await freePort();
  const world = (upstream: FakeIssuer | undefined): Configuration =>
    changed(configuration, {
      ...(upstream && { upstream: { ...UNREACHABLE, issuer: upstream.url } }),
    });
  let server: TestServer = await start(t, world(first), { port });
  const browser = createBrowser(server.issuer);
  const { body } = await redeem(server, await signIn(browser, first));
  const { sub, sub_id } = claimsOf(body.access_token);
  assert.deepEqual([sub, sub_id], ['corp:ceo', { format: 'iss_sub', iss: first.url, sub: 'ceo' }]);
  let refreshToken = String(body.refresh_token);
  const unredeemed = await signIn(createBrowser(server.issuer), first);

  const become = async (upstream: FakeIssuer | undefined): Promise<void> => {
    const { folder, clock } = server;
    await server.close();
    server = await start(t, world(upstream), { folder, now: clock.now, port });
  };
  const silently = async () => (await browser.get(authorizationUrl({ prompt: 'none' }))).leftTo?.searchParams;
  const refresh = () => server.token({ grant_type: 'refresh_token', refresh_token: refreshToken, ...web });
  const exchangeIdToken = () =>
    server.token({
      grant_type: EXCHANGE,
      subject_token: String(body.id_token),
      subject_token_type: type('id_token'),
      audience: BACKEND,
      ...web,
    });
  const userinfo = (token: unknown) =>
    fetchAnswer(`${server.issuer}/oauth/userinfo`, { headers: { authorization: `Bearer ${token}` } });

  // The accepted twin: the same provider after a restart.
  await become(first);
  assert.ok((await silently())?.has('code'), 'the session continues');
  const good = await refresh();
  assert.equal(good.status, 200, JSON.stringify(good.body));
  refreshToken = String(good.body.refresh_token);
  assert.equal((await userinfo(good.body.access_token)).status, 200);
  assert.equal((await exchangeIdToken()).status, 200);

  const nothingIsLeft = async (what: string): Promise<void> => {
    assert.equal((await silently())?.get('error'), 'login_required', what);
    const refused = await refresh();
    assert.equal(refused.body.error, 'invalid_grant', `${what} ${JSON.stringify(refused.body)}`);
    assert.equal((await userinfo(good.body.access_token)).status, 401, what);
    assert.equal((await exchangeIdToken()).status, 400, what);
    assert.equal((await redeem(server, unredeemed)).body.error, 'invalid_grant', what);
  };
  await become(next);
  await nothingIsLeft('another provider has the name');
  // Not even after it has signed in a person with the same subject.
  const other = await redeem(server, await signIn(createBrowser(server.issuer), next));
  assert.deepEqual(claimsOf(other.body.access_token).sub_id, { format: 'iss_sub', iss: next.url, sub: 'ceo' });
  assert.equal((await userinfo(other.body.access_token)).status, 200);
  await nothingIsLeft('and has a person of the same name');
  await become(undefined);
  assert.equal((await refresh()).status, 400);
  assert.equal((await silently())?.get('error'), 'login_required');
});
