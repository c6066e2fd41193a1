// Correct, wrong and many passwords: the page that the person gets, and the audit row.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { createBrowser, type Page } from '../support/browser.ts';
import { changed } from '../support/configuration.ts';
import type { TestServer } from '../support/harness.ts';
import { status } from '../support/issuer.ts';
import { authorizationUrl, configuration, startPeople, UNREACHABLE } from '../support/people.ts';
import { startUpstream } from '../support/upstream.ts';

suite('a password', () => {
  const undo: (() => unknown)[] = [];
  let server: TestServer;
  before(async () => {
    const behindProxy = changed(configuration, { server: { trustProxy: ['127.0.0.1'] } });
    server = await startPeople({ after: (work) => void undo.unshift(work as () => unknown) }, behindProxy);
  });
  after(async () => {
    for (const work of undo) await work();
  });

  const from = (address: string) => ({ 'x-forwarded-for': address });

  /** Posts a username and a password from an address, and returns the page. */
  async function attempt(address: string, username: string, password: string): Promise<Page> {
    const browser = createBrowser(server.issuer);
    const page = await browser.get(authorizationUrl(), from(address));
    return browser.submit(page, { username, password }, from(address));
  }

  test('that is wrong and a name that does not exist get the same page; only the audit row has the account', async () => {
    const wrong = await attempt('192.0.2.1', 'ada', 'guess');
    const unknown = await attempt('192.0.2.1', 'eve', 'guess');
    // Ignore the parts that differ for each interaction.
    const comparable = ({ status, text }: Page) => [
      status,
      text.replace(/name="csrf" value="[^"]*"|action="[^"]*"/g, '').replace(/value="(ada|eve)"/, ''),
    ];
    assert.deepEqual(comparable(wrong), comparable(unknown));
    assert.match(wrong.text, /Wrong username or password\./);
    const rows = [wrong, unknown].map((page) => server.audit(page));
    for (const row of rows) {
      assert.deepEqual(
        [row?.action, row?.outcome, row?.reason, row?.client, row?.address],
        ['sign_in', 'refused', 'sign_in_credentials', 'web', '192.0.2.1'],
      );
      assert.doesNotMatch(JSON.stringify(row), /guess|eve/);
    }
    assert.deepEqual(
      rows.map((row) => row?.principal?.sub),
      ['ada', undefined],
    );
    const good = await attempt('192.0.2.1', ' ADA', 'lovelace');
    assert.match(good.text, /name="agree"/);
  });

  test('that was wrong too often must wait, for existing names and others; from another address the person signs in', async () => {
    for (const username of ['bob', 'nobody']) {
      for (let count = 0; count < 5; count++) assert.equal((await attempt('192.0.2.2', username, 'guess')).status, 400);
      const refused = await attempt('192.0.2.2', username, 'builder');
      assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '1']);
      assert.match(refused.text, /Too many attempts\. Wait a while, then try again\./);
    }
    assert.match((await attempt('192.0.2.3', 'bob', 'builder')).text, /name="agree"/);
    server.clock.now += 1000;
    assert.match((await attempt('192.0.2.2', 'bob', 'builder')).text, /name="agree"/);
  });
});

test('if the upstream provider cannot be reached, a page says so, the audit row says why, and passwords still work', async (t) => {
  const server = await startPeople(t, changed(configuration, { upstream: UNREACHABLE }));
  const browser = createBrowser(server.issuer);
  const signIn = await browser.get(authorizationUrl());
  const [, link = ''] = /href="([^"]*)"[^>]*>Continue with <bdi>corp</.exec(signIn.text) ?? [];
  const failed = await browser.get(link);
  assert.deepEqual([failed.status, failed.headers.get('retry-after')], [503, '1']);
  assert.match(failed.text, /The other sign-in service did not answer as it should: try again later\./);
  assert.doesNotMatch(failed.text, /127\.0\.0\.1:9|ECONNREFUSED/);
  const row = server.audit(failed);
  assert.deepEqual(
    [row?.action, row?.outcome, row?.reason, row?.provider],
    ['sign_in', 'failed', 'upstream_failed', 'corp'],
  );
  assert.match(row?.detail ?? '', /ECONNREFUSED/);
  assert.match((await browser.submit(signIn, { username: 'ada', password: 'lovelace' })).text, /name="agree"/);
});

test('accepts an answer of the upstream provider only from the browser that started the sign-in (login CSRF)', async (t) => {
  const { idp, server, leave } = await startUpstream(t);
  idp.instead.set('/token', status(400));
  const attacker = createBrowser(server.issuer);
  const state = (await leave(attacker)).get('state') ?? '';
  const back = `/oauth/upstream?${new URLSearchParams({ state, code: 'of-the-attacker', iss: idp.url })}`;
  const victim = createBrowser(server.issuer);
  await victim.get(authorizationUrl());
  const refused = await victim.get(back);
  assert.deepEqual([refused.status, server.audit(refused)?.reason], [400, 'interaction_unknown']);
  const nonsense = await victim.get('/oauth/upstream?state=nonsense&code=x');
  assert.deepEqual([nonsense.status, server.audit(nonsense)?.reason], [400, 'interaction_unknown']);
  // The attacker signs in at the provider in another browser.
  const own = await attacker.get(back);
  assert.deepEqual([own.status, server.audit(own)?.reason], [503, 'upstream_failed']);
  const without = await startPeople(t);
  assert.equal((await createBrowser(without.issuer).get('/oauth/upstream?state=x')).status, 404);
});
