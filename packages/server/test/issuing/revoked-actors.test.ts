// Revoking an actor, or the actor of an actor, ends the tokens under each of its names: here, and at its issuer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admin, withOperators } from '../support/admin-api.ts';
import { API, agentBasic, client, configuration, gateway } from '../support/basics.ts';
import { createBrowser } from '../support/browser.ts';
import { added, type Configuration, changed } from '../support/configuration.ts';
import { claimsOf, EXCHANGE, type Form, start, type TestServer, type } from '../support/harness.ts';
import { DISCOVERY, JWKS, json, lifeOf, startIssuer, US } from '../support/issuer.ts';
import { authorizationUrl, goThrough, configuration as people, redeem, UNREACHABLE, web } from '../support/people.ts';

const JWT = type('jwt');
const OURS = type('access_token');

const rule = {
  name: 'anybody',
  client: 'gateway',
  subject: {
    issuer: ['self', 'corp'],
    types: ['access_token', 'jwt'],
    clients: ['gateway', 'agent', 'other', 'helper'],
  },
  actor: {
    issuer: ['self', 'corp'],
    types: ['access_token', 'jwt'],
    clients: ['gateway', 'agent', 'helper'],
    delegated: 'allow',
  },
  grant: { audiences: [API], scopes: ['read', 'write'], types: ['access_token'], maxDepth: 4 },
};
const clients = added(client('helper'), client('other'));

async function startWith(t: Parameters<typeof start>[0], changes: Configuration) {
  const server = await start(t, withOperators(changed(configuration, { clients, rules: [rule], ...changes })));
  const exchanged = async (subject: readonly [string, string], actor?: readonly [string, string]) => {
    const acting: Form = actor ? { actor_token: actor[0], actor_token_type: actor[1] } : {};
    const form = { subject_token: subject[0], subject_token_type: subject[1], audience: API, ...acting };
    const answer = await server.token({ grant_type: EXCHANGE, ...gateway, ...form });
    assert.equal(answer.status, 200, `${answer.text} ${server.audit(answer)?.reason}`);
    return [String(answer.body.access_token), OURS] as const;
  };
  return { server, exchanged };
}

async function isActive(server: TestServer, [token]: readonly [string, string]): Promise<unknown> {
  return (await server.post('/oauth/introspect', new URLSearchParams({ ...gateway, token }).toString())).body.active;
}

const revoke = async (server: TestServer, body: Readonly<Record<string, string | true>>): Promise<void> =>
  assert.equal((await admin(server, 'POST /revocations', { body })).status, 204);

for (const subject of [undefined, '"staff:" + claims.sub']) {
  test(`revokes an actor with a token of ours by its name at its issuer, ${subject ? 'and by a mapped name' : 'and by ours'}`, async (t) => {
    const idp = await startIssuer(t);
    const corp = {
      issuer: idp.url,
      name: 'corp',
      audiences: [US],
      accepts: ['jwt'],
      allowPrivateNetwork: true,
      subject,
    };
    const ours = subject === undefined ? 'corp:alice' : 'staff:alice';
    const names: Record<string, string>[] = [{ subject: 'alice', issuer: idp.url }, { subject: ours }];
    for (const name of names) {
      const { server, exchanged } = await startWith(t, {
        issuers: [corp],
        rules: [changed(rule, { subject: { clients: undefined }, actor: { clients: undefined } })],
      });
      const of = (sub: string) => [idp.sign({ ...lifeOf(server.clock.now), sub }), JWT] as const;
      const alice = await exchanged(of('alice'));
      assert.equal(claimsOf(alice[0]).sub, ours);
      const byOurs = await exchanged(of('bob'), alice);
      const byTheirs = await exchanged(of('bob'), of('alice'));
      const further = await exchanged(of('carol'), byOurs);
      const furthest = await exchanged(of('dora'), further);
      const innocent = await exchanged(of('bob'), await exchanged(of('eve')));
      const hers = [alice, byOurs, byTheirs, further, furthest];
      for (const token of [...hers, innocent]) assert.equal(await isActive(server, token), true);
      await revoke(server, { subject: 'alice', issuer: 'https://another.example', unknown: true });
      await revoke(server, { subject: 'alice' });
      for (const token of hers) assert.equal(await isActive(server, token), true, 'another of this name');
      await revoke(server, name);
      for (const [index, token] of hers.entries())
        assert.equal(await isActive(server, token), false, `${JSON.stringify(name)} ${index}`);
      assert.equal(await isActive(server, innocent), true);
    }
  });
}

test("revokes tokens obtained with an actor's token, even if they do not name the actor", async (t) => {
  const { server, exchanged } = await startWith(t, {});
  const own = async (id: string) => {
    const answer = await server.token({
      grant_type: 'client_credentials',
      client_id: id,
      client_secret: `${id}-secret`,
    });
    return [String(answer.body.access_token), OURS] as const;
  };
  const { body } = await server.token({ grant_type: 'client_credentials' }, agentBasic);
  const agent = [String(body.access_token), OURS] as const;
  const parent = await exchanged(agent, await own('helper'));
  const descendant = await exchanged(await own('other'), parent);
  assert.deepEqual(claimsOf(descendant[0]).act, { sub: 'agent', iss: server.issuer });
  const innocent = await exchanged(await own('other'), agent);
  for (const token of [parent, descendant, innocent]) assert.equal(await isActive(server, token), true);
  await revoke(server, { subject: 'helper' });
  assert.deepEqual(
    [await isActive(server, parent), await isActive(server, descendant), await isActive(server, innocent)],
    [false, false, true],
  );
});

test("revokes a person of upstream by the provider's name, including their refresh tokens", async (t) => {
  const idp = await startIssuer(t);
  const endpoints = { authorization_endpoint: `${idp.url}/authorize`, token_endpoint: `${idp.url}/token` };
  const metadata = { issuer: idp.url, jwks_uri: idp.url + JWKS, ...endpoints };
  idp.instead.set(DISCOVERY, json({ ...metadata, id_token_signing_alg_values_supported: ['ES256'] }));
  const corp = { issuer: idp.url, name: 'corp', audiences: [US], accepts: ['jwt'], allowPrivateNetwork: true };
  const server = await start(
    t,
    withOperators({
      ...people,
      upstream: { ...UNREACHABLE, issuer: idp.url },
      issuers: [{ ...corp, subject: '"staff:" + claims.sub' }],
    }),
  );
  const signIn = async (sub: string) => {
    const browser = createBrowser(server.issuer);
    const page = await browser.get(authorizationUrl({ scope: 'openid read offline_access' }));
    const [, link = ''] = /href="([^"]*)"[^>]*>Continue with <bdi>corp</.exec(page.text) ?? [];
    const asked = (await browser.get(link)).leftTo?.searchParams;
    const nonce = asked?.get('nonce');
    const tokens = { access_token: 'x', token_type: 'Bearer', expires_in: 60 };
    idp.instead.set('/token', json({ ...tokens, id_token: idp.sign({ sub, aud: 'us', nonce }) }));
    const back = new URLSearchParams({ state: String(asked?.get('state')), code: 'c' });
    const { leftTo } = await goThrough(browser, await browser.get(`/oauth/upstream?${back}`));
    assert.ok(leftTo);
    return (await redeem(server, leftTo)).body;
  };
  const [ada, eve] = [await signIn('ada'), await signIn('eve')];
  assert.equal(claimsOf(ada.access_token).sub, 'corp:ada');
  const refreshed = ({ refresh_token }: typeof ada) =>
    server.token({ grant_type: 'refresh_token', ...web, refresh_token: String(refresh_token) });
  const active = async ({ access_token: token }: typeof ada) =>
    (await server.post('/oauth/introspect', new URLSearchParams({ ...web, token: String(token) }).toString())).body
      .active;
  await revoke(server, { subject: 'ada', issuer: 'https://another.example', unknown: true });
  assert.deepEqual([await active(ada), await active(eve)], [true, true]);
  await revoke(server, { subject: 'ada', issuer: idp.url });
  assert.deepEqual([await active(ada), await active(eve)], [false, true]);
  assert.deepEqual([(await refreshed(ada)).status, (await refreshed(eve)).status], [400, 200]);
});
