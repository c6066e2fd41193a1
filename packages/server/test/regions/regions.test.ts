import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { createMessages } from '../../src/regions/messages.ts';
import { admin, withOperators } from '../support/admin-api.ts';
import { API, configuration } from '../support/basics.ts';
import { added, changed, edited } from '../support/configuration.ts';
import { type Answer, claimsOf, EXCHANGE, type Form, type TestServer, type } from '../support/harness.ts';
import { eventually } from '../support/node.ts';
import { newProver } from '../support/prover.ts';
import { ISSUER, startWorld } from '../support/regions.ts';

const OPAQUE = 'https://opaque.example';
const base = withOperators(
  changed(configuration, {
    resources: added({ audience: OPAQUE, scopes: ['read'], token: { format: 'opaque' } }),
    clients: edited('gateway', {
      grants: ['client_credentials', 'token_exchange', 'refresh_token'],
      audiences: [API, OPAQUE],
    }),
    rules: edited('gateway', {
      grant: { audiences: [API], scopes: ['read'], types: ['access_token', 'refresh_token'] },
    }),
  }),
  ISSUER,
);
const gateway = { client_id: 'gateway', client_secret: 'gateway-secret' };
const textOf = ({ body, text, status }: Answer): string => {
  assert.equal(status, 200, text);
  return String(body.access_token);
};
const own = async (server: TestServer, audience = API): Promise<string> =>
  textOf(await server.token({ ...gateway, grant_type: 'client_credentials', audience }));
const exchange = (server: TestServer, token: string, more: Form = {}, headers?: Record<string, string>) =>
  server.token(
    {
      ...gateway,
      grant_type: EXCHANGE,
      subject_token: token,
      subject_token_type: type('access_token'),
      audience: API,
      ...more,
    },
    headers,
  );
const ask = (server: TestServer, path: string, token: string) =>
  server.post(path, new URLSearchParams({ ...gateway, token }).toString());
const answered = (status: number) => (answer: Answer) => answer.status === status;
const start = async (t: Parameters<typeof startWorld>[0], options = {}) => {
  const world = await startWorld(t, { configuration: base, ...options });
  // Each has read the other.
  for (const [from, to] of [
    [world.us, world.eu],
    [world.eu, world.us],
  ] as const) {
    const token = await own(from);
    await eventually(() => exchange(to, token), answered(200));
  }
  return world;
};

const server400 = async (server: TestServer, refresh: string): Promise<Answer> => {
  const answer = await server.token({ ...gateway, grant_type: 'refresh_token', refresh_token: refresh });
  assert.equal(answer.status, 400, answer.text);
  return answer;
};

test('two regions', async (t) => {
  const world = await start(t);
  await t.test('a token of one region is exchanged in the other, until a region revokes it', async () => {
    const { eu, us } = world;
    const [token, kept] = [await own(us), await own(us)];
    const derived = textOf(await exchange(eu, token));
    assert.equal((await ask(us, '/oauth/revoke', token)).status, 200);
    await eventually(() => exchange(eu, token), answered(400));
    assert.equal((await exchange(eu, derived)).status, 400, 'it derives from the revoked token');
    assert.equal((await ask(eu, '/oauth/introspect', token)).body.active, false);
    textOf(await exchange(eu, kept));
    // In the other direction, the region that issued the token has read it when the answer comes.
    assert.equal((await ask(eu, '/oauth/revoke', kept)).status, 200);
    assert.equal((await ask(us, '/oauth/introspect', kept)).body.active, false);
  });

  await t.test('a refresh token for a token of another region ends with that token', async () => {
    const { eu, us } = world;
    const refreshEnd = async (server: TestServer, token: string): Promise<number | undefined> => {
      const answer = await exchange(server, token, { requested_token_type: type('refresh_token') });
      return server.audit(answer)?.issued?.find((one) => one.type === 'refresh_token')?.expiresAt;
    };
    const token = await own(us);
    const end = Number(claimsOf(token).exp);
    assert.ok(Number(await refreshEnd(us, token)) > end, 'the region that issued it knows all that it derives from');
    assert.equal(await refreshEnd(eu, token), end);
    // Of the same region, and derives from a token of the other one.
    const derived = textOf(await exchange(eu, token));
    assert.equal(await refreshEnd(eu, derived), claimsOf(derived).exp);
    assert.ok(Number(await refreshEnd(eu, await own(eu))) > end);
  });

  await t.test('every region publishes the keys of all regions, and signs with its own', async () => {
    const { eu, us } = world;
    const kids = async ({ issuer }: TestServer): Promise<string[]> => {
      const answer = await fetch(`${issuer}/.well-known/jwks.json`);
      return ((await answer.json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid).toSorted();
    };
    const kidOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;
    assert.deepEqual(await kids(eu), await kids(us));
    assert.deepEqual(await kids(eu), [kidOf(await own(eu)), kidOf(await own(us))].toSorted());
  });

  await t.test(
    'a region that cannot read another one refuses its tokens after staleAfter, and its own go on',
    async () => {
      const { eu, us, toUs } = world;
      const [token, mine] = [await own(us), await own(eu)];
      const derived = textOf(await exchange(eu, token));
      const theirs = textOf(await exchange(us, mine));
      toUs.cut();
      const refused = await eventually(() => exchange(eu.once, token), answered(503));
      assert.equal(refused.body.error, 'temporarily_unavailable');
      assert.match(eu.audit(refused)?.detail ?? '', /the region us was not read for 3 s/);
      assert.equal((await exchange(eu.once, derived)).status, 503, 'it derives from a token of the region');
      assert.equal((await ask(eu.once, '/oauth/introspect', token)).status, 503);
      textOf(await exchange(eu, mine));
      textOf(await exchange(us, theirs));
      const ready = (await (await fetch(`${eu.issuer}/readyz`)).json()) as {
        status: string;
        warnings: { reason: string }[];
      };
      assert.equal(ready.status, 'ok');
      assert.deepEqual(
        ready.warnings.map(({ reason }) => reason),
        ['regions_unread'],
      );
      // What was revoked meanwhile is refused when the link is back.
      assert.equal((await ask(us, '/oauth/revoke', token)).status, 200);
      toUs.mend();
      await eventually(() => exchange(eu, token), answered(400));
      assert.equal((await exchange(eu, derived)).status, 400);
    },
  );

  await t.test('a revocation of a token of another region is answered 503 until that region has read it', async () => {
    const { eu, us, toEu } = world;
    const token = await own(us);
    toEu.cut();
    const refused = await ask(eu.once, '/oauth/revoke', token);
    assert.equal(refused.status, 503, refused.text);
    assert.equal((await ask(eu, '/oauth/introspect', token)).body.active, false, 'it is in force here');
    assert.equal((await ask(us, '/oauth/introspect', token)).body.active, true);
    toEu.mend();
    await eventually(() => ask(eu, '/oauth/revoke', token), answered(200));
    assert.equal((await ask(us, '/oauth/introspect', token)).body.active, false);
  });

  await t.test(
    'refresh tokens and opaque tokens belong to the region that issued them: another answers 421',
    async () => {
      const { eu, us } = world;
      const refresh = textOf(await exchange(us, await own(us), { requested_token_type: type('refresh_token') }));
      const opaque = await own(us, OPAQUE);
      const renew = (server: TestServer) =>
        server.token({ ...gateway, grant_type: 'refresh_token', refresh_token: refresh });
      const misdirected = await renew(eu);
      assert.equal(misdirected.status, 421, misdirected.text);
      assert.match(String(misdirected.body.error_description), /send it to the region that issued the token/);
      assert.equal(eu.audit(misdirected)?.reason, 'wrong_region');
      textOf(await renew(us));
      for (const path of ['/oauth/introspect', '/oauth/revoke'])
        for (const token of [refresh, opaque]) assert.equal((await ask(eu, path, token)).status, 421, path);
      assert.equal((await ask(us, '/oauth/introspect', opaque)).body.active, true);
      // Text of nobody belongs to nobody.
      const made = `cambio_rt_${'A'.repeat(36)}.0.${'A'.repeat(43)}`;
      assert.equal((await server400(eu, made)).body.error, 'invalid_grant');
    },
  );

  await t.test('a proof is used once in all regions, and a region that cannot ask refuses it', async () => {
    const { eu, us, toEu } = world;
    const prover = newProver();
    const proof = (server: TestServer) => prover.prove({ issuer: ISSUER, clock: server.clock });
    const use = (server: TestServer, dpop: string) =>
      server.token({ ...gateway, grant_type: 'client_credentials', audience: API }, { DPoP: dpop });
    for (const [first, second] of [
      [us, eu],
      [eu, us],
    ] as const) {
      // A proof may be used up although the answer was 503.
      const { dpop, answer } = await eventually(
        async () => {
          const fresh = proof(first);
          return { dpop: fresh, answer: await use(first.once, fresh) };
        },
        (one) => one.answer.status !== 503,
      );
      textOf(answer);
      const replayed = await use(second, dpop);
      assert.equal(replayed.status, 400, replayed.text);
      assert.equal(second.audit(replayed)?.reason, 'dpop_replayed');
    }
    toEu.cut();
    assert.equal((await use(us.once, proof(us))).status, 503);
    await eventually(() => use(eu.once, proof(eu)), answered(200));
    await own(us);
    toEu.mend();
    await eventually(() => use(us.once, proof(us)), answered(200));
  });

  await t.test('only a region of the configuration is answered, and only for now', async () => {
    const { eu, secret } = world;
    const as = (name: string, { issuer = ISSUER, key = secret, now = Date.now() } = {}) =>
      createMessages(issuer, { name, secrets: [key], peers: [] }, () => now);
    const read = { read: { after: 0 } };
    const send = (request: string) =>
      eu.post('/regions', JSON.stringify({ request }), { 'content-type': 'application/json' });
    const good = await send(as('us').request('eu', read).text);
    assert.equal(good.status, 200, good.text);
    for (const text of [
      as('us', { key: 'another secret of another server, longer' }).request('eu', read).text,
      as('ap').request('eu', read).text,
      as('us').request('ap', read).text,
      as('us', { issuer: 'https://other.example' }).request('eu', read).text,
      as('us', { now: Date.now() - 120_000 }).request('eu', read).text,
      as('us').answer('eu', 'id', { first: true }),
      '',
    ]) {
      const refused = await send(text);
      assert.equal(refused.status, 404, refused.text);
      assert.equal(refused.body.sets, undefined);
    }
    assert.equal((await eu.post('/regions', 'nothing')).status, 404);
    // The clock of the region that accepts the id may be 60 s behind: until then, the id is not forgotten here.
    const expiresAt = Math.floor(Date.now() / 1000) + 5;
    const use = await send(as('us').request('eu', { use: { id: 'used here', expiresAt } }).text);
    assert.equal(use.status, 200, use.text);
    const database = new DatabaseSync(join(eu.folder, 'cambio.db'), { readOnly: true });
    const row = database.prepare("select expires_at from used_ids where id = 'used here'").get();
    database.close();
    assert.equal(row?.expires_at, (expiresAt + 60) * 1000);
  });

  await t.test('a revocation of many tokens reaches the tokens of every region', async () => {
    const { eu, us } = world;
    const [here, there] = [await own(eu), await own(us)];
    for (const one of [here, there]) textOf(await exchange(eu, one));
    assert.equal((await admin(us, 'POST /revocations', { body: { subject: 'gateway' } })).status, 204);
    for (const one of [here, there]) await eventually(() => exchange(eu, one), answered(400));
    textOf(await exchange(eu, await own(eu)));
  });
});

test('regions that disagree about the owner of single-use ids refuse them', async (t) => {
  const { eu, us } = await start(t, { regions: { us: { singleUse: 'us' } } });
  for (const server of [eu, us]) {
    const dpop = newProver().prove({ issuer: ISSUER, clock: server.clock });
    const form = { ...gateway, grant_type: 'client_credentials', audience: API };
    const answer = await server.once.token(form, { DPoP: dpop });
    assert.equal(answer.status, 503, answer.text);
  }
});

test('an answer of a region is for one request, and from that region', () => {
  const of = (name: string, peer: string, secret = 'a secret of at least 32 characters') =>
    createMessages(ISSUER, { name, secrets: [secret], peers: [{ name: peer, url: '' }] }, () => Date.now());
  const [eu, us] = [of('eu', 'us'), of('us', 'eu')];
  const { id } = eu.request('us', { use: { id: 'x', expiresAt: 1 } });
  const from = 'us';
  assert.deepEqual(eu.readAnswer(us.answer('eu', id, { first: true }), { from, id, kind: 'use' }), { first: true });
  for (const forged of [
    us.answer('eu', 'the id of an earlier request', { first: true }),
    us.answer('ap', id, { first: true }),
    of('ap', 'eu').answer('eu', id, { first: true }),
    of('us', 'eu', 'another secret of 32 characters ....').answer('eu', id, { first: true }),
    us.request('eu', { read: { after: 0 } }).text,
  ])
    assert.throws(() => eu.readAnswer(forged, { from, id, kind: 'use' }));
  assert.throws(() => eu.readAnswer(us.answer('eu', id, { first: true }), { from, id, kind: 'state' }));
});

test('a server without regions has no such endpoint, and a database has one region', async (t) => {
  const { start: startOne } = await import('../support/harness.ts');
  const alone = await startOne(t, configuration);
  assert.equal((await alone.post('/regions', '{}')).status, 404);
  const regions = {
    name: 'eu',
    secret: { plain: 'a secret of at least 32 characters' },
    peers: [{ name: 'us', url: 'https://us.example' }],
    singleUse: 'eu',
  };
  const eu = await startOne(t, changed(configuration, { regions }));
  const { folder } = eu;
  await eu.close();
  await assert.rejects(
    startOne(t, changed(configuration, { regions: { ...regions, name: 'ap', singleUse: 'ap' } }), { folder }),
    /the database belongs to the region eu, and regions.name is ap/,
  );
});
