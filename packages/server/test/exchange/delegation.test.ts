// Delegation with tokens of this server: `act` and `may_act` (RFC 8693 sections 1.1, 4.1 and 4.4).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { act, actorsOf, refuseActor } from '../support/actors.ts';
import {
  ACTOR_NOT_ALLOWED,
  ACTOR_REFUSED,
  API,
  acting,
  assertIssued,
  assertRefused,
  configuration,
  exchange,
  forgedToken,
  named,
  SUBJECT_REFUSED,
  startBasic,
  subjectToken,
  withRules,
} from '../support/basics.ts';
import { added, changed } from '../support/configuration.ts';
import { claimsOf, type Form, start, type } from '../support/harness.ts';
import { introspect } from '../support/life.ts';

const ELSEWHERE = 'https://idp.example';
const agents = changed(
  withRules(
    `{ client: gateway, actor: { clients: [agent] }, grant: { audiences: [${API}], scopes: [read], maxDepth: 10 } }`,
  ),
  named('b', 'c', 'd'),
);

test('puts the subject of the actor token before the earlier actors, and keeps the subject (RFC 8693 section 4.1; TE-61)', async (t) => {
  const server = await start(t, agents);
  const who = { ...(await acting(server)), subject_token: await subjectToken(server) };
  assert.deepEqual(await actorsOf(server, who), ['agent']);
  assert.equal(claimsOf((await exchange(server, who)).body.access_token).sub, 'gateway');
  const subject_token = await forgedToken(server, { act: act('b', 'c', 'd') });
  assert.deepEqual(await actorsOf(server, { ...who, subject_token }), ['agent', 'b', 'c', 'd']);
});

test('adds no hop for the current actor, and three for A, B and A', async (t) => {
  // The issuers of the actors are trusted.
  const issuers = [{ issuer: ELSEWHERE, name: 'elsewhere', accepts: ['jwt'], audiences: [API] }];
  const server = await start(t, changed(agents, { issuers }));
  const actor = await acting(server);
  const chained = async (...subs: string[]): Promise<Form> => ({
    ...actor,
    subject_token: await forgedToken(server, { act: act(...subs) }),
  });
  assert.deepEqual(await actorsOf(server, await chained('agent')), ['agent']);
  assert.deepEqual(await actorsOf(server, await chained('agent', 'b')), ['agent', 'b']);
  assert.deepEqual(await actorsOf(server, await chained('b', 'agent')), ['agent', 'b', 'agent']);
  const namesake = await forgedToken(server, { act: { sub: 'agent', iss: ELSEWHERE } });
  assert.deepEqual(await actorsOf(server, { ...actor, subject_token: namesake }), ['agent', `agent@${ELSEWHERE}`]);
});

test('copies each hop of act as it stood, and reads only who it names (RFC 8693 section 4.1; TE-60)', async (t) => {
  const server = await start(t, agents);
  const inner = { sub: 'c', iss: server.issuer, exp: 0, sub_profile: 'service', nested: { act: ['x', { y: null }] } };
  const prior = { sub: 'b', exp: 1, nbf: 'never', aud: {}, role: 'admin', sub_profile: 'ai_agent', act: inner };
  const subject_token = await forgedToken(server, { act: prior });
  const copied = { ...prior, iss: server.issuer };
  const kept = await exchange(server, { subject_token });
  assert.deepEqual(claimsOf(kept.body.access_token).act, copied);
  const introspected = await introspect(server, kept.body.access_token);
  assert.deepEqual(introspected.body.act, copied);
  const extended = await exchange(server, { ...(await acting(server)), subject_token });
  assert.deepEqual(claimsOf(extended.body.access_token).act, { sub: 'agent', iss: server.issuer, act: copied });
});

test('limits the chain to the depth of the rule, five by default, and never truncates it (TE-69)', async (t) => {
  const grant = (depth: string) => `grant: { audiences: [${API}], scopes: [read]${depth} }`;
  const longest = async (depth: string): Promise<number> => {
    const subs = Array.from({ length: 12 }, (_, i) => `actor-${i}`);
    const rule = `{ client: gateway, actor: { clients: [agent] }, ${grant(depth)} }`;
    const server = await start(t, changed(withRules(rule), named(...subs)));
    const actor = await acting(server);
    let length = 0;
    for (const prior of subs.keys()) {
      const form = { ...actor, subject_token: await forgedToken(server, { act: act(...subs.slice(0, prior)) }) };
      const answer = await exchange(server, form);
      if (answer.status !== 200) {
        assertRefused(server, answer, { ...ACTOR_NOT_ALLOWED, reason: 'chain_too_deep' });
        const kept = { subject_token: form.subject_token };
        assert.equal((await actorsOf(server, kept)).length, prior, 'a chain of the maximum length is kept');
        return length;
      }
      length = prior + 1;
    }
    return length;
  };
  assert.deepEqual([await longest(''), await longest(', maxDepth: 1'), await longest(', maxDepth: 10')], [5, 1, 10]);
  const nobody = await start(t, withRules(`{ client: gateway, ${grant(', maxDepth: 0')} }`));
  assert.deepEqual(await actorsOf(nobody, {}), []);
  await refuseActor(nobody, { subject_token: await forgedToken(nobody, { act: act('agent') }) }, 'chain_too_deep');
});

test('refuses an actor token with an act claim, unless the rule allows delegated actors', async (t) => {
  const rule = (delegated: string) =>
    withRules(
      `{ client: gateway, actor: { clients: [agent]${delegated} }, grant: { audiences: [${API}], scopes: [read] } }`,
    );
  const closed = await start(t, rule(''));
  assert.deepEqual(await actorsOf(closed, await acting(closed)), ['agent']);
  const answer = await exchange(closed, await acting(closed, { act: { sub: 'stranger' } }));
  assertRefused(closed, answer, { ...ACTOR_NOT_ALLOWED, reason: 'no_rule_for_actor' });
  assert.equal(closed.audit(answer)?.mismatches?.[0]?.part, 'actor');
  const open = await start(t, rule(', delegated: allow'));
  assert.deepEqual(await actorsOf(open, await acting(open, { act: { sub: 'stranger' } })), ['agent']);
});

test('requires the actor to match every member of may_act (RFC 8693 section 4.4; TE-66)', async (t) => {
  const server = await start(t, agents);
  const actor = await acting(server, { email: 'agent@example.com', groups: ['a', 'b'] });
  const allowed = async (may_act: Record<string, unknown>): Promise<Form> => ({
    ...actor,
    subject_token: await forgedToken(server, { may_act }),
  });
  for (const mayAct of [
    { sub: 'agent' },
    { sub: 'agent', iss: server.issuer },
    { client_id: 'agent' },
    { email: 'agent@example.com', groups: ['a', 'b'] },
    { sub: 'agent', exp: 1, nbf: 'never', aud: [] },
  ]) {
    assert.deepEqual(await actorsOf(server, await allowed(mayAct)), ['agent'], JSON.stringify(mayAct));
  }
  for (const mayAct of [
    { sub: 'gateway' },
    { sub: 'Agent' },
    { sub: 'agent', iss: ELSEWHERE },
    { sub: 'agent', email: 'other@example.com' },
    { sub: 'agent', groups: ['b', 'a'] },
    { sub: 'agent', groups: 'a' },
    { sub: 'agent', unknown: null },
    { sub: 'agent', constructor: {} },
  ]) {
    await refuseActor(server, await allowed(mayAct), 'may_act');
  }
});

test('requires may_act to name the client, without an actor token (RFC 8693 section 4.4; TE-67)', async (t) => {
  const server = await start(t, agents);
  const form = async (may_act: Record<string, unknown>) => ({ subject_token: await forgedToken(server, { may_act }) });
  for (const mayAct of [{ sub: 'gateway' }, { client_id: 'gateway' }, { sub: 'gateway', iss: server.issuer }]) {
    assert.deepEqual(await actorsOf(server, await form(mayAct)), []);
  }
  for (const mayAct of [{ sub: 'agent' }, { sub: 'gateway', iss: ELSEWHERE }, { sub: 'gateway', email: 'x' }]) {
    await refuseActor(server, await form(mayAct), 'may_act');
  }
});

test('requires a matching rule in addition to may_act (RFC 8693 section 4.4)', async (t) => {
  const server = await startBasic(t);
  const other = await acting(server, { sub: 'stranger', client_id: 'stranger' });
  const subject_token = await forgedToken(server, { may_act: { sub: 'stranger' } });
  await refuseActor(server, { ...other, subject_token }, 'no_rule_for_actor');
  const agent = await forgedToken(server, { may_act: { sub: 'agent' } });
  assert.deepEqual(await actorsOf(server, { ...(await acting(server)), subject_token: agent }), ['agent']);
});

test('copies may_act if no new actor is added, and omits it otherwise (TE-73c)', async (t) => {
  const server = await start(t, agents);
  const mayActOf = async (form: Form): Promise<unknown> => {
    const answer = await exchange(server, form);
    assertIssued(server, answer);
    return claimsOf(answer.body.access_token).may_act;
  };
  const gateways = await forgedToken(server, { may_act: { sub: 'gateway' } });
  assert.deepEqual(await mayActOf({ subject_token: gateways }), { iss: server.issuer, sub: 'gateway' });
  const agentsOwn = await forgedToken(server, { may_act: { sub: 'agent' } });
  const actor = await acting(server);
  assert.equal(await mayActOf({ ...actor, subject_token: agentsOwn }), undefined);
  const again = await forgedToken(server, { may_act: { sub: 'agent' }, act: act('agent') });
  assert.deepEqual(await mayActOf({ ...actor, subject_token: again }), { iss: server.issuer, sub: 'agent' });
});

test('refuses all tokens of a disabled client: issued to it, about it, and with it as the current actor', async (t) => {
  const retired = { id: 'retired', auth: 'client_secret_post', secret: { plain: 'x' }, grants: ['token_exchange'] };
  const where = (disabled: boolean) => changed(agents, { clients: added({ ...retired, disabled }) });
  const [server, twin] = [await start(t, where(true)), await start(t, where(false))];
  const refused = { ...SUBJECT_REFUSED, reason: 'subject_token_client_disabled' };
  for (const claims of [{ sub: 'retired' }, { act: act('retired', 'b') }]) {
    const subject_token = await forgedToken(server, claims);
    assertRefused(server, await exchange(server, { subject_token }), refused, JSON.stringify(claims));
    assertIssued(twin, await exchange(twin, { subject_token: await forgedToken(twin, claims) }));
  }
  const issuedTo = await forgedToken(server, { client_id: 'retired', aud: 'gateway' });
  assertRefused(server, await exchange(server, { subject_token: issuedTo }), refused);
  const stillThere = await forgedToken(twin, { client_id: 'retired', aud: 'gateway' });
  assertIssued(twin, await exchange(twin, { subject_token: stillThere }));
  const actor = await exchange(server, await acting(server, { sub: 'retired' }));
  assertRefused(server, actor, { ...ACTOR_REFUSED, reason: 'actor_token_client_disabled' });
  assert.deepEqual(await actorsOf(server, { subject_token: await forgedToken(server, { act: act('b', 'retired') }) }), [
    'b',
    'retired',
  ]);
});

test('copies acr, amr and auth_time from the subject, never from the actor (RFC 9068 section 2.2.1; TE-53, AT-04)', async (t) => {
  const server = await start(t, configuration);
  const own = { acr: 'silver', amr: ['pwd', 'otp'], auth_time: 1_700_000_000 };
  const better = await acting(server, { acr: 'gold', amr: ['hwk'], auth_time: 1_800_000_000 });
  const { body } = await exchange(server, { ...better, subject_token: await forgedToken(server, own) });
  const { acr, amr, auth_time } = claimsOf(body.access_token);
  assert.deepEqual({ acr, amr, auth_time }, own);
  const none = await exchange(server, { ...better, requested_token_type: type('jwt') });
  assert.equal('acr' in claimsOf(none.body.access_token), false);
});
