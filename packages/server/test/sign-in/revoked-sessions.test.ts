// A revocation ends sessions, even if a request that was running at the time stores the session again.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import { test } from 'node:test';
import { admin, withOperators } from '../support/admin-api.ts';
import { type Browser, createBrowser, type Page } from '../support/browser.ts';
import { start, type TestServer } from '../support/harness.ts';
import { authorizationUrl, authorizeAs, configuration, goThrough, redeem } from '../support/people.ts';

const people = withOperators(configuration);

/** Requests with prompt=none, and returns the error or that there is a code. */
async function silently(browser: Browser, changed: Record<string, string> = {}): Promise<string> {
  const { leftTo } = await browser.get(authorizationUrl({ prompt: 'none', ...changed }));
  return leftTo?.searchParams.get('error') ?? (leftTo?.searchParams.has('code') ? 'code' : 'nothing');
}

/** Restores the stored state of sign-in, as a request does that began before. @returns the function that restores it */
function remembering({ folder }: TestServer): () => void {
  const use = (work: (database: DatabaseSync) => void): void => {
    const database = new DatabaseSync(join(folder, 'cambio.db'), { timeout: 5000 });
    work(database);
    database.close();
  };
  let rows: Record<string, SQLOutputValue>[] = [];
  use((database) => {
    rows = database.prepare('select * from sign_in_artifacts').all();
  });
  return () =>
    use((database) => {
      for (const row of rows) {
        const names = Object.keys(row);
        const places = names.map(() => '?').join(', ');
        database
          .prepare(`insert or replace into sign_in_artifacts (${names.join(', ')}) values (${places})`)
          .run(...Object.values(row));
      }
    });
}

const revoke = async (server: TestServer, body: object): Promise<void> => {
  assert.equal((await admin(server, 'POST /revocations', { body })).status, 204);
};

const asksWho = ({ text }: Page): boolean => text.includes('name="password"');
const asksConsent = ({ text }: Page): boolean => text.includes('name="agree"');

test('ignores a session that a running request stored again after everything was revoked', async (t) => {
  const server = await start(t, people);
  const browser = createBrowser(server.issuer);
  const code = await authorizeAs(server, {}, browser);
  const putBack = remembering(server);
  assert.equal(await silently(browser), 'code');
  await revoke(server, { all: true });
  putBack();
  assert.equal(await silently(browser), 'login_required');
  assert.equal((await redeem(server, code)).body.error, 'invalid_grant');
  // A new sign-in works.
  assert.equal((await redeem(server, await authorizeAs(server, {}, browser))).status, 200);
  assert.equal(await silently(browser), 'code');
});

test('refuses a sign-in page that was opened before everything was revoked', async (t) => {
  const server = await start(t, people);
  const browser = createBrowser(server.issuer);
  const page = await browser.get(authorizationUrl());
  const putBack = remembering(server);
  await revoke(server, { all: true });
  putBack();
  const after = await goThrough(browser, page);
  assert.equal(after.leftTo, undefined);
  assert.equal(server.audit(after)?.reason, 'interaction_unknown');
  assert.equal((await redeem(server, await authorizeAs(server, {}, browser))).status, 200);
});

test('revoking a person ends the sessions of that person only', async (t) => {
  const server = await start(t, people);
  const [ada, bob] = [createBrowser(server.issuer), createBrowser(server.issuer)];
  await authorizeAs(server, {}, ada);
  await goThrough(bob, await bob.get(authorizationUrl()), { username: 'bob', password: 'builder' });
  assert.deepEqual([await silently(ada), await silently(bob)], ['code', 'code']);
  await revoke(server, { subject: 'ada' });
  assert.deepEqual([await silently(ada), await silently(bob)], ['login_required', 'code']);
  assert.ok(asksWho(await ada.get(authorizationUrl())));
  assert.equal((await redeem(server, await authorizeAs(server, {}, ada))).status, 200);
  assert.equal(await silently(ada), 'code');
});

test('ignores a session that a running request stored again after the person signed out', async (t) => {
  const server = await start(t, people);
  const browser = createBrowser(server.issuer);
  await authorizeAs(server, {}, browser);
  const other = createBrowser(server.issuer);
  for (const [name, value] of browser.cookies) other.cookies.set(name, value);
  const putBack = remembering(server);
  const page = await browser.get('/oauth/logout');
  assert.equal(await silently(other), 'code');
  assert.equal((await browser.submit(page, { logout: 'yes' })).status, 200);
  putBack();
  assert.equal(await silently(other), 'login_required');
  assert.ok(asksWho(await other.get(authorizationUrl())));
  assert.equal((await redeem(server, await authorizeAs(server, {}, other))).status, 200);
});

test('a consent ends with its client: a later client with the same id needs a new one', async (t) => {
  const server = await start(t, people);
  const register = async (redirectUri: string) => {
    const body = {
      ...{ id: 'x', auth: 'client_secret_post', grants: ['authorization_code'], redirectUris: [redirectUri] },
      ...{ audiences: ['https://api.example'], scopes: ['openid', 'read'] },
    };
    assert.equal((await admin(server, 'POST /clients', { body })).status, 201);
    return { client_id: 'x', redirect_uri: redirectUri };
  };
  const browser = createBrowser(server.issuer);
  const first = await register('https://old.example/callback');
  await goThrough(browser, await browser.get(authorizationUrl(first)));
  await authorizeAs(server, {}, browser);
  assert.deepEqual([await silently(browser, first), await silently(browser)], ['code', 'code']);
  const putBack = remembering(server);
  assert.equal((await admin(server, 'DELETE /clients/x', { headers: { 'if-match': '*' } })).status, 204);
  const second = await register('https://new.example/callback');
  putBack();
  assert.deepEqual([await silently(browser, second), await silently(browser)], ['consent_required', 'code']);
  const page = await browser.get(authorizationUrl(second));
  assert.ok(asksConsent(page));
  const { leftTo } = await goThrough(browser, page);
  assert.ok(leftTo?.searchParams.has('code'));
  assert.equal(await silently(browser, second), 'code');
});

test('revoking a client requires new consent for it, and ends no session', async (t) => {
  const server = await start(t, people);
  const browser = createBrowser(server.issuer);
  await authorizeAs(server, {}, browser);
  await revoke(server, { client: 'web' });
  assert.equal(await silently(browser), 'consent_required');
  assert.equal((await redeem(server, await authorizeAs(server, {}, browser))).status, 200);
  assert.equal(await silently(browser), 'code');
});
