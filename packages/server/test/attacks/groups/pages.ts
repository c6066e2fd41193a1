// W: may another site, or a name, make a person's browser do or show what the person did not mean?
import assert from 'node:assert/strict';
import { admin, withOperators } from '../../support/admin-api.ts';
import { API, client } from '../../support/basics.ts';
import { createBrowser, formOf, type Page } from '../../support/browser.ts';
import { beside } from '../../support/command.ts';
import { added, changed, edited } from '../../support/configuration.ts';
import { read, type TestServer } from '../../support/harness.ts';
import {
  authorizationUrl,
  authorizeAs,
  CALLBACK,
  configuration,
  goThrough,
  redeem,
  startPeople,
} from '../../support/people.ts';
import { startUpstream } from '../../support/upstream.ts';
import { answerOf, FORM, request } from '../../support/wire.ts';
import { group, type Undo } from '../group.ts';

const PERSON = { username: 'ada', password: 'lovelace' };
const EVIL = `"><img src=x onerror=alert(1)>'&`;
const ESCAPED = '&quot;&gt;&lt;img src=x onerror=alert(1)&gt;&#39;&amp;';
const EVIL_CLIENT = client(EVIL, {
  secret: { plain: 'x' },
  grants: ['authorization_code'],
  redirectUris: ['https://evil.example/callback'],
});

interface World {
  readonly server: TestServer;
}

const open = async (undo: Undo): Promise<World> => ({
  server: await startPeople(
    undo,
    changed(withOperators(configuration), {
      resources: edited(API, { scopeNames: { read: `See ${EVIL}` } }),
      clients: added(EVIL_CLIENT),
    }),
  ),
});

/** What a client is registered with. */
const entry = (id: string) => ({
  id,
  auth: 'client_secret_post',
  grants: ['authorization_code'],
  redirectUris: ['https://new.example/callback'],
  scopes: ['openid'],
});

/** A page of every kind, and pages that say no. */
async function pagesOf(server: TestServer): Promise<Readonly<Record<string, Page>>> {
  const browser = createBrowser(server.issuer);
  const signIn = await browser.get(authorizationUrl());
  return {
    'sign in': signIn,
    'a wrong password': await browser.submit(signIn, { ...PERSON, password: 'wrong' }),
    consent: await browser.submit(signIn, PERSON),
    device: await browser.get('/device'),
    'sign out': await browser.get('/oauth/logout'),
    ...(await refusalsOf(server)),
  };
}

async function refusalsOf(server: TestServer): Promise<Readonly<Record<string, Page>>> {
  const browser = createBrowser(server.issuer);
  return {
    'a redirect URI that is not registered': await browser.get(
      authorizationUrl({ redirect_uri: 'https://evil.example' }),
    ),
    'nobody’s interaction': await browser.get('/oauth/interaction/nobody-s'),
    'a form without its page': await browser.post('/oauth/interaction/nobody-s', PERSON),
    'an unknown client': await browser.get(authorizationUrl({ client_id: '<script>' })),
  };
}

export const pages = group('W', 'pages.ts', open, {
  W02: async ({ server }, { attempt, twin }) => {
    for (const name of ['logo_uri', 'tos_uri', 'policy_uri', 'client_uri', 'logoUri', 'tosUri', 'policyUri']) {
      for (const uri of [
        'javascript:alert(1)',
        'data:text/html,<script>alert(1)</script>',
        'https://evil.example/logo',
      ]) {
        const body = { ...entry('new'), [name]: uri };
        const { text } = await attempt(`${name} ${uri}`, admin(server, 'POST /clients', { body }));
        assert.ok(text.includes(name), text);
      }
    }
    for (const uri of ['javascript:alert(1)', 'data:text/html,x', 'http://app.example/callback', '//app.example']) {
      const body = { ...entry('new'), redirectUris: [uri] };
      const { text } = await attempt(`redirectUris ${uri}`, admin(server, 'POST /clients', { body }));
      assert.match(text, /redirectUris/);
    }
    await twin(admin(server, 'POST /clients', { body: entry('new') }));
  },

  W03: async ({ server }, { attempt, twin }) => {
    const browser = createBrowser(server.issuer);
    const page = await browser.get(authorizationUrl());
    const { action, hidden } = formOf(page);
    const evil = 'https://evil.example';
    const places: Readonly<Record<string, Record<string, string>>> = {
      'from another site': { origin: evil, 'sec-fetch-site': 'cross-site' },
      'from another origin of the site': { origin: evil, 'sec-fetch-site': 'same-site' },
      'from nowhere': { origin: 'null' },
      'from another origin, by an old browser': { origin: evil },
    };
    for (const [what, headers] of Object.entries(places)) {
      const answer = await attempt(what, browser.submit(page, PERSON, headers));
      assert.deepEqual([answer.status, server.audit(answer)?.reason], [403, 'post_cross_site'], what);
      const plain = { ...headers, 'content-type': 'text/plain' };
      await attempt(`${what}, as text`, browser.post(action, { ...hidden, ...PERSON }, plain));
    }
    await attempt('as text', browser.post(action, { ...hidden, ...PERSON }, { 'content-type': 'text/plain' }));
    for (const csrf of ['guessed', '', `${hidden.csrf}x`]) {
      const answer = await attempt('without proof', browser.post(action, { ...PERSON, csrf }));
      assert.equal(server.audit(answer)?.reason, 'interaction_unknown');
    }
    await attempt('in another browser', createBrowser(server.issuer).submit(page, PERSON));
    const read = await browser.get(`${action}?${new URLSearchParams({ ...hidden, ...PERSON, agree: 'yes' })}`);
    assert.match(read.text, /name="password"/, 'a GET changes nothing');
    const shared = await fetch(server.issuer + authorizationUrl(), { headers: { origin: evil } });
    assert.equal(shared.headers.get('access-control-allow-origin'), null);
    const { leftTo } = await twin(goThrough(browser, page));
    assert.equal(leftTo?.searchParams.has('code'), true);
  },

  W04: async ({ server }, { attempt, twin }) => {
    for (const [what, page] of Object.entries(await pagesOf(server))) {
      const { headers, text } = await attempt(what, page);
      assert.match(text, /^<!doctype html>/, what);
      const policy = headers.get('content-security-policy') ?? '';
      assert.match(policy, /^default-src 'none'; .*form-action 'self'; frame-ancestors 'none'; base-uri 'none'$/, what);
      const names = ['x-frame-options', 'referrer-policy', 'cache-control', 'x-content-type-options'];
      assert.deepEqual(
        names.map((name) => headers.get(name)),
        ['DENY', 'same-origin', 'no-store', 'nosniff'],
        what,
      );
    }
    await twin(createBrowser(server.issuer).get(authorizationUrl()));
  },

  W06: async ({ server }, { attempt, twin }) => {
    const browser = createBrowser(server.issuer);
    const near = ['https://evil.example/callback', `${CALLBACK}/x`, `${CALLBACK}?x=1`, 'https://APP.example/callback'];
    const hosts = [
      'https://app.example.evil.example/callback',
      'https://app.example@evil.example/callback',
      '//evil.example',
    ];
    const loopback = [
      'http://localhost:9999/callback',
      'http://127.0.0.1.evil.example:8081/callback',
      'https://127.0.0.1:8081/callback',
      'http://127.0.0.1:99999/callback',
    ];
    for (const redirect_uri of [...near, ...hosts, ...loopback, 'javascript:alert(1)', '/callback']) {
      const page = await attempt(redirect_uri, browser.get(authorizationUrl({ redirect_uri })));
      assert.deepEqual([page.status, page.leftTo], [400, undefined], redirect_uri);
      assert.equal(server.audit(page)?.reason, 'redirect_uri_unregistered');
    }
    const unknown = await attempt('an unknown client', browser.get(authorizationUrl({ client_id: 'nobody' })));
    assert.deepEqual([unknown.status, unknown.leftTo], [400, undefined]);
    const { body } = await redeem(server, await authorizeAs(server, {}, browser));
    const leave = (post_logout_redirect_uri: string) =>
      browser.get(
        `/oauth/logout?${new URLSearchParams({ id_token_hint: String(body.id_token), post_logout_redirect_uri })}`,
      );
    for (const away of [
      'https://evil.example/bye',
      'https://app.example/bye/x',
      '//evil.example',
      'javascript:alert(1)',
    ]) {
      const page = await attempt(`sign out to ${away}`, leave(away));
      assert.deepEqual([page.status, page.leftTo], [400, undefined], away);
    }
    await twin(leave('https://app.example/bye'));
    // The port of a loopback address alone may differ.
    const at = await authorizeAs(server, { redirect_uri: 'http://127.0.0.1:54321/callback' });
    assert.equal(at.origin, 'http://127.0.0.1:54321');
  },

  W07: async ({ server }, { after, attempt, twin }) => {
    const formulas = ['=1+1', '+1', '-1', '@SUM(1)', '=cmd|calc', '=HYPERLINK("x")'];
    for (const text of formulas) await attempt(text, server.post('/oauth/token', FORM, { 'x-request-id': text }));
    await twin(server.post('/oauth/token', FORM.replace(/gateway/g, 'machine'), { 'x-request-id': 'plain' }));
    const { code, stdout } = await beside({ after }, server, ['audit search', '--format', 'csv'], { apart: true });
    assert.equal(code, 0);
    for (const text of formulas) {
      const quoted = text.includes('"') ? `"'${text.replaceAll('"', '""')}"` : `'${text}`;
      assert.ok(stdout.includes(`,${quoted},`), text);
    }
    assert.doesNotMatch(stdout, /(^|,)"?[=+@-]/m);
    assert.match(stdout, /,plain,/);
  },

  W08: { because: 'no page takes a token' },

  W10: async ({ server }, { attempt, twin }) => {
    const browser = createBrowser(server.issuer);
    const at = { client_id: EVIL, redirect_uri: 'https://evil.example/callback', scope: 'read' };
    const consent = await browser.submit(await browser.get(authorizationUrl(at)), PERSON);
    for (const [what, page] of Object.entries({ ...(await pagesOf(server)), 'consent for it': consent })) {
      assert.doesNotMatch((await attempt(what, page)).text, /<img|<script/, what);
    }
    assert.ok(
      consent.text.includes(ESCAPED) && consent.text.includes(`See ${ESCAPED}`),
      'the id, and the scope’s name',
    );
    for (const id of ['we\u202eb', 'w\u0435b', 'web\u200b', 'ｗeb', 'we\u0301b']) {
      const answer = await admin(server, 'POST /clients', { body: entry(id) });
      assert.deepEqual(
        [answer.status, answer.text.includes('body.id')],
        [422, true],
        'an id is printable ASCII, and there is no other name',
      );
    }
    await twin(browser.get(authorizationUrl()));
  },

  W11: async ({ server }, { attempt, twin }) => {
    const refusals = await refusalsOf(server);
    const unread = await createBrowser(server.issuer).get('/oauth/interaction/%zz');
    const nowhere = await createBrowser(server.issuer).get('/nowhere?<script>');
    for (const [what, page] of Object.entries({ ...refusals, nowhere, 'a path that cannot be read': unread })) {
      const { status, headers, text } = await attempt(what, page);
      assert.ok(status >= 400 && status < 500, what);
      assert.doesNotMatch(
        text,
        /oidc-provider|fastify|\bat \S+ \(|node_modules|node:|\.ts:|\d+\.\d+\.\d+|<script/i,
        what,
      );
      for (const name of ['server', 'x-powered-by', 'via']) assert.equal(headers.get(name), null, what);
    }
    await twin(createBrowser(server.issuer).get(authorizationUrl()));
  },

  W20: async ({ server }, { attempt, twin }) => {
    const attacker = createBrowser(server.issuer);
    const page = await attacker.get(authorizationUrl());
    const { pathname } = new URL(page.url);
    const uid = pathname.split('/').at(-1) ?? '';
    const planted = [...attacker.cookies].map(([key, value]) => `${key.split(' ')[0]}=${value}`);
    const victim = createBrowser(server.issuer);
    await victim.get(authorizationUrl());
    const own = [...victim.cookies].map(([key, value]) => `${key.split(' ')[0]}=${value}`);
    // What a host beside ours adds to the cookies of the victim's browser: of the old names, and of ours.
    const additions = {
      nothing: [],
      'the names of interactions': [`cambio_interaction=${uid}`, `cambio_resume=${uid}`, `interaction=${uid}`],
      'a secret': planted,
    };
    for (const [what, added] of Object.entries(additions)) {
      const cookie = [...added, ...own].join('; ');
      for (const path of [pathname, `/oauth/authorize/${uid}`, `/device/${uid}`]) {
        const response = await fetch(server.issuer + path, { headers: { cookie }, redirect: 'manual' });
        await attempt(`${path} with ${what}`, read(response));
      }
    }
    await twin(goThrough(victim, await victim.get(authorizationUrl())));
    await twin(goThrough(attacker, page));
  },

  W22: async ({ server }, { attempt, twin }) => {
    const browser = createBrowser(server.issuer);
    await authorizeAs(server, {}, browser);
    const cookies = [...browser.cookies].map(([key, value]) => `${key.split(' ')[0]}=${value}`);
    const get = async (cookie: string) =>
      read(await fetch(server.issuer + authorizationUrl(), { headers: { cookie }, redirect: 'manual' }));
    for (const one of cookies) {
      for (const another of [one, `${one.split('=')[0]}=${'y'.repeat(43)}`]) {
        await attempt(another, get([another, ...cookies].join('; ')));
        await attempt(`${another}, behind`, get([...cookies, another].join('; ')));
      }
    }
    await twin(get(cookies.join('; ')));
  },

  W24: async ({ server }, { attempt, twin }) => {
    const segments = [
      'x'.repeat(65),
      'x'.repeat(12_000),
      'a%2Fb',
      '..%2f..%2foauth%2ftoken',
      '%00',
      'x%0d%0ay',
      '%25',
      ';x',
      '.',
    ];
    segments.push('%ff', '%c0%af', '%ed%a0%80', '%F0%9F%92%A9', '%2e%2e', '..', 'x.y', '%zz', '%');
    for (const place of ['/device/', '/oauth/authorize/', '/oauth/interaction/']) {
      for (const segment of segments) {
        const line = `GET ${place}${segment} HTTP/1.1`;
        const answer = answerOf(await server.raw(request(['Host: x', 'Content-Length: 0'], { line, body: '' })));
        await attempt(`${place}${segment.slice(0, 30)}`, answer);
      }
    }
    await twin(createBrowser(server.issuer).get(authorizationUrl()));
  },

  W23: async (_world, { attempt, twin, after }) => {
    const { server, leave, comeBack } = await startUpstream({ after });
    const now = Math.floor(server.clock.now / 1000);
    const claims = {
      auth_time: [now + 3600, now * 1000, now - 0.5, '1', -1],
      sub: ['', ' ', 'a'.repeat(256), 7],
      acr: [7],
      amr: ['pwd'],
    };
    for (const [name, values] of Object.entries(claims)) {
      for (const value of values) {
        const browser = createBrowser(server.issuer);
        const asked = await leave(browser, { max_age: '60' });
        await attempt(`${name}: ${value}`, comeBack(browser, asked, { auth_time: now, [name]: value }));
        const again = await browser.get(authorizationUrl({ prompt: 'none' }));
        assert.equal(again.leftTo?.searchParams.get('code'), null, 'nobody is signed in');
      }
    }
    const browser = createBrowser(server.issuer);
    const asked = await leave(browser, { max_age: '60' });
    await twin(goThrough(browser, await comeBack(browser, asked, { auth_time: now, acr: 'high', amr: ['pwd'] })));
  },
});
