// A refresh token as subject or actor says exactly what its access token says, and nothing that comes of it lives longer.
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

/** Tokens of ours about the issuer's person: an access token and the refresh token beside it. */
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

test('a claim of another issuer that no mapping took over is none of ours, by either token', async (t) => {
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
  // Mapped by the issuer's entry, or added by the rule, it stands in the access token, and so it counts.
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

test('conditions that deny see what they would see of the access token', async (t) => {
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

test('as actor it meets may_act by what its access token says, not by what another issuer said', async (t) => {
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

test('what no rule gives an access token for any more is no subject either', async (t) => {
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

/** Seconds that the refresh token has left, as its row says. */
function leftOf(server: TestServer): readonly number[] {
  const rows = everythingIn(server).refresh_families as { expires_at: number }[];
  return rows.map(({ expires_at }) => Math.round((Number(expires_at) - server.clock.now) / 1000));
}

test('a refresh token that comes of another ends when that one does, however often it is exchanged', async (t) => {
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
  // And by way of an access token that came of the family, or of one that came of that.
  const access = (await refresh(server, token)).body.access_token;
  const again = await exchange(server, { subject_token: String(access), ...REFRESH });
  assert.equal(again.body.expires_in, 600);
  const plain = (await exchange(server, { subject_token: String(access) })).body.access_token;
  assert.equal((await exchange(server, { subject_token: String(plain), ...REFRESH })).body.expires_in, 600);
  server.clock.now = end;
  assert.equal((await refresh(server, token)).body.error, 'invalid_grant');
  // A token that comes of no family begins one that lasts.
  assert.equal((await exchange(server, REFRESH)).body.expires_in, 3600);
});

test('an actor whose token comes of a family gives a refresh token no longer life than that', async (t) => {
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
