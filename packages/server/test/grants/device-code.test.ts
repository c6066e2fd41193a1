// A device gets its tokens when its person has agreed, and not before (RFC 8628).
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { assertIssued, assertRefused, client } from '../support/basics.ts';
import { type Browser, createBrowser } from '../support/browser.ts';
import { type Answer, claimsOf, encode, everythingIn, type Form, type TestServer } from '../support/harness.ts';
import { configuration, DEVICE, goThrough, startPeople, tv } from '../support/people.ts';

suite('device code', () => {
  const undo: (() => void | Promise<void>)[] = [];
  let server: TestServer;
  let browser: Browser;
  before(async () => {
    const panel = client('panel', {
      auth: 'none',
      secret: undefined,
      grants: ['device_code'],
      scopes: ['openid', 'read'],
    });
    server = await startPeople(
      { after: (work) => void undo.unshift(work as () => void) },
      { ...configuration, clients: [...(configuration.clients as readonly unknown[]), panel] },
    );
    browser = createBrowser(server.issuer);
  });
  after(async () => {
    for (const work of undo) await work();
  });
  const begin = (form: Form = {}): Promise<Answer> =>
    server.post('/oauth/device_authorization', encode({ ...tv, scope: 'openid read', ...form }));
  const poll = (device: Answer, form: Form = {}): Promise<Answer> =>
    server.token({ grant_type: DEVICE, ...tv, device_code: String(device.body.device_code), ...form });
  const type = async (userCode: string) => browser.submit(await browser.get('/device'), { user_code: userCode });

  test('issues tokens to a device after the person has typed the code, compared it, signed in and agreed (DV-01, DV-03, OA-12a)', async () => {
    const device = await begin();
    assert.equal(device.status, 200, device.text);
    assert.deepEqual(Object.keys(device.body).toSorted(), [
      ...['device_code', 'expires_in', 'interval', 'user_code', 'verification_uri', 'verification_uri_complete'],
    ]);
    assert.equal(device.headers.get('cache-control'), 'no-store');
    assert.equal(server.audit(device)?.outcome, 'accepted');
    assertRefused(server, await poll(device), {
      error: 'authorization_pending',
      description: 'The person has not answered yet',
      reason: 'device_code_pending',
    });
    const userCode = String(device.body.user_code);
    assert.match(userCode, /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
    // Typed in lower case and without the dash (DV-03). A link fills the code in, but connects nothing by itself.
    const linked = await browser.get(String(device.body.verification_uri_complete));
    assert.ok(linked.text.includes(`value="${userCode}"`));
    const compare = await browser.submit(linked, { user_code: userCode.toLowerCase().replace('-', '') });
    assert.ok(compare.text.includes(userCode), compare.text);
    const done = await goThrough(browser, await browser.submit(compare, { confirm: 'yes' }));
    assert.match(done.text, /Your device is connected/);
    server.clock.now += 5000;
    const answer = await poll(device);
    assertIssued(server, answer);
    assert.equal(claimsOf(answer.body.access_token).sub, 'ada');
    assert.equal(claimsOf(answer.body.id_token).aud, 'tv');
    assertRefused(server, await poll(device), {
      error: 'invalid_grant',
      description: 'The provided code is invalid or expired',
      reason: 'code_reused',
    });
  });

  test("slows a device that polls too often, refuses another client's code, and expires every code (DV-02)", async () => {
    const device = await begin();
    const pending = { error: 'authorization_pending', description: 'The person has not answered yet' };
    const slower = {
      error: 'slow_down',
      description: 'The client asks too often: wait five seconds longer from now on',
      reason: 'device_code_too_soon',
    };
    assertRefused(server, await poll(device), { ...pending, reason: 'device_code_pending' });
    server.clock.now += 4000;
    assertRefused(server, await poll(device), slower);
    server.clock.now += 9000;
    assertRefused(server, await poll(device), slower);
    server.clock.now += 15_000;
    assertRefused(server, await poll(device), { ...pending, reason: 'device_code_pending' });
    const none = { error: 'invalid_grant', description: 'The provided device code is invalid' };
    const other = { client_id: 'other', client_secret: 'other-secret' };
    assertRefused(server, await poll(device, other), { ...none, reason: 'device_code_client' });
    assertRefused(server, await poll(device, { device_code: 'x' }), { ...none, reason: 'device_code_unknown' });
    server.clock.now += 600_000;
    assertRefused(server, await poll(device), {
      error: 'expired_token',
      description: 'The device code has expired',
      reason: 'device_code_expired',
    });
    assert.match((await type(String(device.body.user_code))).text, /has expired/);
  });

  test('tells the device that the person refused (DV-02)', async () => {
    const device = await begin();
    const compare = await type(String(device.body.user_code));
    assert.match((await browser.submit(compare, { abort: 'yes' })).text, /Nothing was connected/);
    assertRefused(server, await poll(device), {
      error: 'access_denied',
      description: 'The person refused',
      reason: 'device_code_refused',
    });
  });

  test('tells the device that its request was refused, if only the person who signed in could learn it', async () => {
    const panel = { client_id: 'panel', client_secret: undefined };
    for (const [actor, expected] of [
      ['nobody', { error: 'invalid_request', reason: 'device_code_failed' }],
      ['agent', undefined],
    ] as const) {
      const device = await begin({ ...panel, requested_actor: actor });
      assert.equal(device.status, 200, device.text);
      const compare = await type(String(device.body.user_code));
      await goThrough(browser, await browser.submit(compare, { confirm: 'yes' }));
      const answer = await poll(device, panel);
      if (expected === undefined) assertIssued(server, answer);
      else {
        assertRefused(server, answer, { ...expected, description: 'The authorization request is not valid' });
        assert.equal(server.audit(answer)?.detail, 'The requested_actor is not known');
      }
    }
    const rows = (everythingIn(server).audit ?? []) as { reason: string | null; client: string | null }[];
    const ofPages = rows.filter(({ reason }) => reason === 'requested_actor_unknown');
    assert.deepEqual(
      ofPages.map(({ client }) => client?.trim()),
      ['panel'],
    );
  });

  test('counts wrong user codes, and compares none after twenty of them (DV-03)', async () => {
    const page = await browser.get('/device');
    const { status, text } = await browser.submit(page, { user_code: 'BBBB-BBBB' });
    assert.match(text, /No device shows this code/, String(status));
    for (let tries = 1; tries < 20; tries++) await type('BBBB-BBBB');
    assert.equal((await type('BBBB-BBBB')).status, 429);
    server.clock.now += 60_000;
    assert.equal((await type('BBBB-BBBB')).status, 200);
  });

  test('accepts only authenticated clients with the grant, for what they may have', async () => {
    const refused = async (form: Form, expected: string): Promise<void> => {
      const answer = await begin(form);
      assert.equal(answer.body.error, expected, answer.text);
      assert.notEqual(server.audit(answer)?.reason, undefined);
    };
    await refused({ client_secret: 'wrong' }, 'invalid_client');
    await refused({ client_id: 'web', client_secret: 'web-secret' }, 'unauthorized_client');
    await refused({ scope: 'write' }, 'invalid_scope');
    await refused({ resource: 'https://private.example' }, 'invalid_target');
    await refused({ requested_actor: 'nobody' }, 'invalid_request');
    assert.equal((await begin({ requested_actor: 'agent' })).status, 200);
  });
});
