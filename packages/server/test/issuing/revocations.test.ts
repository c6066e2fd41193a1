// Bulk revocations end all tokens issued before, whatever the clocks of nodes show, and none issued after.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTokenIds } from '../../src/issuing/token-ids.ts';
import { admin } from '../support/admin-api.ts';
import { actorToken, assertIssued, exchange, gateway, subjectToken } from '../support/basics.ts';
import type { Configuration } from '../support/configuration.ts';
import { claimsOf, encode, type Form, start, type TestServer, type } from '../support/harness.ts';
import { entry, type FakeIssuer, startIssuer } from '../support/issuer.ts';
import { introspect, REFRESH, refresh, refreshTokenOf } from '../support/life.ts';
import { administeredLife, comesTrue, startPair } from '../support/nodes.ts';

const active = async (server: TestServer, token: unknown): Promise<unknown> =>
  (await introspect(server, token)).body.active;

const revokeMany = async (server: TestServer, body: object): Promise<void> => {
  const answer = await admin(server, 'POST /revocations', { body });
  assert.equal(answer.status, 204, answer.text);
};

for (const apart of [20, -20])
  for (const many of [{ subject: 'gateway' }, { client: 'gateway' }, { all: true }])
    test(`revokes ${JSON.stringify(many)} of two nodes with clocks ${apart} s apart on each node, but no later tokens`, async (t) => {
      const nodes = await startPair(t, apart);
      for (const [revoking, other] of [nodes, nodes.toReversed()] as [TestServer, TestServer][]) {
        const before = [await subjectToken(revoking), await subjectToken(other), await refreshTokenOf(other, REFRESH)];
        for (const token of before) assert.equal(await active(other, token), true);
        await revokeMany(revoking, many);
        for (const token of before) assert.equal(await active(revoking, token), false);
        for (const token of before) await comesTrue(() => active(other, token), false);
        assert.equal((await refresh(other, before[2])).status, 400);
        // At once, by either clock.
        for (const node of [revoking, other])
          for (const token of [await subjectToken(node), await refreshTokenOf(node, REFRESH)])
            for (const asked of [revoking, other]) assert.equal(await active(asked, token), true);
      }
    });

for (const apart of [20, -20])
  test(`repeats a lost response of a refresh for ten seconds, on a node with a clock ${apart} s apart`, async (t) => {
    const nodes = await startPair(t, apart);
    for (const [one, other] of [nodes, nodes.toReversed()] as [TestServer, TestServer][]) {
      const first = await refreshTokenOf(one, REFRESH);
      const second = await refresh(one, first);
      const again = await refresh(other, first);
      assert.deepEqual([again.status, again.body.refresh_token], [200, second.body.refresh_token]);
      // Eleven seconds later by the database's clock.
      one.sql('update refresh_families set stored_at = stored_at - 11000');
      const late = await refresh(other, first);
      assert.deepEqual([late.status, other.audit(late)?.reason], [400, 'refresh_token_reused']);
    }
  });

const AGENTS = `{ name: agents, client: gateway, subject: { issuer: self, clients: [gateway] }, actor: { issuer: [idp, mapped] }, grant: { audiences: [https://api.example], scopes: [read] } }`;
const FURTHER = `{ name: further, client: gateway, subject: { issuer: self, clients: [gateway] }, grant: { audiences: [https://api.example], scopes: [read] } }`;

const foreign = (idp: FakeIssuer, mapped: FakeIssuer): Configuration =>
  administeredLife([AGENTS, FURTHER], [entry(idp), entry(mapped, { name: 'mapped', subject: 'claims.email' })]);

test('revokes tokens in which a subject acts, by its name here or at its own issuer', async (t) => {
  const [idp, mapped] = [await startIssuer(t), await startIssuer(t)];
  const server = await start(t, foreign(idp, mapped));
  const now = Math.floor(server.clock.now / 1000);
  let turn = 0;
  const acts = async (issuer: FakeIssuer, claims: object): Promise<string> => {
    // Minutes later, because an issuer's clock may be ahead: its tokens signed in the minute of a revocation count as older.
    server.clock.now += 120_000;
    turn += 120;
    const signed = issuer.sign({ sub: 'svc', iat: now + turn, exp: now + turn + 600, ...claims });
    const actor = { actor_token: signed, actor_token_type: type('jwt') };
    const { body } = await exchange(server, { ...actor, subject_token: await subjectToken(server) });
    assert.ok(body.access_token, JSON.stringify(body));
    const further = await exchange(server, { subject_token: String(body.access_token) });
    assertIssued(server, further);
    return String(further.body.access_token);
  };
  const byDefault = () => acts(idp, {});
  const byMapping = () => acts(mapped, { email: 'svc@example.com' });
  const others = [
    { subject: 'svc' },
    { subject: 'svc', issuer: 'https://elsewhere.example', unknown: true },
    { subject: 'idp:svcs' },
  ];
  for (const [make, body] of [
    [byDefault, { subject: 'idp:svc' }],
    [byDefault, { subject: 'svc', issuer: idp.url }],
    [byMapping, { subject: 'svc@example.com' }],
    [byMapping, { subject: 'svc', issuer: mapped.url }],
  ] as const) {
    const [token, bystander] = [await make(), await subjectToken(server)];
    assert.equal(await active(server, token), true);
    for (const other of others) await revokeMany(server, other);
    assert.equal(await active(server, token), true, 'a name of another party');
    await revokeMany(server, body);
    assert.equal(await active(server, token), false, JSON.stringify(body));
    assert.equal(await active(server, bystander), true);
  }
});

test("revokes a subject's own tokens under either name, and older tokens of its issuer", async (t) => {
  const [idp, mapped, wide] = [await startIssuer(t), await startIssuer(t), await startIssuer(t)];
  const rule = `{ name: people, client: gateway, subject: { issuer: [idp, mapped, wide] }, grant: { audiences: [https://api.example], scopes: [read] } }`;
  const entries = [
    entry(idp),
    entry(mapped, { name: 'mapped', subject: 'claims.email' }),
    entry(wide, { name: 'wide', leeway: '2m' }),
  ];
  const server = await start(t, administeredLife([rule], entries));
  const present = (token: string) => exchange(server, { subject_token: token, subject_token_type: type('jwt') });
  for (const [issuer, body, ahead] of [
    [idp, { subject: 'idp:ada' }, 20],
    [idp, { subject: 'ada', issuer: idp.url }, 20],
    [mapped, { subject: 'ada@example.com' }, 20],
    [mapped, { subject: 'ada', issuer: mapped.url }, 20],
    [wide, { subject: 'wide:ada' }, 115],
  ] as const) {
    const now = Math.floor(server.clock.now / 1000);
    const sign = (iat: number) => issuer.sign({ email: 'ada@example.com', iat, exp: now + 600 });
    const ours = (await present(sign(now))).body.access_token;
    assert.equal(await active(server, ours), true);
    await revokeMany(server, body);
    assert.equal(await active(server, ours), false);
    const refused = await present(sign(now + ahead));
    assert.equal(server.audit(refused)?.reason, 'subject_token_revoked', 'its clock may be ahead');
    server.clock.now += 180_000;
    assertIssued(server, await present(sign(now + 180)));
    server.clock.now += 120_000;
  }
});

test('applies revocations of the previous version by its clock with leeway, and never takes an id for a name', async (t) => {
  const server = await start(t, administeredLife());
  const token = await subjectToken(server);
  const at = server.clock.now;
  server.sql(
    `insert into revocations (id, revoked_at, kind) values ('subject:gateway', ${at}, 'token'), ('all', ${at}, 'token')`,
  );
  server.sql(`insert into revocations (id, revoked_at) values ('${claimsOf(await subjectToken(server)).jti}', 0)`);
  await comesTrue(
    async () => (await server.post('/oauth/introspect', encode({ ...gateway, token }))).body.active,
    true,
  );
  server.sql(`delete from revocations; insert into revocations (id, revoked_at) values ('subject:gateway', ${at})`);
  await comesTrue(() => active(server, token), false);
  server.clock.now += 70_000;
  await comesTrue(async () => active(server, await subjectToken(server)), true);
});

test('revokes tokens with an actor of this server by its name', async (t) => {
  const server = await start(t, administeredLife());
  const form: Form = { actor_token: await actorToken(server), actor_token_type: type('access_token') };
  const { body } = await exchange(server, form);
  await revokeMany(server, { subject: 'agent' });
  assert.equal(await active(server, body.access_token), false);
});

test('reads from an id, with the key only, that it was made here and the latest revocation known then', () => {
  const [ids, others] = [createTokenIds('key', Date.now), createTokenIds('another', Date.now)];
  const epochs = [0, 1, Date.now(), 2 ** 48 - 1];
  for (const epoch of epochs) {
    const id = ids.make(epoch);
    assert.match(id, /^[\w-]{36}$/);
    assert.equal(ids.epochOf(id), epoch);
    for (const strange of [
      others.make(epoch),
      `${id}A`,
      id.slice(1),
      id.toUpperCase(),
      id.replace(/^./, (first) => (first === 'A' ? 'B' : 'A')),
    ])
      assert.equal(ids.epochOf(strange), undefined);
  }
  for (const strange of ['all', 'subject:ada', crypto.randomUUID(), '', '-'.repeat(36)])
    assert.equal(ids.epochOf(strange), undefined);
  assert.equal(new Set(Array.from({ length: 1000 }, () => ids.make(0))).size, 1000);
});

test('reads ids that earlier versions made', () => {
  const ids = createTokenIds('key', Date.now);
  assert.equal(ids.epochOf('aw38IbP5T7KhbrRg4WbICU-wPH0eIJhdxLNk'), 1_796_078_625_123);
  assert.equal(ids.epochOf('aw38ISzBTqao5pjRRaTuIpmb79_MqZ8AtKt9'), 5);
});

test('ids of the same second are neighbours, and none begins like an option of a command', () => {
  for (const now of [0, 1_700_000_000_999, 0xf7ff_ffff * 1000, 0xffff_ffff * 1000, 0x1_0000_0000 * 1000]) {
    const beginnings = Array.from({ length: 50 }, () =>
      createTokenIds('key', () => now)
        .make(0)
        .slice(0, 5),
    );
    assert.equal(new Set(beginnings).size, 1);
    assert.doesNotMatch(String(beginnings[0]), /^-/);
  }
});
