// How far a token reaches: several targets at once, scope in common, and everything that asks for more.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  API,
  acting,
  assertIssued,
  assertRefused,
  BACKEND,
  configuration,
  exchange,
  forgedToken,
  SCOPE_REFUSED,
  startBasic,
  TARGET_REFUSED,
  withRules,
} from '../support/basics.ts';
import { added, type Configuration, changed, edited } from '../support/configuration.ts';
import { type Answer, claimsOf, type Form, start } from '../support/harness.ts';

const BILLING = 'urn:example:billing';
const STORE = 'https://store.example';

/** Four resources, one of them in two places; a rule that grants three of them. */
const shop = changed(
  withRules(
    `{ name: shop, client: gateway, grant: { audiences: [${API}, ${BACKEND}, ${BILLING}], scopes: [read, write, pay], types: [access_token, jwt] } }`,
  ),
  {
    resources: added(
      {
        audience: BILLING,
        locations: ['https://pay.example/v2', 'https://pay.example/v3'],
        scopes: ['read', 'pay'],
        token: { lifetime: '5m' },
      },
      { audience: STORE, scopes: ['read'] },
    ),
    clients: edited('gateway', { scopes: ['read', 'write', 'pay'] }),
  },
);

const reach = ({ body }: Answer): unknown[] => {
  const { aud, scope } = claimsOf(body.access_token);
  return [aud, scope, body.expires_in];
};

test('several audiences and resources make one token, for all that they name, each once (RFC 8693 section 2.1)', async (t) => {
  const server = await start(t, shop);
  for (const [form, aud, scope, life] of [
    [{ audience: [API, BACKEND] }, [API, BACKEND], 'read', 600],
    [{ audience: [BACKEND, API] }, [BACKEND, API], 'read', 600],
    [{ audience: BILLING, resource: `${API}/v1/orders` }, [BILLING, API], 'read', 300],
    [{ resource: ['https://pay.example/v2/x', `${BACKEND}/api`] }, [BILLING, BACKEND], 'read', 300],
    [{ resource: ['https://pay.example/v2', 'https://pay.example/v3/x'], scope: 'read' }, BILLING, 'read', 300],
    [{ audience: [API, `${API}/`], resource: [`${API}/v1`, `${API}/v1/x`] }, API, 'read write', 3600],
    [{ audience: [API, BACKEND, BILLING] }, [API, BACKEND, BILLING], 'read', 300],
  ] as const) {
    const answer = await exchange(server, form);
    assertIssued(server, answer, JSON.stringify(form));
    assert.deepEqual(reach(answer), [aud, scope, life], JSON.stringify(form));
    assert.equal(server.audit(answer)?.rule, 'shop');
  }
});

test('one target that may not be had refuses all, and which one it was is not told (RFC 8693 section 2.2.2)', async (t) => {
  const server = await start(t, shop);
  for (const [form, reason] of [
    [{ audience: [API, STORE] }, 'target_not_granted'],
    [{ audience: API, resource: STORE }, 'target_not_granted'],
    [{ audience: [API, 'urn:example:nothing'] }, 'target_unknown'],
    [{ audience: API, resource: `${API}/v10` }, 'target_unknown'],
    [{ resource: [`${API}/v1`, 'https://pay.example/v4'] }, 'target_unknown'],
    [{ resource: [`${API}/v1`, '/v1'] }, 'target_malformed'],
    [{ resource: `${API}/v1#here`, audience: API }, 'target_malformed'],
  ] as const) {
    const answer = await exchange(server, form);
    assertRefused(server, answer, { ...TARGET_REFUSED, reason }, JSON.stringify(form));
  }
  assertIssued(server, await exchange(server, { audience: [API, BILLING] }));
});

test('the actor’s scope is its own: it neither widens nor narrows what is done for the subject', async (t) => {
  const server = await startBasic(t);
  for (const scope of ['read write admin', 'read', undefined]) {
    const answer = await exchange(server, { ...(await acting(server, { scope })), scope: 'read write' });
    assertIssued(server, answer);
    assert.equal(answer.body.scope, 'read write');
  }
  const admin = await exchange(server, { ...(await acting(server, { scope: 'admin' })), scope: 'admin' });
  assertRefused(server, admin, { ...SCOPE_REFUSED, reason: 'scope_exceeded' });
});

test('scopes of sign-in never pass an exchange: they belong to no resource', async (t) => {
  const server = await startBasic(t);
  const subject_token = await forgedToken(server, { scope: 'openid profile email offline_access read' });
  const answer = await exchange(server, { subject_token });
  assertIssued(server, answer);
  assert.equal(answer.body.scope, 'read');
  for (const scope of ['openid', 'offline_access', 'read profile']) {
    assertRefused(server, await exchange(server, { subject_token, scope }), {
      ...SCOPE_REFUSED,
      reason: 'scope_exceeded',
    });
  }
});

const needing = (...requiredAcr: readonly string[]): Configuration =>
  changed(configuration, { resources: edited(BACKEND, { requiredAcr }) });

test('a target that needs an acr is out of reach for a subject without it, and no actor makes up for it (RFC 9470 section 2; BU-04)', async (t) => {
  const server = await start(t, needing('gold', 'platinum'));
  const ask = async (acr: unknown, form: Form = {}): Promise<Answer> =>
    exchange(server, { subject_token: await forgedToken(server, { acr }), audience: BACKEND, ...form });
  for (const acr of ['silver', 'Gold', 'gold ', '', undefined, ['gold'], { gold: true }, 1]) {
    const answer = await ask(acr);
    assertRefused(server, answer, { ...TARGET_REFUSED, reason: 'target_needs_acr' }, JSON.stringify(acr));
    assert.ok(server.audit(answer)?.detail?.startsWith(`${BACKEND} needs gold or platinum; `));
    assertIssued(server, await ask(acr, { audience: API }), 'another target has no such need');
  }
  const helped = await ask('silver', await acting(server, { acr: 'gold' }));
  assertRefused(server, helped, { ...TARGET_REFUSED, reason: 'target_needs_acr' });
  assertRefused(server, await ask('silver', { audience: [API, BACKEND] }), {
    ...TARGET_REFUSED,
    reason: 'target_needs_acr',
  });
  for (const acr of ['gold', 'platinum']) {
    const answer = await ask(acr, { audience: [API, BACKEND] });
    assertIssued(server, answer, acr);
    assert.equal(claimsOf(answer.body.access_token).acr, acr, 'copied');
    const again = await exchange(server, { subject_token: String(answer.body.access_token), audience: BACKEND });
    assertIssued(server, again, 'it is still there a hop later');
  }
  const single = await start(t, needing('gold'));
  assertIssued(
    single,
    await exchange(single, { subject_token: await forgedToken(single, { acr: 'gold' }), audience: BACKEND }),
  );
});
