// The client gets exactly what the person agreed to or nothing, even if the configuration has changed since.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { API, assertIssued, assertRefused, BACKEND, SCOPE_REFUSED, TARGET_REFUSED } from '../support/basics.ts';
import { createBrowser } from '../support/browser.ts';
import { all, type Configuration, changed, edited, without } from '../support/configuration.ts';
import { type Answer, claimsOf, encode, type TestServer } from '../support/harness.ts';
import {
  authorizationUrl,
  authorizeAs,
  configuration,
  DEVICE,
  goThrough,
  redeem,
  startPeople,
  tv,
} from '../support/people.ts';

const both = changed(configuration, { clients: edited('tv', { audiences: [API, BACKEND] }) });
const withClients = (changes: Configuration): Configuration =>
  changed(both, { clients: edited('web', changes) }, { clients: edited('tv', changes) });

/** Agrees to `openid read` at the first audience of the client. @returns the form that redeems the code */
const flows: Readonly<Record<string, (server: TestServer) => Promise<() => Promise<Answer>>>> = {
  code: async (server) => {
    const at = await authorizeAs(server);
    return () => redeem(server, at);
  },
  'device code': async (server) => {
    const { body } = await server.post('/oauth/device_authorization', encode({ ...tv, scope: 'openid read' }));
    const browser = createBrowser(server.issuer);
    const typed = await browser.submit(await browser.get('/device'), { user_code: String(body.user_code) });
    const done = await goThrough(browser, await browser.submit(typed, { confirm: 'yes' }));
    assert.match(done.text, /Your device is connected/);
    return () => {
      server.clock.now += 6000;
      return server.token({ grant_type: DEVICE, ...tv, device_code: String(body.device_code) });
    };
  },
};

for (const [what, agree] of Object.entries(flows)) {
  test(`redeems a ${what} for the targets and the scope that the person agreed to, or refuses it`, async (t) => {
    const server = await startPeople(t, both);
    const redeemAfter = async (next: Configuration): Promise<Answer> => {
      const redeems = await agree(server);
      await server.reload(next);
      const answer = await redeems();
      await server.reload(both);
      return answer;
    };
    for (const changes of [
      { audiences: [API, BACKEND] },
      { audiences: [BACKEND, API] },
      { audiences: [BACKEND, API], scopes: ['write', 'read', 'openid', 'email'] },
    ]) {
      const answer = await redeemAfter(withClients(changes));
      assertIssued(server, answer, JSON.stringify(changes));
      const { aud, scope } = claimsOf(answer.body.access_token);
      assert.deepEqual([aud, scope], [API, 'openid read'], JSON.stringify(changes));
      const { agreed } = claimsOf(answer.body.id_token) as { agreed?: { aud?: unknown } };
      assert.deepEqual(agreed?.aud, [API]);
    }
    const gone = { ...TARGET_REFUSED, reason: 'target_not_granted' };
    assertRefused(server, await redeemAfter(withClients({ audiences: [BACKEND] })), gone);
    const noTarget = changed(both, {
      clients: all({ audiences: [BACKEND] }),
      resources: without(API),
      rules: undefined,
    });
    assertRefused(server, await redeemAfter(noTarget), gone, 'the target no longer exists');
    for (const next of [
      withClients({ scopes: ['openid'] }),
      withClients({ scopes: ['read'] }),
      changed(both, { resources: edited(API, { scopes: ['write'], scopeNames: undefined }), rules: undefined }),
    ])
      assertRefused(server, await redeemAfter(next), { ...SCOPE_REFUSED, reason: 'scope_exceeded' });
    assertIssued(server, await redeemAfter(both));
  });
}

test('refuses a consent if the request would now give something else than the page showed', async (t) => {
  const server = await startPeople(t, both);
  const browser = createBrowser(server.issuer);
  const who = { username: 'ada', password: 'lovelace' };
  const page = await browser.submit(await browser.get(authorizationUrl()), who);
  assert.match(page.text, /name="agree"/);
  await server.reload(withClients({ audiences: [BACKEND, API] }));
  const refused = await browser.submit(page, { agree: 'yes' });
  assert.deepEqual([refused.status, refused.leftTo], [400, undefined]);
  await server.reload(both);
  const { leftTo } = await browser.submit(page, { agree: 'yes' });
  assert.ok(leftTo !== undefined);
  const answer = await redeem(server, leftTo);
  assert.equal(claimsOf(answer.body.access_token).aud, API);
});
