// A claim of the upstream provider with a wrong type or size refuses the sign-in, and never causes a 500.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { readUpstreamClaims } from '../../src/sign-in/upstream-claims.ts';
import { createBrowser } from '../support/browser.ts';
import { claimsOf, type TestServer } from '../support/harness.ts';
import type { Claims } from '../support/issuer.ts';
import { authorizationUrl, goThrough, redeem } from '../support/people.ts';
import { startUpstream, type UpstreamWorld } from '../support/upstream.ts';

const NOW = 1_800_000_000;

test('refuses claims with a wrong type or size, and returns valid ones unchanged', () => {
  const faults: readonly Claims[] = [
    ...[
      undefined,
      null,
      '',
      ' ',
      ' ada',
      'ada ',
      'a'.repeat(256),
      'ädä',
      'a\0',
      'a\n',
      7,
      true,
      {},
      ['ada'],
      { toString: 1 },
    ].map((sub) => ({ sub })),
    ...[null, '', 7, {}, ['high'], 'x'.repeat(256), 'a\u202eb'].map((acr) => ({ sub: 'ada', acr })),
    ...[null, 'pwd', {}, [7], [''], [['pwd']], Array(33).fill('pwd'), ['x'.repeat(256)]].map((amr) => ({
      sub: 'ada',
      amr,
    })),
    ...[null, '1', {}, [], -1, 1.5, NOW + 31, NOW + 1e9, 1e300, 2 ** 53, NOW * 1000].map((auth_time) => ({
      sub: 'ada',
      auth_time,
    })),
  ];
  for (const claims of faults)
    assert.throws(() => readUpstreamClaims(claims as never, NOW), Error, JSON.stringify(claims));
  const good = {
    sub: 'a'.repeat(255),
    acr: 'high',
    amr: ['pwd', 'otp'],
    auth_time: NOW - 60,
    email: 'ada@idp.example',
  };
  const { sub, acr, amr, auth_time } = good;
  assert.deepEqual(readUpstreamClaims(good, NOW), {
    sub,
    username: good.email,
    authentication: { acr, amr, auth_time },
  });
  assert.deepEqual(readUpstreamClaims({ sub: 'a b' }, NOW), { sub: 'a b', username: undefined, authentication: {} });
  // A clock that is a little ahead is accepted, and does not extend the session.
  assert.equal(readUpstreamClaims({ sub: 'ada', auth_time: NOW + 30 }, NOW).authentication.auth_time, NOW);
  // The name is only shown, so it may be anything.
  assert.equal(
    readUpstreamClaims({ sub: 'ada', preferred_username: {}, email: 'x'.repeat(256) }, NOW).username,
    undefined,
  );
});

suite('a sign-in at another provider', () => {
  const undo: (() => unknown)[] = [];
  let world: UpstreamWorld;
  let server: TestServer;
  before(async () => {
    world = await startUpstream({ after: (work: () => unknown) => void undo.unshift(work) } as never);
    server = world.server;
  });
  after(async () => {
    for (const work of undo) await work();
  });

  const now = (): number => Math.floor(server.clock.now / 1000);

  test('with a time in the future, a fraction of one, or an empty subject is refused, and the row says why (W23)', async () => {
    const faults: Readonly<Record<string, Claims>> = {
      'auth_time is in the future': { auth_time: now() + 3600 },
      'auth_time is not a time in whole seconds': { auth_time: now() - 60.5 },
      'sub is not a text of 1 to 255 ASCII characters': { sub: '' },
      'acr is not a short text': { acr: ['high'] },
      'amr is not a list of short texts': { amr: 'pwd' },
    };
    for (const [detail, claims] of Object.entries(faults)) {
      for (const changed of [{}, { max_age: '60' }]) {
        const browser = createBrowser(server.issuer);
        const page = await world.comeBack(browser, await world.leave(browser, changed), {
          auth_time: now(),
          ...claims,
        });
        assert.equal(page.status, 503, `${detail} ${page.text}`);
        const row = server.audit(page);
        assert.deepEqual([row?.reason, row?.detail], ['upstream_failed', detail]);
        const again = await browser.get(authorizationUrl());
        assert.match(again.text, /name="password"/, 'nobody is signed in');
      }
    }
    const browser = createBrowser(server.issuer);
    const page = await world.comeBack(browser, await world.leave(browser, { max_age: '60' }), {
      auth_time: now() + 20,
      amr: ['otp'],
    });
    const { leftTo } = await goThrough(browser, page);
    assert.ok(leftTo !== undefined, page.text);
    const { auth_time, sub } = claimsOf((await redeem(server, leftTo)).body.id_token);
    assert.deepEqual([sub, Number(auth_time) <= now()], ['corp:ada', true]);
  });

  test('must be new if the client requires it: an earlier one is refused (prompt=login)', async () => {
    const early = createBrowser(server.issuer);
    const asked = await world.leave(early, { prompt: 'login' });
    assert.equal(asked.get('prompt'), 'login');
    const refused = await world.comeBack(early, asked, { auth_time: now() - 3600 });
    assert.deepEqual(
      [refused.status, server.audit(refused)?.detail],
      [503, 'the person did not sign in anew, as prompt=login asks'],
    );
    const anew = createBrowser(server.issuer);
    const page = await world.comeBack(anew, await world.leave(anew, { prompt: 'login' }), { auth_time: now() });
    assert.ok((await goThrough(anew, page)).leftTo?.searchParams.has('code'), page.text);
  });

  test('that returns with odd parameters is refused with a page', async () => {
    const browser = createBrowser(server.issuer);
    // The failures of earlier tests no longer count.
    server.clock.now += 60_000;
    /** Gets a new state, 6 s later: a state works once, and the failures of an address per minute are limited. */
    const newState = async (): Promise<string> => {
      server.clock.now += 6000;
      return (await world.leave(browser)).get('state') ?? '';
    };
    const values = [
      '',
      ' ',
      '%',
      '%zz',
      '\u0001',
      '"><script>',
      'a'.repeat(4000),
      '{"a":1}',
      'https://',
      '//x',
      '[]',
      '\u{1f600}',
      '__proto__',
      'constructor',
    ];
    for (const value of values) {
      for (const name of ['iss', 'code', 'error', 'state']) {
        const answer = new URLSearchParams({ state: await newState(), code: 'a-code', [name]: value });
        const { status, text } = await browser.get(`/oauth/upstream?${answer}`);
        assert.ok(status === 400 || status === 503 || status === 403, `${name} ${value}: ${status} ${text}`);
      }
    }
    for (const raw of [
      '%',
      '%ff',
      '%00',
      'a=%ff',
      'state=STATE&state=STATE',
      'state=STATE&code=a&code=b',
      'state=STATE&code=a&iss=a&iss=b',
      'state=STATE&iss=%ff',
    ]) {
      const state = await newState();
      const { status } = await browser.get(`/oauth/upstream?${raw.replaceAll('STATE', state)}`);
      assert.ok(status === 400 || status === 503, `${raw}: ${status}`);
    }
    const page = await world.comeBack(browser, await world.leave(browser), { auth_time: now() });
    assert.ok((await goThrough(browser, page)).leftTo?.searchParams.has('code'), page.text);
  });
});
