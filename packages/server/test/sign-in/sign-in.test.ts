// Pushed requests, userinfo, logout and metadata, also tested with real clients.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { assertIssued, startBasic } from '../support/basics.ts';
import { createBrowser } from '../support/browser.ts';
import { encode, type Form, fetchAnswer, type TestServer } from '../support/harness.ts';
import {
  authorizationUrl,
  authorizeAs,
  CALLBACK,
  CHALLENGE,
  goThrough,
  redeem,
  startPeople,
  web,
} from '../support/people.ts';

suite('sign-in', () => {
  const undo: (() => void | Promise<void>)[] = [];
  let server: TestServer;
  before(async () => {
    server = await startPeople({ after: (work) => void undo.unshift(work as () => void) });
  });
  after(async () => {
    for (const work of undo) await work();
  });
  const request = {
    ...{ response_type: 'code', redirect_uri: CALLBACK, scope: 'openid read', state: 'the-state', nonce: 'n' },
    ...{ code_challenge: CHALLENGE, code_challenge_method: 'S256' },
  };
  const push = (form: Form = {}) => server.post('/oauth/par', encode({ ...web, ...request, ...form }));
  const refresh = (token: unknown) =>
    server.token({ grant_type: 'refresh_token', ...web, refresh_token: String(token) });

  test('a pushed request needs an authenticated client, and works once, for that client, within a minute (PA-01, PA-02, PA-03, PA-04, OA-12a, RI-02)', async () => {
    const pushed = await push();
    assert.equal(pushed.status, 201, pushed.text);
    assert.equal(pushed.headers.get('cache-control'), 'no-store');
    assert.equal(server.audit(pushed)?.outcome, 'accepted');
    const request_uri = String(pushed.body.request_uri);
    assert.match(request_uri, /^urn:ietf:params:oauth:request_uri:[\w-]{20,}$/);
    assert.equal(pushed.body.expires_in, 60);
    assert.equal((await fetch(`${server.issuer}/oauth/par`)).status, 405);
    const at = (client_id: string) => `/oauth/authorize?${new URLSearchParams({ client_id, request_uri })}`;
    const browser = createBrowser(server.issuer);
    const stolen = await browser.get(at('other'));
    assert.deepEqual([stolen.leftTo, stolen.status], [undefined, 400]);
    assert.equal(server.audit(stolen)?.reason, 'request_uri_invalid');
    const page = await goThrough(browser, await browser.get(at('web')));
    assertIssued(server, await redeem(server, page.leftTo ?? new URL(CALLBACK)));
    const again = await browser.get(at('web'));
    assert.notEqual(again.leftTo?.searchParams.has('code'), true);
    const late = await push();
    server.clock.now += 61_000;
    const expired = await browser.get(
      `/oauth/authorize?${new URLSearchParams({ client_id: 'web', request_uri: String(late.body.request_uri) })}`,
    );
    assert.equal(server.audit(expired)?.reason, 'request_uri_invalid');
    const refused: readonly (readonly [Form, string])[] = [
      [{ client_secret: 'wrong' }, 'invalid_client'],
      [{ redirect_uri: 'https://evil.example/' }, 'invalid_request'],
      [{ code_challenge: undefined }, 'invalid_request'],
      [{ response_type: 'token' }, 'unsupported_response_type'],
      [{ response_mode: 'jwt' }, 'invalid_request'],
      [{ scope: 'admin' }, 'invalid_scope'],
      [{ resource: 'https://private.example' }, 'invalid_target'],
      [{ request_uri: 'urn:x' }, 'invalid_request'],
      [{ client_id: 'tv', client_secret: 'tv-secret' }, 'unauthorized_client'],
    ];
    for (const [form, error] of refused) assert.equal((await push(form)).body.error, error, JSON.stringify(form));
  });

  test('userinfo returns the claims of the scope for a token with openid, and challenges other requests (OI-06, OI-07, BU-02)', async () => {
    const answer = await redeem(server, await authorizeAs(server, { scope: 'openid email read' }));
    const ask = (token?: string, method = 'GET') =>
      fetchAnswer(`${server.issuer}/oauth/userinfo`, {
        method,
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      });
    for (const method of ['GET', 'POST']) {
      const userinfo = await ask(String(answer.body.access_token), method);
      assert.deepEqual(userinfo.body, { sub: 'ada', email: 'ada@example.com' });
      assert.equal(userinfo.headers.get('access-control-allow-origin'), '*');
    }
    const without = await redeem(server, await authorizeAs(server, { scope: 'read', nonce: undefined }));
    const challenges = [
      [undefined, 401, 'Bearer'],
      ['nonsense', 401, 'Bearer error="invalid_token"'],
      [String(answer.body.id_token), 401, 'Bearer error="invalid_token"'],
      [String(without.body.access_token), 403, 'Bearer error="insufficient_scope", scope="openid"'],
    ] as const;
    for (const [token, status, challenge] of challenges) {
      const refused = await ask(token);
      // The second challenge is for tokens that are bound to a key.
      const [bearer] = refused.headers.get('www-authenticate')?.split(/, DPoP /) ?? [];
      assert.deepEqual([refused.status, bearer], [status, challenge]);
    }
  });

  test('logout ends the session and revokes what was issued in it, except with offline_access (OI-12)', async () => {
    const browser = createBrowser(server.issuer);
    const online = await redeem(server, await authorizeAs(server, {}, browser));
    const offline = await redeem(server, await authorizeAs(server, { scope: 'openid offline_access read' }, browser));
    const away = 'https://app.example/bye';
    const leave = (changed: Record<string, string> = {}) =>
      browser.get(
        `/oauth/logout?${new URLSearchParams({
          id_token_hint: String(online.body.id_token),
          post_logout_redirect_uri: away,
          state: 's',
          ...changed,
        })}`,
      );
    const wrong = await leave({ post_logout_redirect_uri: 'https://evil.example/bye' });
    assert.deepEqual([wrong.status, wrong.leftTo], [400, undefined]);
    const twice = await browser.get(
      `/oauth/logout?client_id=web&post_logout_redirect_uri=${away}&post_logout_redirect_uri=x`,
    );
    assert.deepEqual([twice.status, server.audit(twice)?.reason], [400, 'parameter_repeated']);
    const other = await leave({ client_id: 'other' });
    assert.deepEqual([other.status, server.audit(other)?.reason], [400, 'parameter_not_allowed']);
    const page = await leave({ client_id: 'web' });
    assert.match(page.text, /Sign out\?/);
    // If the person stays, nothing is revoked, and the browser is not redirected to the client.
    const stayed = await browser.submit(page, { stay: 'yes' });
    assert.deepEqual([stayed.status, stayed.leftTo], [200, undefined]);
    assert.match(stayed.text, /You are still signed in/);
    assertIssued(server, await redeem(server, await authorizeAs(server, { prompt: 'none' }, browser)));
    const refreshed = await refresh(online.body.refresh_token);
    assertIssued(server, refreshed);
    const left = await browser.submit(page, { logout: 'yes' });
    assert.equal(left.leftTo?.href, `${away}?state=s`);
    const revoked = await refresh(refreshed.body.refresh_token);
    assert.equal(server.audit(revoked)?.reason, 'refresh_token_revoked');
    assertIssued(server, await refresh(offline.body.refresh_token));
    assert.match((await browser.get(authorizationUrl())).text, /name="password"/);
    const signedOut = await browser.get('/oauth/logout');
    assert.match((await browser.submit(signedOut, { logout: 'yes' })).text, /You are signed out/);
  });

  test('the two metadata documents agree and list the existing endpoints (MD-08, PK-05, IS-01, OI-10, OI-11)', async (t) => {
    const read = async (base: string, name: string): Promise<Record<string, unknown>> =>
      JSON.parse(await (await fetch(`${base}/.well-known/${name}`)).text());
    const metadata = await read(server.issuer, 'oauth-authorization-server');
    assert.deepEqual(await read(server.issuer, 'openid-configuration'), metadata);
    const { authorization_endpoint, code_challenge_methods_supported, response_types_supported } = metadata;
    assert.deepEqual(
      [authorization_endpoint, code_challenge_methods_supported, response_types_supported],
      [`${server.issuer}/oauth/authorize`, ['S256'], ['code']],
    );
    assert.equal(metadata.authorization_response_iss_parameter_supported, true);
    assert.deepEqual(metadata.id_token_signing_alg_values_supported, ['ES256']);
    const without = await startBasic(t);
    const silent = await read(without.issuer, 'oauth-authorization-server');
    assert.equal('authorization_endpoint' in silent, false);
    for (const path of [
      '/oauth/authorize',
      '/device',
      '/oauth/userinfo',
      '/oauth/logout',
      '/.well-known/openid-configuration',
    ])
      assert.equal((await fetch(without.issuer + path)).status, 404, path);
    assert.equal((await without.post('/oauth/par', '')).status, 404);
  });

  test('openid-client signs a person in by code, by a pushed request and by a device, and gets userinfo', async () => {
    const client = await openid.discovery(
      new URL(server.issuer),
      'web',
      undefined,
      openid.ClientSecretPost('web-secret'),
      { execute: [openid.allowInsecureRequests] },
    );
    const browser = createBrowser(server.issuer);
    const pkceCodeVerifier = openid.randomPKCECodeVerifier();
    const parameters = {
      redirect_uri: CALLBACK,
      scope: 'openid email read',
      code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      state: 'st',
      nonce: 'no',
    };
    for (const url of [
      openid.buildAuthorizationUrl(client, parameters),
      await openid.buildAuthorizationUrlWithPAR(client, parameters),
    ]) {
      const { leftTo } = await goThrough(browser, await browser.get(url.href));
      const tokens = await openid.authorizationCodeGrant(client, leftTo ?? new URL(CALLBACK), {
        pkceCodeVerifier,
        expectedState: 'st',
        expectedNonce: 'no',
      });
      assert.equal(tokens.claims()?.sub, 'ada');
      const { email } = await openid.fetchUserInfo(client, tokens.access_token, 'ada');
      assert.equal(email, 'ada@example.com');
    }
    const tv = await openid.discovery(new URL(server.issuer), 'tv', undefined, openid.ClientSecretPost('tv-secret'), {
      execute: [openid.allowInsecureRequests],
    });
    const device = await openid.initiateDeviceAuthorization(tv, { scope: 'openid read' });
    const compare = await browser.submit(await browser.get(device.verification_uri), { user_code: device.user_code });
    await goThrough(browser, await browser.submit(compare, { confirm: 'yes' }));
    // Polls like the client, without its wait.
    const tokens = await openid.genericGrantRequest(tv, 'urn:ietf:params:oauth:grant-type:device_code', {
      device_code: device.device_code,
    });
    assert.notEqual(tokens.access_token, undefined);
  });

  test('oauth4webapi accepts the answers: iss, code and ID token (OI-01)', async () => {
    const issuer = new URL(server.issuer);
    const insecure = { [oauth.allowInsecureRequests]: true };
    const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure));
    const client = { client_id: 'web' };
    const verifier = oauth.generateRandomCodeVerifier();
    const at = await authorizeAs(server, { code_challenge: await oauth.calculatePKCECodeChallenge(verifier) });
    const callback = oauth.validateAuthResponse(as, client, at, 'the-state');
    const response = await oauth.authorizationCodeGrantRequest(
      as,
      client,
      oauth.ClientSecretPost('web-secret'),
      callback,
      CALLBACK,
      verifier,
      insecure,
    );
    const tokens = await oauth.processAuthorizationCodeResponse(as, client, response, {
      expectedNonce: 'the-nonce',
      requireIdToken: true,
    });
    assert.equal(oauth.getValidatedIdTokenClaims(tokens)?.sub, 'ada');
  });
});
