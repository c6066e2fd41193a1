// A refresh token, as subject or actor, has exactly the claims of its access token, and nothing exchanged for it outlives it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertIssued, assertRefused, exchange, SUBJECT_REFUSED, subjectToken } from '../support/basics.ts';
import { type Configuration, changed } from '../support/configuration.ts';
import { claimsOf, everythingIn, start, type TestServer, type } from '../support/harness.ts';
import { entry, lifeOf, startIssuer } from '../support/issuer.ts';
import { BESIDE, FOREIGN_BESIDE, ISSUER, life, REFRESH, refresh } from '../support/life.ts';

const TYPES = ['access_token', 'refresh_token'];
const foreign = (more: Configuration = {}): Configuration =>
  changed(FOREIGN_BESIDE, { actor: undefined, subject: { types: ['jwt'] } }, more);

/** Tokens of ours about a foreign person: an access token and the refresh token issued with it. */
async function bothOf(t: Parameters<typeof start>[0], rules: readonly Configuration[], members = {}, said = {}) {
  const idp = await startIssuer(t);
  const server = await start(t, life(rules, [entry(idp, members)]));
  const token = idp.sign({ ...lifeOf(server.clock.now), ...said });
  const answer = await exchange(server, { subject_token: token, subject_token_type: type('jwt') });
  assertIssued(server, answer);
  return {
    server,
    idp,
    access_token: String(answer.body.access_token),
    refresh_token: String(answer.body.refresh_token),
  };
}

type Both = Awaited<ReturnType<typeof bothOf>>;
const present = ({ server, ...tokens }: Omit<Both, 'idp'>, kind: 'access_token' | 'refresh_token', form = {}) =>
  exchange(server, { subject_token: tokens[kind], subject_token_type: type(kind), ...form });

test('has no foreign claim that no mapping copied, as an access token or as a refresh token', async (t) => {
  const admins = changed(BESIDE, {
    subject: { types: TYPES, when: 'subject.claims.role == "admin"' },
    actor: undefined,
  });
  const plain = await bothOf(t, [foreign(), admins], {}, { role: 'admin' });
  for (const kind of ['access_token', 'refresh_token'] as const)
    assertRefused(
      plain.server,
      await present(plain, kind),
      { ...SUBJECT_REFUSED, reason: 'no_rule_for_subject' },
      kind,
    );
  // A claim that is mapped by the issuer's entry, or added by the rule, is in the access token, so it counts.
  const mapped = await bothOf(t, [foreign(), admins], { claims: '{ role: claims.role }' }, { role: 'admin' });
  const added = await bothOf(
    t,
    [foreign({ grant: { claims: { role: 'subject.claims.role' } } }), admins],
    {},
    { role: 'admin' },
  );
  for (const both of [mapped, added])
    for (const kind of ['access_token', 'refresh_token'] as const) {
      const answer = await present(both, kind);
      assertIssued(both.server, answer, kind);
      assert.equal(claimsOf(answer.body.access_token).role, undefined, 'it is handed on by neither');
    }
});

test('evaluates conditions that deny on the same claims as for the access token', async (t) => {
  const insiders = changed(BESIDE, {
    subject: { types: TYPES, when: '!("contractor" in subject.claims)' },
    actor: undefined,
  });
  const both = await bothOf(
    t,
    [foreign({ grant: { claims: { contractor: 'subject.claims.contractor' } } }), insiders],
    {},
    { contractor: true },
  );
  for (const kind of ['access_token', 'refresh_token'] as const)
    assertRefused(both.server, await present(both, kind), { ...SUBJECT_REFUSED, reason: 'no_rule_for_subject' }, kind);
  const plain = await bothOf(t, [foreign(), insiders]);
  for (const kind of ['access_token', 'refresh_token'] as const) assertIssued(plain.server, await present(plain, kind));
});

test('matches may_act by the claims of its access token as an actor, not by claims of another issuer', async (t) => {
  const acted = changed(BESIDE, {
    subject: { types: ['access_token'] },
    actor: { types: TYPES, clients: ['gateway'] },
    grant: { refreshToken: undefined },
  });
  for (const [members, expected] of [
    [{}, 'may_act'],
    [{ claims: '{ team: claims.team }' }, undefined],
  ] as const) {
    const both = await bothOf(t, [foreign(), acted], members, { team: 'red' });
    const { server } = both;
    const { jti: _jti, ...claims } = claimsOf(await subjectToken(server));
    const subject_token = server.forge({ ...claims, jti: 'x', may_act: { iss: ISSUER, team: 'red' } });
    for (const kind of ['access_token', 'refresh_token'] as const) {
      const answer = await exchange(server, { subject_token, actor_token: both[kind], actor_token_type: type(kind) });
      assert.equal(server.audit(answer)?.reason, expected, `${kind} ${JSON.stringify(members)}`);
    }
  }
});

test('is refused as a subject if no rule grants its access token any more', async (t) => {
  const own = changed(BESIDE, { subject: { types: TYPES }, actor: undefined });
  const both = await bothOf(t, [foreign(), own]);
  assertIssued(both.server, await present(both, 'refresh_token'));
  await both.server.close();
  const rules = [foreign({ client: ['other'] }), own];
  const { folder, clock } = both.server;
  const server = await start(t, life(rules, [entry(both.idp)]), { folder, now: clock.now });
  assertRefused(server, await present({ ...both, server }, 'refresh_token'), {
    ...SUBJECT_REFUSED,
    reason: 'subject_token_not_granted',
  });
});

/** The remaining lifetime of the refresh token in seconds, by its row. */
function leftOf(server: TestServer): readonly number[] {
  const rows = everythingIn(server).refresh_families as { expires_at: number }[];
  return rows.map(({ expires_at }) => Math.round((Number(expires_at) - server.clock.now) / 1000));
}

test('ends a refresh token with the one that it derives from, over any number of exchanges', async (t) => {
  const lasting = changed(BESIDE, { subject: { types: TYPES }, actor: undefined, grant: { refreshLifetime: '1h' } });
  const server = await start(t, life([lasting]), { now: 1_800_000_000_000 });
  const first = await exchange(server, REFRESH);
  assertIssued(server, first);
  let token = first.body.access_token;
  const end = server.clock.now + 3600_000;
  for (let round = 1; round <= 5; round++) {
    server.clock.now += 600_000;
    const next = await exchange(server, {
      subject_token: String(token),
      subject_token_type: type('refresh_token'),
      ...REFRESH,
    });
    assertIssued(server, next, `round ${round}`);
    assert.equal(next.body.expires_in, Math.floor(end / 1000) - Math.floor(server.clock.now / 1000), `round ${round}`);
    token = next.body.access_token;
  }
  assert.deepEqual(
    leftOf(server),
    Array.from({ length: 6 }, () => 600),
  );
  // Also through an access token of the family, or through a token exchanged for it.
  const access = (await refresh(server, token)).body.access_token;
  const again = await exchange(server, { subject_token: String(access), ...REFRESH });
  assert.equal(again.body.expires_in, 600);
  const plain = (await exchange(server, { subject_token: String(access) })).body.access_token;
  assert.equal((await exchange(server, { subject_token: String(plain), ...REFRESH })).body.expires_in, 600);
  server.clock.now = end;
  assert.equal((await refresh(server, token)).body.error, 'invalid_grant');
  // A token without a family begins one with the full lifetime.
  assert.equal((await exchange(server, REFRESH)).body.expires_in, 3600);
});

test("ends a refresh token with the family that the actor's token derives from", async (t) => {
  const other = { client_id: 'other', client_secret: 'other-secret' };
  const short = changed(BESIDE, {
    name: 'short',
    client: ['other'],
    actor: undefined,
    grant: { refreshLifetime: '30m' },
  });
  const acted = changed(BESIDE, {
    client: ['gateway'],
    actor: { clients: ['other'] },
    grant: { refreshLifetime: '2h' },
  });
  const server = await start(t, life([short, acted]), { now: 1_800_000_000_000 });
  const own = await server.token({ grant_type: 'client_credentials', ...other });
  const family = await exchange(server, { ...other, subject_token: String(own.body.access_token) });
  assertIssued(server, family);
  for (const [actor, expected] of [
    [own, 7200],
    [family, 1800],
  ] as const) {
    const actor_token = String(actor.body.access_token);
    const answer = await exchange(server, { actor_token, actor_token_type: type('access_token'), ...REFRESH });
    assertIssued(server, answer);
    assert.equal(answer.body.expires_in, expected);
  }
});
