// A client whose id is the URL of a document that describes it (draft-ietf-oauth-client-id-metadata-document).
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { admin } from '../support/admin-api.ts';
import { API, BACKEND, client } from '../support/basics.ts';
import { createBrowser, type Page } from '../support/browser.ts';
import { added, type Configuration, changed } from '../support/configuration.ts';
import {
  type Answer,
  claimsOf,
  EXCHANGE,
  everythingIn,
  type Form,
  start,
  type TestServer,
  type,
} from '../support/harness.ts';
import {
  type Behaviour,
  type Claims,
  type FakeIssuer,
  type FakeKey,
  json,
  newKey,
  privateJwk,
  silence,
  startIssuer,
  status,
} from '../support/issuer.ts';
import { authorizationUrl, authorizeAs, configuration, goThrough, startPeople, VERIFIER } from '../support/people.ts';

const RETURN = 'http://127.0.0.1/callback';
const AT = 'http://127.0.0.1:49152/callback';

const open: Configuration = {
  clientDocuments: {
    domains: ['127.0.0.1', 'localhost'],
    allowPrivateNetwork: true,
    audiences: [API],
    scopes: ['openid', 'offline_access', 'read'],
  },
};

interface World {
  readonly server: TestServer;
  readonly host: FakeIssuer;
  readonly id: string;
  /** Publishes a document with changes at its usual place, or at another path. */
  readonly publish: (members?: Claims, path?: string) => string;
}

/** Starts the host of documents and a server that accepts them. @param more changes, for the id of the usual document */
async function startWorld(t: TestContext, more: (id: string) => Configuration = () => ({})): Promise<World> {
  const host = await startIssuer(t);
  const publish: World['publish'] = (members = {}, path = '/agent.json') => {
    const id = host.url + path;
    const document = {
      client_id: id,
      client_name: 'Helpful agent',
      redirect_uris: [RETURN],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
      ...members,
    };
    host.instead.set(path, json(document));
    return id;
  };
  const id = publish();
  return { server: await startPeople(t, changed(configuration, open, more(id))), host, id, publish };
}

const ask = (id: string, more: Form = {}): Form => ({ client_id: id, redirect_uri: AT, scope: 'read', ...more });

const redeem = (server: TestServer, id: string, at: URL, more: Form = {}): Promise<Answer> =>
  server.token({
    grant_type: 'authorization_code',
    client_id: id,
    code: at.searchParams.get('code') ?? '',
    code_verifier: VERIFIER,
    ...more,
  });

/** Begins to sign in, in a new browser. */
const begin = (server: TestServer, form: Form): Promise<Page> =>
  createBrowser(server.issuer).get(authorizationUrl(form));

const refresh = (server: TestServer, id: string, { body }: Answer): Promise<Answer> =>
  server.token({ grant_type: 'refresh_token', client_id: id, refresh_token: String(body.refresh_token) });

/** Beyond the time for which a document is kept. */
const LATER_MS = 3_600_001;

test('a person signs in to a client that describes itself, and sees the host of its document (CI-01, CI-03, CI-04)', async (t) => {
  const { server, id, host, publish } = await startWorld(t);
  const metadata = (await (await fetch(`${server.issuer}/.well-known/oauth-authorization-server`)).json()) as Claims;
  assert.equal(metadata.client_id_metadata_document_supported, true);
  const browser = createBrowser(server.issuer);
  const page = await browser.get(authorizationUrl(ask(id)));
  assert.match(page.text, /This application is published by <strong><bdi>127\.0\.0\.1:\d+<\/bdi><\/strong>/);
  assert.match(page.text, /other programs there could use its name/);
  const at = (await goThrough(browser, page)).leftTo ?? assert.fail(page.text);
  assert.equal(at.origin + at.pathname, AT);
  assert.equal(at.searchParams.get('iss'), server.issuer);
  const answer = await redeem(server, id, at);
  assert.equal(answer.status, 200, answer.text);
  const claims = claimsOf(String(answer.body.access_token));
  assert.deepEqual([claims.client_id, claims.aud], [id, API]);
  assert.equal(server.audit(answer)?.client, id);
  assert.equal(host.count('/agent.json'), 1, 'the document was kept');
  // `localhost` is loopback, too; another place is not registered.
  publish({ redirect_uris: ['http://localhost/callback', 'https://agent.example/callback'] }, '/other.json');
  const other = `${host.url}/other.json`;
  const local = ask(other, { redirect_uri: 'http://localhost:5000/callback' });
  assert.match(
    (await begin(server, local)).text,
    /other programs there could use its name/,
    'also where it has a website',
  );
  const there = await authorizeAs(server, local);
  assert.equal((await redeem(server, other, there)).status, 200);
  const web = await begin(server, ask(other, { redirect_uri: 'https://agent.example/callback' }));
  assert.doesNotMatch(web.text, /other programs there/, 'it returns to a website');
  const elsewhere = await begin(server, ask(other, { redirect_uri: 'https://agent.example/callback/x' }));
  assert.deepEqual([elsewhere.status, server.audit(elsewhere)?.reason], [400, 'redirect_uri_unregistered']);
});

test('an MCP client finds what it needs, and every answer names who answered (MC-01, MC-02, MC-03, MC-04, MC-05)', async (t) => {
  const { server, id } = await startWorld(t);
  const metadata = (await (await fetch(`${server.issuer}/.well-known/oauth-authorization-server`)).json()) as Claims;
  const { issuer, code_challenge_methods_supported: challenges, scopes_supported: scopes } = metadata;
  assert.deepEqual([issuer, challenges], [server.issuer, ['S256']]);
  assert.equal(metadata.client_id_metadata_document_supported, true);
  assert.equal(metadata.authorization_response_iss_parameter_supported, true);
  assert.equal((scopes as string[]).includes('offline_access'), true);
  const browser = createBrowser(server.issuer);
  const form = ask(id, { resource: `${API}/v1`, scope: 'read offline_access' });
  const cancelled = await browser.submit(await browser.get(authorizationUrl(form)), { cancel: 'yes' });
  const answers = {
    access_denied: cancelled,
    login_required: await begin(server, { ...form, prompt: 'none' }),
    invalid_scope: await begin(server, { ...form, scope: 'write' }),
    invalid_target: await begin(server, { ...form, resource: BACKEND }),
    invalid_request: await begin(server, { ...form, code_challenge: undefined }),
    unsupported_response_type: await begin(server, { ...form, response_type: 'token' }),
  };
  for (const [error, { leftTo, text }] of Object.entries(answers)) {
    const { searchParams } = leftTo ?? assert.fail(`${error}: ${text}`);
    const named = ['error', 'iss', 'state'].map((name) => searchParams.get(name));
    assert.deepEqual(named, [error, server.issuer, 'the-state']);
  }
  const at = await authorizeAs(server, form, browser);
  assert.equal(at.searchParams.get('iss'), server.issuer);
  const first = await redeem(server, id, at, { resource: `${API}/v1` });
  assert.equal(claimsOf(String(first.body.access_token)).aud, API);
  const second = await refresh(server, id, first);
  assert.notEqual(second.body.refresh_token, first.body.refresh_token);
  server.clock.now += 60_000;
  const reused = await refresh(server, id, first);
  assert.deepEqual([reused.body.error, server.audit(reused)?.reason], ['invalid_grant', 'refresh_token_reused']);
});

test('a client that describes itself may prove itself with its own key (CI-03, CI-06)', async (t) => {
  const { server, host, publish } = await startWorld(t);
  const key = newKey();
  const prove = (id: string, by: FakeKey) => ({
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: host.signAll(
      { iss: id, sub: id, aud: server.issuer, jti: randomUUID(), exp: Math.floor(server.clock.now / 1000) + 60 },
      { key: by },
    ),
  });
  // The form of a document in the field: members that we do not know are ignored.
  const own = publish(
    {
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_methods_supported: ['private_key_jwt', 'none'],
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:jwt-bearer'],
      response_types: ['code'],
      redirect_uris: ['https://agent.example/callback'],
      jwks_uri: `${host.url}/jwks`,
    },
    '/by-url.json',
  );
  const inside = publish(
    {
      token_endpoint_auth_method: 'private_key_jwt',
      redirect_uris: ['https://agent.example/callback'],
      jwks: { keys: [key.jwk] },
    },
    '/by-value.json',
  );
  for (const [id, good, wrong] of [
    [own, host.keys[0] as FakeKey, key],
    [inside, key, host.keys[0] as FakeKey],
  ] as const) {
    const at = await authorizeAs(server, ask(id, { redirect_uri: 'https://agent.example/callback' }));
    const refused = await redeem(server, id, at, prove(id, wrong));
    assert.deepEqual([refused.status, refused.body.error], [401, 'invalid_client']);
    const unproven = await redeem(server, id, at);
    assert.deepEqual([unproven.status, unproven.body.error], [401, 'invalid_client']);
    const answer = await redeem(server, id, at, { ...prove(id, good), client_id: undefined });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(server.audit(answer)?.clientAuthentication, 'private_key_jwt');
  }
});

test('a document that cannot be used, and an id that names none, never redirect (CI-01, CI-02, CI-03, CI-07)', async (t) => {
  const { server, host, id, publish } = await startWorld(t);
  const documents: readonly (readonly [Claims, RegExp])[] = [
    [{ client_id: `${host.url}/agent2.json` }, /its client_id is .*must be its own URL/],
    [{ client_secret: 'x' }, /it has a client_secret/],
    [{ client_secret_expires_at: 0 }, /it has a client_secret/],
    [{ token_endpoint_auth_method: 'client_secret_basic' }, /must be none or private_key_jwt/],
    [{ token_endpoint_auth_method: undefined, jwks: { keys: [] } }, /must be none or private_key_jwt/],
    [{ token_endpoint_auth_method: 'private_key_jwt' }, /needs either jwks or jwks_uri/],
    [
      { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'https://elsewhere.example/jwks' },
      /its jwks_uri is not a URL in clientDocuments\.domains/,
    ],
    [
      { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [privateJwk(newKey())] } },
      /its jwks is not valid: it holds a private/,
    ],
    [{ redirect_uris: undefined }, /it has no redirect_uris/],
    [{ redirect_uris: ['javascript:alert(1)', 'http://app.example/', 'data:,x'] }, /it has no redirect_uris/],
    [{ redirect_uris: [RETURN, 1] }, /it has no redirect_uris/],
    [{ grant_types: ['client_credentials'] }, /its grant_types lack authorization_code/],
    [{ response_types: ['token'] }, /its response_types lack code/],
    [{ padding: 'x'.repeat(5120) }, /more than 5120 bytes/],
  ];
  for (const [members, why] of documents) {
    const page = await begin(server, ask(publish(members, '/bad.json')));
    assert.deepEqual([page.status, page.leftTo], [400, undefined]);
    const row = server.audit(page);
    assert.equal(row?.reason, 'client_document_invalid');
    assert.match(String(row?.detail), why);
  }
  const behaviours: readonly (readonly [Behaviour, number, RegExp])[] = [
    [status(404), 400, /status 404/],
    [status(302, { location: id }), 400, /a redirect, which is not followed/],
    [json({ client_id: `${host.url}/bad.json` }, { 'content-type': 'text/html' }), 400, /its Content-Type is not JSON/],
    [status(200), 400, /not a JSON object/],
    [status(500), 503, /status 500/],
    [status(429), 503, /status 429/],
    [silence, 503, /no answer within 3000 ms|the deadline has passed/],
  ];
  for (const [behaviour, code, why] of behaviours) {
    host.instead.set('/bad.json', behaviour);
    const page = await begin(server, ask(`${host.url}/bad.json`));
    assert.deepEqual([page.status, page.leftTo], [code, undefined]);
    assert.match(String(server.audit(page)?.detail), why);
  }
  const atTokenEndpoint = await server.token({ grant_type: 'authorization_code', client_id: `${host.url}/none.json` });
  assert.deepEqual([atTokenEndpoint.status, atTokenEndpoint.body.error], [400, 'invalid_client']);
  const { port } = new URL(host.url);
  const asked = host.seen.length;
  for (const other of [
    'https://evil.example/agent.json',
    `http://127.0.0.1.evil.example:${port}/agent.json`,
    `http://127.0.0.1@evil.example:${port}/agent.json`,
    `http://user@127.0.0.1:${port}/agent.json`,
    `http://127.1:${port}/agent.json`,
    `http://127.0.0.1.:${port}/agent.json`,
    `http://[::1]:${port}/agent.json`,
    `HTTP://127.0.0.1:${port}/agent.json`,
    `http://127.0.0.1:${port}/x/../agent.json`,
    `http://127.0.0.1:${port}/x/%2e%2e/agent.json`,
    `http://127.0.0.1:${port}\\agent.json`,
    `http://127.0.0.1:${port}/agent.json#`,
    `http://127.0.0.1:${port}/agent.json#x`,
    `http://127.0.0.1:${port}/`,
    `http://127.0.0.1:${port}`,
    `http://127.0.0.1:0${port}/agent.json`,
    `http://ⓛocalhost:${port}/agent.json`,
    `ftp://127.0.0.1:${port}/agent.json`,
    `http://127.0.0.1:${port}/${'a'.repeat(256)}`,
  ]) {
    const page = await begin(server, ask(other));
    assert.deepEqual(
      [page.status, page.leftTo, server.audit(page)?.reason],
      [400, undefined, 'authorization_client_unknown'],
      other,
    );
  }
  assert.equal(host.seen.length, asked, 'nothing was fetched');
  assert.equal((await begin(server, ask(id))).status, 200);
});

test('a document that changed asks for consent again, and ends what was agreed before (CI-05)', async (t) => {
  const { server, id, publish } = await startWorld(t);
  const web = { redirect_uris: ['https://agent.example/callback', 'https://agent.example/other'] };
  const form = ask(id, { redirect_uri: 'https://agent.example/callback' });
  publish(web);
  const browser = createBrowser(server.issuer);
  const at = await authorizeAs(server, form, browser);
  const agreedTo = /the client described itself: [\w-]{43}/;
  assert.match(JSON.stringify(everythingIn(server).audit), agreedTo, 'the row of the consent names the document');
  const tokens = await redeem(server, id, at);
  assert.equal(tokens.status, 200);
  const again = await browser.get(authorizationUrl(form));
  assert.ok(again.leftTo !== undefined, 'consent is remembered for the session');
  const refreshed = await refresh(server, id, tokens);
  assert.equal(refreshed.status, 200, refreshed.text);
  // Its server says nothing about caching, so the document is read again after five minutes.
  server.clock.now += 300_001;
  const code = (await browser.get(authorizationUrl(form))).leftTo ?? assert.fail();
  publish({ ...web, redirect_uris: [...web.redirect_uris, 'https://agent.example/third'] });
  server.clock.now += 300_001;
  const changedCode = await redeem(server, id, code);
  assert.deepEqual([changedCode.status, changedCode.body.error], [400, 'invalid_grant']);
  const ended = await refresh(server, id, refreshed);
  assert.deepEqual([ended.status, ended.body.error], [400, 'invalid_grant']);
  assert.equal(server.audit(ended)?.reason, 'refresh_token_document');
  const asked = await browser.get(authorizationUrl(form));
  assert.match(asked.text, /name="agree"/);
  // It changes once more, after the page was shown.
  publish({ ...web, client_name: 'Another name' });
  server.clock.now += 300_001;
  const stale = await browser.submit(asked, { agree: 'yes' });
  assert.deepEqual([stale.status, stale.leftTo], [400, undefined]);
  const fresh = await authorizeAs(server, form, browser);
  assert.equal((await redeem(server, id, fresh)).status, 200);
});

test('a document is kept for the time that its server says, within bounds, and no longer (CI-02)', async (t) => {
  const { server, host, id } = await startWorld(t);
  const answer = await redeem(server, id, await authorizeAs(server, ask(id)));
  const publishFor = (control: string) =>
    host.instead.set(
      '/agent.json',
      json(
        {
          client_id: id,
          client_name: 'Helpful agent',
          redirect_uris: [RETURN],
          grant_types: ['authorization_code', 'refresh_token'],
          token_endpoint_auth_method: 'none',
        },
        { 'cache-control': control },
      ),
    );
  const readAfter = async (ms: number): Promise<number> => {
    const before = host.count('/agent.json');
    server.clock.now += ms;
    assert.equal((await begin(server, ask(id))).status, 200);
    return host.count('/agent.json') - before;
  };
  publishFor('max-age=1200');
  assert.deepEqual([await readAfter(299_000), await readAfter(2000)], [0, 1]);
  publishFor('public, max-age=999999');
  assert.deepEqual([await readAfter(1_199_000), await readAfter(2000)], [0, 1]);
  publishFor('no-store');
  assert.deepEqual([await readAfter(3_599_000), await readAfter(2000)], [0, 1]);
  assert.deepEqual([await readAfter(299_000), await readAfter(2000)], [0, 1]);
  // A failure is neither kept nor covered by the older document.
  host.instead.set('/agent.json', status(500));
  server.clock.now += LATER_MS;
  const failed = await refresh(server, id, answer);
  assert.deepEqual([failed.status, failed.body.error], [503, 'temporarily_unavailable']);
  assert.equal(server.audit(failed)?.reason, 'client_document_unavailable');
  publishFor('no-store');
  assert.equal((await refresh(server, id, answer)).status, 200);
  host.instead.set('/agent.json', status(404));
  server.clock.now += LATER_MS;
  assert.equal((await refresh(server, id, answer)).body.error, 'invalid_client');
});

test('a configured client wins over the document at its id, and a rule may name a client that describes itself (CI-04)', async (t) => {
  const { server, host, id } = await startWorld(t, (described) => ({
    clients: added(
      client(described.replace('agent.json', 'own.json'), {
        auth: 'none',
        secret: undefined,
        grants: ['authorization_code'],
        redirectUris: ['https://own.example/callback'],
      }),
    ),
    rules: added({
      name: 'the agent acts for people of the described client',
      client: 'agent',
      subject: { issuer: 'self', clients: [described], types: ['access_token'] },
      actor: { clients: ['agent'] },
      grant: { audiences: [BACKEND], scopes: ['read'] },
    }),
  }));
  const own = `${host.url}/own.json`;
  const at = await authorizeAs(server, ask(own, { redirect_uri: 'https://own.example/callback' }));
  assert.equal((await redeem(server, own, at)).status, 200);
  assert.equal(host.count('/own.json'), 0);
  const { body } = await redeem(server, id, await authorizeAs(server, ask(id)));
  const exchange = (): Promise<Answer> =>
    server.token({
      grant_type: EXCHANGE,
      client_id: 'agent',
      client_secret: 'agent-secret',
      subject_token: String(body.access_token),
      subject_token_type: type('access_token'),
      audience: BACKEND,
      scope: 'read',
    });
  assert.equal((await exchange()).status, 200);
  // Another process has not read the document, and need not.
  const reloaded = (domains: readonly string[]) =>
    server.reload(
      changed(configuration, open, {
        clientDocuments: { domains },
        rules: added({
          name: 'the agent acts for people of the described client',
          client: 'agent',
          subject: { issuer: 'self', clients: [id], types: ['access_token'] },
          actor: { clients: ['agent'] },
          grant: { audiences: [BACKEND], scopes: ['read'] },
        }),
      }),
    );
  const asked = host.count('/agent.json');
  await reloaded(['127.0.0.1']);
  assert.equal((await exchange()).status, 200);
  assert.equal(host.count('/agent.json'), asked);
  // A domain that is removed takes the clients with it.
  await reloaded(['localhost']);
  const refused = await exchange();
  assert.deepEqual([refused.status, server.audit(refused)?.reason], [400, 'subject_token_client_disabled']);
});

test('what a person agreed to for an earlier document is not remembered for a later one (CI-05)', async (t) => {
  const { server, id, publish } = await startWorld(t, () => ({ clientDocuments: { scopes: ['read', 'write'] } }));
  const web = 'https://agent.example/callback';
  const form = (scope: string): Form => ask(id, { redirect_uri: web, scope });
  publish({ redirect_uris: [web] });
  const browser = createBrowser(server.issuer);
  await authorizeAs(server, form('read write'), browser);
  assert.ok((await browser.get(authorizationUrl(form('write')))).leftTo !== undefined);
  publish({ redirect_uris: [web], client_name: 'Another name' });
  server.clock.now += 300_001;
  await authorizeAs(server, form('read'), browser);
  assert.ok((await browser.get(authorizationUrl(form('read')))).leftTo !== undefined, 'this one is remembered');
  assert.match((await browser.get(authorizationUrl(form('write')))).text, /name="agree"/);
});

test('a client that describes itself may be the requested actor, whether or not its document was read before', async (t) => {
  const { server, host, id, publish } = await startWorld(t);
  const actor = publish({ client_name: 'Trusty bank' }, '/actor.json');
  const browser = createBrowser(server.issuer);
  await authorizeAs(server, ask(id), browser);
  const asked = await browser.get(authorizationUrl(ask(id, { requested_actor: actor })));
  assert.match(asked.text, /Trusty bank/);
  assert.equal(asked.text.match(/This application is published by/g)?.length, 2, 'its name is its own, too');
  const at = (await browser.submit(asked, { agree: 'yes' })).leftTo ?? assert.fail();
  const answer = await redeem(server, id, at);
  assert.deepEqual(claimsOf(String(answer.body.access_token)).may_act, { iss: server.issuer, sub: actor });
  for (const [behaviour, outcome] of [
    [status(404), 303],
    [status(500), 503],
  ] as const) {
    host.instead.set('/actor.json', behaviour);
    server.clock.now += LATER_MS;
    const page = await goThrough(browser, await browser.get(authorizationUrl(ask(id, { requested_actor: actor }))));
    assert.equal(page.status, outcome);
    assert.equal(page.leftTo?.searchParams.get('error') ?? undefined, outcome === 303 ? 'invalid_request' : undefined);
  }
});

test('a host that does not answer keeps no other client out', async (t) => {
  const { server, id, host } = await startWorld(t);
  const slow = await startIssuer(t);
  const waiting = Array.from({ length: 65 }, (_, index) => {
    slow.instead.set(`/${index}.json`, silence);
    return begin(server, ask(`${slow.url}/${index}.json`));
  });
  while (slow.seen.length < 60) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(host.seen.length, 0);
  assert.equal((await begin(server, ask(id))).status, 200);
  for (const page of await Promise.all(waiting)) assert.equal(page.status, 503);
});

test('an operator revokes the tokens of a client that describes itself, and suspends it', async (t) => {
  const [audience, scopes] = [`\${ISSUER}/admin`, ['admin:write']];
  const { server, id } = await startWorld(t, () => ({
    resources: added({ audience, scopes }),
    clients: added(client('operator', { audiences: [audience], scopes })),
  }));
  const first = await redeem(server, id, await authorizeAs(server, ask(id)));
  const revoked = await admin(server, 'POST /revocations', { body: { client: id } });
  assert.equal(revoked.status, 204, revoked.text);
  assert.deepEqual((await refresh(server, id, first)).body.error, 'invalid_grant');
  const next = await redeem(server, id, await authorizeAs(server, ask(id), createBrowser(server.issuer)));
  assert.equal((await admin(server, 'POST /actors/suspend', { body: { subject: id } })).status, 204);
  assert.equal(server.audit(await refresh(server, id, next))?.reason, 'client_suspended');
  // Nobody signs in to it either, and the row says why.
  const page = await begin(server, ask(id));
  const row = server.audit(page);
  assert.deepEqual(
    [page.status, row?.reason, row?.client, row?.detail],
    [400, 'authorization_client_unknown', id, `${id} is suspended`],
  );
});

test('what an operator asks about a client that describes itself, its document answers', async (t) => {
  const [audience, scopes] = [`\${ISSUER}/admin`, ['admin:read']];
  const { server, id, publish } = await startWorld(t, () => ({
    resources: added({ audience, scopes }),
    clients: added(client('operator', { audiences: [audience], scopes })),
  }));
  for (const route of ['POST /explain', 'POST /targets']) {
    for (const [described, reason] of [
      [publish({}, `/${route.slice(6)}.json`), 'grant_not_allowed'],
      [publish({ redirect_uris: [] }, '/bad.json'), 'client_document_invalid'],
      [`${id}#x`, 'client_unknown'],
    ] as const) {
      const { text } = await admin(server, route, { body: { client: described, subject_token: 'x' } });
      assert.ok(text.includes(reason), `${route} ${reason}: ${text}`);
    }
  }
});

test('an account cannot have the name of a client that may describe itself', async (t) => {
  await assert.rejects(
    startWorld(t, (described) => ({ accounts: added({ username: 'eve', sub: described, password: { plain: 'x' } }) })),
    /a client may have the id .* too, and tokens could not tell them apart/,
  );
});

test('a node with an older document reads it again for a person who saw a later one (CI-05)', async (t) => {
  const { server, host, id, publish } = await startWorld(t);
  const other = await start(t, changed(configuration, open, { issuer: server.issuer }), { folder: server.folder });
  const lost = { grant_type: 'refresh_token', client_id: id, refresh_token: 'unknown' };
  assert.equal((await other.token(lost)).body.error, 'invalid_grant');
  publish({ client_name: 'Another name' });
  const [first, second] = [await authorizeAs(server, ask(id)), await authorizeAs(server, ask(id))];
  assert.equal(host.count('/agent.json'), 2, 'each node has read another document');
  const early = await redeem(other, id, first);
  assert.deepEqual([early.body.error, host.count('/agent.json')], ['invalid_grant', 2], 'it was read a moment ago');
  other.clock.now += 1001;
  const answer = await redeem(other, id, second);
  assert.equal(answer.status, 200, answer.text);
  assert.equal((await refresh(other, id, answer)).status, 200);
});
