// A code issued before the revocation of its person or client is refused, from a browser and from a device.
import { test } from 'node:test';
import { admin, withOperators } from '../support/admin-api.ts';
import { assertIssued, assertRefused } from '../support/basics.ts';
import { createBrowser } from '../support/browser.ts';
import { type Answer, encode, start, type TestServer } from '../support/harness.ts';
import { authorizeAs, configuration, DEVICE, goThrough, redeem, tv } from '../support/people.ts';

const REVOKED = {
  error: 'invalid_grant',
  description: 'The provided code is invalid or expired',
  reason: 'code_revoked',
};

/** A device whose person has agreed, and that has not polled since. */
async function connected(server: TestServer): Promise<() => Promise<Answer>> {
  const device = await server.post('/oauth/device_authorization', encode({ ...tv, scope: 'openid read' }));
  const browser = createBrowser(server.issuer);
  const typed = await browser.submit(await browser.get('/device'), { user_code: String(device.body.user_code) });
  await goThrough(browser, await browser.submit(typed, { confirm: 'yes' }));
  return () => server.token({ grant_type: DEVICE, ...tv, device_code: String(device.body.device_code) });
}

test('refuses a code after the revocation of its person or client', async (t) => {
  const server = await start(t, withOperators(configuration));
  for (const body of [{ subject: 'ada' }, { client: 'web' }, { client: 'tv' }]) {
    const at = await authorizeAs(server, {}, createBrowser(server.issuer));
    const poll = await connected(server);
    await admin(server, 'POST /revocations', { body });
    const isWeb = !('client' in body) || body.client === 'web';
    const isTv = !('client' in body) || body.client === 'tv';
    const [code, device] = [await redeem(server, at), await poll()];
    for (const [answer, revoked] of [
      [code, isWeb],
      [device, isTv],
    ] as const) {
      if (revoked) assertRefused(server, answer, REVOKED, JSON.stringify(body));
      else assertIssued(server, answer, JSON.stringify(body));
    }
    // A later agreement is valid.
    server.clock.now += 10_000;
    assertIssued(server, await redeem(server, await authorizeAs(server, {}, createBrowser(server.issuer))));
    assertIssued(server, await (await connected(server))());
  }
});
