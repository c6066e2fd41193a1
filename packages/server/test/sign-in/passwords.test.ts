// What a person gets who types a password, a wrong one, or many; and what the audit row tells of it.
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

  /** From an address, the page that answers these. */
  async function attempt(address: string, username: string, password: string): Promise<Page> {
    const browser = createBrowser(server.issuer);
    const page = await browser.get(authorizationUrl(), from(address));
    return browser.submit(page, { username, password }, from(address));
  }

  test('that is wrong, and a name that nobody has, get the same page; the row alone knows whose name it was', async () => {
    const wrong = await attempt('192.0.2.1', 'ada', 'guess');
    const unknown = await attempt('192.0.2.1', 'eve', 'guess');
    // All but what each interaction has of its own.
    const told = ({ status, text }: Page) => [
      status,
      text.replace(/name="csrf" value="[^"]*"|action="[^"]*"/g, '').replace(/value="(ada|eve)"/, ''),
    ];
    assert.deepEqual(told(wrong), told(unknown));
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

  test('that was wrong too often has to wait, whoever is meant; from elsewhere the person signs in', async () => {
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

test('where another provider cannot be reached, a page says so, the row why, and a password still does', async (t) => {
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

test('an answer of another provider is taken by the browser alone that set out for it (login CSRF)', async (t) => {
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
  // The attacker's own browser gets as far as the provider.
  const own = await attacker.get(back);
  assert.deepEqual([own.status, server.audit(own)?.reason], [503, 'upstream_failed']);
  const without = await startPeople(t);
  assert.equal((await createBrowser(without.issuer).get('/oauth/upstream?state=x')).status, 404);
});
