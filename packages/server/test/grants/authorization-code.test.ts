// A person's agreement in the browser becomes the agreed tokens, and no others.
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, suite, test } from 'node:test';
import { API, assertIssued, assertRefused, BACKEND, client } from '../support/basics.ts';
import { createBrowser } from '../support/browser.ts';
import { added, changed, edited } from '../support/configuration.ts';
import { claimsOf, EXCHANGE, type Form, type TestServer, type } from '../support/harness.ts';
import {
  authorizationUrl,
  authorizeAs,
  CALLBACK,
  CHALLENGE,
  configuration,
  goThrough,
  redeem,
  startPeople,
  VERIFIER,
  web,
} from '../support/people.ts';

/** A resource whose verifiers know no `typ` but JWT. */
const SPRING = 'https://spring.example';
const world = changed(configuration, {
  resources: added({ audience: SPRING, scopes: ['read'], token: { typ: 'JWT', alg: 'RS256' } }),
  clients: (old: unknown) =>
    added(
      client('passport', {
        grants: ['authorization_code'],
        redirectUris: [CALLBACK],
        scopes: ['openid', 'read'],
        pkce: 'optional',
      }),
      {
        ...{ id: 'cli', auth: 'none', grants: ['authorization_code'], audiences: [API], scopes: ['read'] },
        ...{ redirectUris: ['http://localhost/callback'], anyLocalhostPort: true },
      },
    )(edited('web', { audiences: [API, BACKEND, SPRING] })(old)),
});

const CODE_REFUSED = { error: 'invalid_grant', description: 'The provided code is invalid or expired' };

suite('authorization code', () => {
  const undo: (() => void | Promise<void>)[] = [];
  let server: TestServer;
  before(async () => {
    server = await startPeople({ after: (work) => void undo.unshift(work as () => void) }, world);
  });
  after(async () => {
    for (const work of undo) await work();
  });

  test('issues tokens with the person and their agreement, after sign-in and consent (IS-01, OI-01, OI-07)', async () => {
    const at = await authorizeAs(server, { scope: 'openid profile email read' });
    assert.deepEqual([at.searchParams.get('state'), at.searchParams.get('iss')], ['the-state', server.issuer]);
    const answer = await redeem(server, at);
    assertIssued(server, answer);
    const { sub, aud, client_id, scope, tenant, amr, may_act, name } = claimsOf(answer.body.access_token);
    assert.deepEqual(
      { sub, aud, client_id, scope, tenant, amr, may_act, name },
      {
        ...{ sub: 'ada', aud: API, client_id: 'web', scope: 'openid profile email read', tenant: 'a', amr: ['pwd'] },
        ...{ may_act: undefined, name: undefined },
      },
    );
    const identity = claimsOf(answer.body.id_token);
    assert.deepEqual(
      [identity.sub, identity.aud, identity.nonce, identity.name, identity.email, typeof identity.auth_time],
      ['ada', 'web', 'the-nonce', 'Ada Lovelace', 'ada@example.com', 'number'],
    );
  });

  test('refuses a code that was redeemed, and revokes the tokens issued for it (OA-16)', async () => {
    const at = await authorizeAs(server);
    const first = await redeem(server, at);
    assertIssued(server, first);
    const introspect = (token: unknown) =>
      server.post('/oauth/introspect', new URLSearchParams({ ...web, token: String(token) }).toString());
    assert.equal((await introspect(first.body.access_token)).body.active, true);
    assertRefused(server, await redeem(server, at), { ...CODE_REFUSED, reason: 'code_reused' });
    assert.deepEqual((await introspect(first.body.access_token)).body, { active: false });
    const refreshed = await server.token({
      grant_type: 'refresh_token',
      ...web,
      refresh_token: String(first.body.refresh_token),
    });
    assert.equal(refreshed.body.error, 'invalid_grant');
  });

  test('redeems a code for exactly one of many simultaneous requests', async () => {
    const at = await authorizeAs(server);
    const answers = await Promise.all(Array.from({ length: 8 }, () => redeem(server, at)));
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    const refused = answers.filter(({ status }) => status !== 200);
    const reasons = refused.map((answer) => server.audit(answer)?.reason);
    assert.ok(reasons.includes('code_reused'), reasons.join());
    // The first of them that comes too late revokes what was issued, and a later one may see that before it sees the code.
    for (const answer of refused) {
      const isLate = server.audit(answer)?.reason === 'code_revoked';
      assertRefused(server, answer, { ...CODE_REFUSED, reason: isLate ? 'code_revoked' : 'code_reused' });
    }
  });

  test('requires the verifier, the client, the redirect URI, and redemption within a minute (PK-01, PK-03, OA-18)', async () => {
    const other = { client_id: 'other', client_secret: 'other-secret' };
    const at = await authorizeAs(server);
    const refused = {
      code_verifier: { code_verifier: 'x'.repeat(43) },
      code_client: other,
      code_redirect_uri: { redirect_uri: 'https://app.example/other' },
      code_unknown: { code: 'nonsense' },
    };
    for (const [reason, changed] of Object.entries(refused))
      assertRefused(server, await redeem(server, at, changed), { ...CODE_REFUSED, reason }, reason);
    assertRefused(server, await redeem(server, at, { code_verifier: undefined }), {
      ...CODE_REFUSED,
      reason: 'code_verifier',
    });
    assertIssued(server, await redeem(server, at, { redirect_uri: undefined }), 'the redirect URI is optional here');
    const short = 'x'.repeat(42);
    const weak = await authorizeAs(server, { code_challenge: hash('sha256', short, 'base64url') });
    assertRefused(server, await redeem(server, weak, { code_verifier: short }), {
      ...CODE_REFUSED,
      reason: 'code_verifier',
    });
    const late = await authorizeAs(server);
    server.clock.now += 61_000;
    assertRefused(server, await redeem(server, late), { ...CODE_REFUSED, reason: 'code_expired' });
  });

  test('issues the token for the requested resource, and refuses another one (RI-02, RI-05)', async () => {
    const at = await authorizeAs(server, { resource: [`${API}/v1`, BACKEND], scope: 'read', nonce: undefined });
    const refused = { error: 'invalid_target', description: 'The requested audience is not valid for this client' };
    assertRefused(server, await redeem(server, at, { resource: 'https://private.example' }), {
      ...refused,
      reason: 'target_not_granted',
    });
    const answer = await redeem(server, at, { resource: BACKEND });
    assertIssued(server, answer);
    assert.equal(claimsOf(answer.body.access_token).aud, BACKEND);
    assert.equal(answer.body.id_token, undefined);
    const refreshed = await server.token({
      grant_type: 'refresh_token',
      ...web,
      refresh_token: String(answer.body.refresh_token),
    });
    assert.deepEqual(claimsOf(refreshed.body.access_token).aud, [API, BACKEND]);
  });

  test("redirects an error to the client's redirect URI, with state and iss (RI-03, PK-02, PK-04, BC-01b, BC-01c, IS-01, OI-03, OI-05)", async () => {
    const browser = createBrowser(server.issuer);
    const asked = {
      invalid_target: { resource: 'https://private.example' },
      invalid_scope: { scope: 'openid admin' },
      unsupported_response_type: { response_type: 'none' },
      request_not_supported: { request: 'e30.e30.' },
      login_required: { prompt: 'none' },
    };
    for (const [error, changed] of Object.entries(asked)) {
      const { leftTo, headers } = await browser.get(authorizationUrl(changed));
      assert.equal(`${leftTo?.origin}${leftTo?.pathname}`, CALLBACK, error);
      const { searchParams } = leftTo ?? new URL(CALLBACK);
      assert.deepEqual([searchParams.get('error'), searchParams.get('iss')], [error, server.issuer]);
      if (error !== 'request_not_supported') assert.equal(searchParams.get('state'), 'the-state', error);
      assert.equal(headers.get('cache-control'), 'no-store');
    }
    // A caller who has not signed in cannot find out which clients exist.
    const unknown = await browser.get(authorizationUrl({ requested_actor: 'nobody' }));
    assert.match(unknown.text, /name="password"/);
    const { leftTo } = await browser.submit(unknown, { username: 'ada', password: 'lovelace' });
    const said = ['error', 'error_description', 'state'].map((name) => leftTo?.searchParams.get(name));
    assert.deepEqual(said, ['invalid_request', 'The requested_actor is not known', 'the-state']);
    await browser.get('/oauth/logout').then((page) => browser.submit(page, { logout: 'yes' }));
    for (const missing of ['code_challenge', 'code_challenge_method', 'response_type']) {
      const { leftTo } = await browser.get(authorizationUrl({ [missing]: undefined }));
      assert.equal(leftTo?.searchParams.get('error'), 'invalid_request', missing);
    }
    for (const response_type of ['token', 'id_token', 'code token', 'code id_token']) {
      const { leftTo } = await browser.get(authorizationUrl({ response_type }));
      assert.equal(leftTo?.searchParams.get('error'), 'unsupported_response_type', response_type);
      assert.equal(leftTo?.hash, '');
    }
    for (const response_mode of ['fragment', 'form_post', 'web_message', 'jwt', 'query.jwt', 'nothing']) {
      const page = await browser.get(authorizationUrl({ response_mode }));
      assert.equal(page.leftTo?.searchParams.get('error'), 'invalid_request', response_mode);
      assert.equal(server.audit(page)?.reason, 'response_mode_unsupported');
    }
    assert.equal((await browser.get(authorizationUrl({ response_mode: 'query' }))).status, 200);
    const plain = await browser.get(authorizationUrl({ code_challenge_method: 'plain' }));
    assert.equal(plain.leftTo?.searchParams.get('error'), 'invalid_request');
  });

  test('accepts a request by GET or POST, and refuses one that is too long for GET (BC-01j, OI-02)', async () => {
    const post = (changed: Form) =>
      createBrowser(server.issuer).post(
        '/oauth/authorize',
        Object.fromEntries(new URL(authorizationUrl(changed), server.issuer).searchParams),
      );
    assert.match((await post({ state: 's'.repeat(4000) })).text, /name="password"/);
    const body = new URL(authorizationUrl(), server.issuer).searchParams;
    const moved = await fetch(`${server.issuer}/oauth/authorize`, { method: 'POST', body, redirect: 'manual' });
    assert.deepEqual([moved.status, moved.headers.get('location')], [200, null]);
    assert.match(await moved.text(), /refresh" content="0;url=\?client_id=web&amp;/, 'the way on is a GET');
    const long = await post({ state: 's'.repeat(20_000) });
    assert.deepEqual([long.status, server.audit(long)?.reason], [400, 'authorization_request_invalid']);
  });

  test('issues no ID token without openid, with or without a nonce', async () => {
    const answer = await redeem(server, await authorizeAs(server, { scope: 'read' }));
    assertIssued(server, answer);
    assert.deepEqual([answer.body.id_token, answer.body.scope], [undefined, 'read']);
  });

  test('refuses if the person refuses, and asks again the next time', async () => {
    const browser = createBrowser(server.issuer);
    const signIn = await browser.get(authorizationUrl());
    const consent = await browser.submit(signIn, { username: 'ada', password: 'lovelace' });
    const refused = await browser.submit(consent, { cancel: 'yes' });
    assert.equal(refused.leftTo?.searchParams.get('error'), 'access_denied');
    assert.match((await browser.get(authorizationUrl())).text, /name="agree"/);
  });

  test('remembers consent for the session, and asks again for more or for an actor (OI-03, OI-08)', async () => {
    const browser = createBrowser(server.issuer);
    const confidential = { redirect_uri: CALLBACK };
    await authorizeAs(server, confidential, browser);
    assert.equal((await browser.get(authorizationUrl(confidential))).leftTo?.searchParams.has('code'), true);
    assert.equal((await browser.get(authorizationUrl({ prompt: 'none' }))).leftTo?.searchParams.has('code'), true);
    for (const changed of [{ scope: 'openid read write' }, { resource: BACKEND }, { requested_actor: 'agent' }])
      assert.match((await browser.get(authorizationUrl(changed))).text, /name="agree"/);
    // Consent for one API is not consent for another.
    const afresh = createBrowser(server.issuer);
    await authorizeAs(server, { scope: 'openid write' }, afresh);
    await authorizeAs(server, { scope: 'openid read', audience: BACKEND }, afresh);
    assert.match((await afresh.get(authorizationUrl({ scope: 'openid read' }))).text, /name="agree"/);
    const silent = await browser.get(authorizationUrl({ prompt: 'none', requested_actor: 'agent' }));
    assert.equal(silent.leftTo?.searchParams.get('error'), 'consent_required');
    const offline = { scope: 'openid offline_access read' };
    assert.match((await browser.get(authorizationUrl(offline))).text, /name="agree"/, 'without prompt=consent, too');
    const quiet = await browser.get(authorizationUrl({ ...offline, prompt: 'none' }));
    assert.equal(quiet.leftTo?.searchParams.get('error'), 'consent_required');
    assert.match((await browser.get(authorizationUrl({ prompt: 'login' }))).text, /name="password"/);
    assert.match((await browser.get(authorizationUrl({ prompt: 'consent' }))).text, /name="agree"/);
    server.clock.now += 120_000;
    assert.match((await browser.get(authorizationUrl({ max_age: '60' }))).text, /name="password"/);
    assert.equal((await browser.get(authorizationUrl({ max_age: '600' }))).leftTo?.searchParams.has('code'), true);
  });

  test('refuses an ID token hint of another person than the one who is signed in (OI-04)', async () => {
    const { body } = await redeem(server, await authorizeAs(server));
    const hint = { id_token_hint: String(body.id_token) };
    const bob = createBrowser(server.issuer);
    await goThrough(bob, await bob.get(authorizationUrl()), { username: 'bob', password: 'builder' });
    const silent = await bob.get(authorizationUrl({ ...hint, prompt: 'none' }));
    assert.equal(silent.leftTo?.searchParams.get('error'), 'login_required');
    assert.match((await bob.get(authorizationUrl(hint))).text, /name="password"/);
    // A hint that is not an ID token of ours names no person.
    for (const id_token_hint of ['nonsense', String(body.access_token)])
      assert.equal((await bob.get(authorizationUrl({ id_token_hint }))).leftTo?.searchParams.has('code'), true);
    const meant = createBrowser(server.issuer);
    assert.equal((await authorizeAs(server, hint, meant)).searchParams.has('code'), true);
    assert.equal((await meant.get(authorizationUrl(hint))).leftTo?.searchParams.has('code'), true);
  });

  test('names the requested actor on the page and in may_act, and lets only that one act (AG-01, AG-02, AG-03)', async () => {
    const browser = createBrowser(server.issuer);
    const signIn = await browser.get(authorizationUrl({ requested_actor: 'agent' }));
    const consent = await browser.submit(signIn, { username: 'ada', password: 'lovelace' });
    assert.match(consent.text, /agent/);
    const { leftTo } = await browser.submit(consent, { agree: 'yes' });
    const answer = await redeem(server, leftTo ?? new URL(CALLBACK));
    assertIssued(server, answer);
    assert.deepEqual(claimsOf(answer.body.access_token).may_act, { iss: server.issuer, sub: 'agent' });
    const refreshed = await server.token({
      grant_type: 'refresh_token',
      ...web,
      refresh_token: String(answer.body.refresh_token),
    });
    assert.deepEqual(claimsOf(refreshed.body.access_token).may_act, { iss: server.issuer, sub: 'agent' });
    const agent = { client_id: 'agent', client_secret: 'agent-secret' };
    const actor = await server.token({ grant_type: 'client_credentials', ...agent });
    const subject = { subject_token: String(refreshed.body.access_token), subject_token_type: type('access_token') };
    const acted = await server.token({
      grant_type: EXCHANGE,
      ...agent,
      ...subject,
      actor_token: String(actor.body.access_token),
      actor_token_type: type('access_token'),
    });
    assertIssued(server, acted);
    assert.deepEqual(claimsOf(acted.body.access_token).act, { sub: 'agent', iss: server.issuer });
    assert.equal(claimsOf(acted.body.access_token).scope, 'read');
    const alone = await server.token({ grant_type: EXCHANGE, ...web, ...subject });
    assert.equal(server.audit(alone)?.reason, 'may_act');
  });

  test('lets the client exchange its ID token', async () => {
    const answer = await redeem(server, await authorizeAs(server, { audience: [API, BACKEND] }));
    const exchange = (token: unknown, name: string) =>
      server.token({
        grant_type: EXCHANGE,
        ...web,
        subject_token: String(token),
        subject_token_type: type(name),
        audience: BACKEND,
      });
    const good = await exchange(answer.body.id_token, 'id_token');
    assertIssued(server, good);
    assert.equal(claimsOf(good.body.access_token).sub, 'ada');
    const agent = { client_id: 'agent', client_secret: 'agent-secret' };
    const agents = await server.token({
      grant_type: EXCHANGE,
      ...agent,
      subject_token: String(answer.body.id_token),
      subject_token_type: type('id_token'),
    });
    assert.equal(server.audit(agents)?.reason, 'no_rule_for_subject', 'its rule takes access tokens alone');
    assert.equal(
      server.audit(await exchange(answer.body.id_token, 'access_token'))?.reason,
      'subject_token_wrong_type',
    );
    assert.equal(
      server.audit(await exchange(answer.body.access_token, 'id_token'))?.reason,
      'subject_token_wrong_type',
    );
  });

  test('signs with typ JWT for a resource that says so, and takes no other token for an access token or the reverse', async () => {
    const { body } = await redeem(server, await authorizeAs(server, { scope: 'openid read', audience: SPRING }));
    const headerOf = (token: unknown) =>
      JSON.parse(Buffer.from(String(token).split('.')[0] ?? '', 'base64url').toString());
    assert.deepEqual([headerOf(body.access_token).typ, headerOf(body.access_token).alg], ['JWT', 'RS256']);
    assert.equal(claimsOf(body.access_token).typ, 'at+jwt');
    assert.equal(headerOf(body.id_token).typ, 'JWT');
    assert.equal(claimsOf(body.id_token).typ, undefined);
    const exchange = async (token: unknown, name: string) => {
      const subject = { subject_token: String(token), subject_token_type: type(name) };
      return server.token({ grant_type: EXCHANGE, ...web, ...subject, audience: BACKEND });
    };
    const userinfo = async (token: unknown): Promise<number> =>
      (await fetch(`${server.issuer}/oauth/userinfo`, { headers: { authorization: `Bearer ${token}` } })).status;
    for (const name of ['access_token', 'jwt'])
      assert.equal(server.audit(await exchange(body.id_token, name))?.reason, 'subject_token_wrong_type', name);
    assert.equal(server.audit(await exchange(body.access_token, 'id_token'))?.reason, 'subject_token_wrong_type');
    assert.deepEqual([await userinfo(body.id_token), await userinfo(body.access_token)], [401, 200]);
    // As a hint it would name ada, and bob would not get a code.
    const bob = createBrowser(server.issuer);
    await goThrough(bob, await bob.get(authorizationUrl()), { username: 'bob', password: 'builder' });
    const id_token_hint = String(body.access_token);
    assert.equal((await bob.get(authorizationUrl({ id_token_hint }))).leftTo?.searchParams.has('code'), true);
    for (const name of ['access_token', 'jwt']) assertIssued(server, await exchange(body.access_token, name), name);
    const identity = await exchange(body.id_token, 'id_token');
    assert.equal(server.audit(identity)?.reason, 'target_not_agreed', 'it is an ID token, for another audience');
    const ask = (path: string) =>
      server.post(path, new URLSearchParams({ ...web, token: String(body.access_token) }).toString());
    const { active, aud, typ } = (await ask('/oauth/introspect')).body;
    assert.deepEqual([active, aud, typ], [true, SPRING, undefined]);
    await ask('/oauth/revoke');
    assert.deepEqual((await ask('/oauth/introspect')).body, { active: false });
  });

  test('lists the algorithms of resources for libraries that read no other list, that of ID tokens first', async () => {
    const answer = await fetch(`${server.issuer}/.well-known/openid-configuration`);
    const { id_token_signing_alg_values_supported: algorithms } = (await answer.json()) as Record<string, unknown>;
    assert.deepEqual(algorithms, ['ES256', 'RS256']);
  });

  test('issues no token for targets whose typ differs', async () => {
    const { searchParams } = await authorizeAs(server, { audience: [API, SPRING], scope: 'read' });
    assert.equal(searchParams.get('error'), 'invalid_target');
    assert.equal((await authorizeAs(server, { audience: SPRING, scope: 'read' })).searchParams.has('code'), true);
  });

  suite('of a client with pkce: optional', () => {
    const passport = { client_id: 'passport', client_secret: 'passport-secret' };
    const none = { code_challenge: undefined, code_challenge_method: undefined };
    const begin = (changes: Form = {}) => authorizeAs(server, { client_id: 'passport', ...none, ...changes });
    const finish = (at: URL, changes: Form = {}) =>
      redeem(server, at, { ...passport, code_verifier: undefined, ...changes });

    test('is redeemed without a verifier, by the client and with the redirect URI', async () => {
      assertIssued(server, await finish(await begin()));
      const missing = await finish(await begin(), { redirect_uri: undefined });
      assert.deepEqual([missing.status, missing.body.error], [400, 'invalid_request']);
      assert.equal(missing.body.error_description, 'The parameter redirect_uri is missing');
      const other = await finish(await begin(), { redirect_uri: `${CALLBACK}/x` });
      assertRefused(server, other, { ...CODE_REFUSED, reason: 'code_redirect_uri' });
      assert.equal((await finish(await begin(), { client_secret: 'wrong' })).status, 401);
    });

    test('is not redeemed with a verifier for which no challenge came (RFC 9700 section 4.8.2)', async () => {
      const answer = await finish(await begin(), { code_verifier: VERIFIER });
      assertRefused(server, answer, { ...CODE_REFUSED, reason: 'code_verifier' });
      assert.equal(server.audit(answer)?.detail, 'the authorization request had no code_challenge');
    });

    test('needs the verifier if a challenge came', async () => {
      const withChallenge = { code_challenge: CHALLENGE, code_challenge_method: 'S256' };
      const without = await finish(await begin(withChallenge));
      assertRefused(server, without, { ...CODE_REFUSED, reason: 'code_verifier' });
      assertIssued(server, await finish(await begin(withChallenge), { code_verifier: VERIFIER }));
      const plain = await begin({ code_challenge: CHALLENGE, code_challenge_method: 'plain' });
      assert.equal(plain.searchParams.get('error'), 'invalid_request');
    });

    test('is refused once the entry requires PKCE; other clients require it anyway', async () => {
      const at = await begin();
      await server.reload(changed(world, { clients: edited('passport', { pkce: 'required' }) }));
      const answer = await finish(at);
      assertRefused(server, answer, { ...CODE_REFUSED, reason: 'code_verifier' });
      assert.equal((await begin()).searchParams.get('error'), 'invalid_request');
      await server.reload(world);
      assert.equal((await authorizeAs(server, none)).searchParams.get('error'), 'invalid_request');
      assertIssued(server, await finish(await begin()));
    });
  });

  test('sends the code to any port of localhost where the entry says so, and there alone', async () => {
    const ask = async (client_id: string, redirect_uri: string): Promise<URL | number> => {
      const browser = createBrowser(server.issuer);
      const url = authorizationUrl({ client_id, redirect_uri, scope: 'read' });
      const page = await goThrough(browser, await browser.get(url));
      return page.leftTo ?? page.status;
    };
    for (const uri of ['http://localhost:54321/callback', 'http://localhost/callback']) {
      const at = await ask('cli', uri);
      assert.ok(at instanceof URL && at.searchParams.has('code') && at.href.startsWith(uri), uri);
      const redirect = { redirect_uri: uri };
      const answer = await redeem(server, at, { client_id: 'cli', client_secret: undefined, ...redirect });
      assertIssued(server, answer);
    }
    const others = [
      'http://localhost:54321/other',
      'http://localhost.evil.example:1/callback',
      'http://LOCALHOST:1/callback',
    ];
    const odd = [
      'http://localhost:1@evil.example/callback',
      'http://127.0.0.1:1/callback',
      'https://localhost:1/callback',
    ];
    const bad = [
      'http://localhost:99999/callback',
      'http://localhost:1/callback?x=1',
      'http://evil.localhost:1/callback',
    ];
    for (const uri of [...others, ...odd, ...bad]) assert.equal(await ask('cli', uri), 400, uri);
    assert.equal(await ask('web', 'http://localhost:54321/callback'), 400, 'web has no such key');
  });

  test('stores no text that could be presented as a credential', async () => {
    const browser = createBrowser(server.issuer);
    const at = await authorizeAs(server, {}, browser);
    const answer = await redeem(server, at);
    const database = new DatabaseSync(join(server.folder, 'cambio.db'), { readOnly: true });
    const stored = JSON.stringify([
      database.prepare('select * from sign_in_artifacts').all(),
      database.prepare('select * from audit').all(),
      database.prepare('select * from refresh_families').all(),
    ]);
    database.close();
    const secrets = [
      at.searchParams.get('code'),
      answer.body.access_token,
      answer.body.refresh_token,
      answer.body.id_token,
    ];
    for (const secret of [...secrets, ...browser.cookies.values()]) {
      assert.ok(String(secret).length > 10);
      assert.equal(stored.includes(String(secret)), false);
    }
  });
});
