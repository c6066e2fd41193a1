// Requests that another site or another browser sends.
import assert from 'node:assert/strict';
import { createBrowser, formOf } from '../../../support/browser.ts';
import { fetchAnswer, read } from '../../../support/harness.ts';
import { JWKS, json, newKey, privateJwk, status } from '../../../support/issuer.ts';
import { authorizationUrl, authorizeAs, CALLBACK, goThrough, redeem } from '../../../support/people.ts';
import { startUpstream } from '../../../support/upstream.ts';
import { answerOf, request } from '../../../support/wire.ts';
import type { Cases } from '../../group.ts';
import { PERSON, pagesOf, type World } from './world.ts';

export const requests = {
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
    // Only the port of a loopback address may differ.
    const at = await authorizeAs(server, { redirect_uri: 'http://127.0.0.1:54321/callback' });
    assert.equal(at.origin, 'http://127.0.0.1:54321');
  },

  W08: { because: 'no page takes a token' },

  W20: async ({ server }, { attempt, twin }) => {
    const attacker = createBrowser(server.issuer);
    const page = await attacker.get(authorizationUrl());
    const { pathname } = new URL(page.url);
    const uid = pathname.split('/').at(-1) ?? '';
    const planted = [...attacker.cookies].map(([key, value]) => `${key.split(' ')[0]}=${value}`);
    const victim = createBrowser(server.issuer);
    await victim.get(authorizationUrl());
    const own = [...victim.cookies].map(([key, value]) => `${key.split(' ')[0]}=${value}`);
    // Cookies that a sibling host adds to the victim's browser, with old names and current names.
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
      fetchAnswer(server.issuer + authorizationUrl(), { headers: { cookie }, redirect: 'manual' });
    for (const one of cookies) {
      for (const another of [one, `${one.split('=')[0]}=${'y'.repeat(43)}`]) {
        await attempt(another, get([another, ...cookies].join('; ')));
        await attempt(`${another}, behind`, get([...cookies, another].join('; ')));
      }
    }
    await twin(get(cookies.join('; ')));
  },

  W25: async ({ server }, { attempt, twin }) => {
    const attacker = createBrowser(server.issuer);
    const { pathname } = new URL((await attacker.get(authorizationUrl())).url);
    const cookies = [...attacker.cookies].map(([key, value]) => `${key.split(' ')[0]}=${value}`);
    const get = async (cookie: string) => fetchAnswer(server.issuer + pathname, { headers: { cookie } });
    for (const odd of ['\u00a0', '\u0085', '\u00c2\u00a0', '\u00ef\u00bb\u00bf']) {
      const near = {
        before: cookies.map((one) => odd + one),
        after: cookies.map((one) => one.replace('=', `${odd}=`)),
      };
      for (const [where, planted] of Object.entries(near)) {
        const what = `${JSON.stringify(odd)} ${where} the name`;
        const answer = await attempt(what, get(['a=b', ...planted, 'c=d'].join('; ')));
        assert.equal(server.audit(answer)?.reason, 'interaction_unknown', what);
      }
    }
    await twin(get(cookies.join('; ')));
  },

  W26: async (_world, { attempt, twin, after }) => {
    const { idp, server, leave, comeBack } = await startUpstream({ after });
    const asked = () => idp.seen.filter(({ path }) => path === '/token').length;
    idp.instead.set('/token', status(400));
    const browser = createBrowser(server.issuer);
    const left = await leave(browser);
    const state = left.get('state') ?? '';
    const [interaction = '', random = '', mac = ''] = state.split('.');
    const back = (said: string, of = browser) =>
      of.get(`/oauth/interaction/${interaction}/upstream?${new URLSearchParams({ state: said, code: 'x' })}`);
    const forged = [
      `${interaction}.${'A'.repeat(22)}`,
      `${interaction}.${random}`,
      `${interaction}.${'A'.repeat(22)}.${mac}`,
      `${interaction}.${random}.${'A'.repeat(43)}`,
    ];
    for (const said of forged) await attempt(said.slice(interaction.length), back(said));
    const stranger = createBrowser(server.issuer);
    const own = (await leave(stranger)).get('state') ?? '';
    await attempt('the state of another interaction', back(own));
    await attempt('another browser', back(state, stranger));
    assert.equal(asked(), 0, 'nothing is asked of the provider');
    assert.equal((await back(state)).status, 503);
    await attempt('the same answer again', back(state));
    const again = await Promise.all(Array.from({ length: 20 }, () => back(state)));
    for (const answer of again) await attempt('and many times at once', answer);
    assert.equal(asked(), 1, 'one answer is one request');
    server.clock.now += 60_000;
    const person = createBrowser(server.issuer);
    await twin(goThrough(person, await comeBack(person, await leave(person), {})));
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

  W27: async (_world, { attempt, twin, after }) => {
    const { idp, server, leave, comeBack } = await startUpstream({ after });
    const [own = newKey()] = idp.keys;
    const sets = {
      'a private key': [privateJwk(own)],
      'a symmetric key beside it': [own.jwk, { kty: 'oct', k: 'AAAA' }],
      'a key for encryption': [{ ...own.jwk, use: 'enc' }],
      'a member that another reader mends': [{ ...own.jwk, x: `${own.jwk.x}=` }],
    };
    for (const [what, keys] of Object.entries(sets)) {
      idp.instead.set(JWKS, json({ keys }));
      const browser = createBrowser(server.issuer);
      const page = await attempt(what, comeBack(browser, await leave(browser), {}));
      assert.equal(server.audit(page)?.reason, 'upstream_failed', what);
      // Later than the next attempt to fetch the keys.
      server.clock.now += 20_000;
    }
    idp.instead.delete(JWKS);
    const browser = createBrowser(server.issuer);
    await twin(goThrough(browser, await comeBack(browser, await leave(browser), {})));
  },
} satisfies Cases<World>;
