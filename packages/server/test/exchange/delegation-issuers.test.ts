// Delegation between different issuers. A principal is an issuer and its subject; a token of ours about a foreign subject names
// it twice, here and at its issuer (RFC 8693 section 4, RFC 9493 section 3.2.2).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAct } from '../../src/primitives/principal.ts';
import { actorsOf, readAct, refuseActor } from '../support/actors.ts';
import { ACTOR_NOT_ALLOWED, API, acting, assertIssued, assertRefused, exchange } from '../support/basics.ts';
import { changed, type Entry } from '../support/configuration.ts';
import { claimsOf, type Form, start, type TestServer, type } from '../support/harness.ts';
import { entry, type FakeIssuer, startIssuer, trusting } from '../support/issuer.ts';

const GRANT = `grant: { audiences: [${API}], scopes: [read] }`;
/** Every party, ours or foreign, may act for every other. */
const OPEN = `{ client: gateway, subject: { issuer: [self, idp, other] }, actor: { issuer: [self, idp, other], clients: [gateway, agent] }, ${GRANT} }`;
const FOREIGN_ACTORS = {
  client: 'gateway',
  subject: { issuer: ['self', 'idp', 'other'] },
  actor: { issuer: ['idp', 'other'] },
  grant: { audiences: [API], scopes: ['read'] },
};

interface World {
  readonly server: TestServer;
  readonly idp: FakeIssuer;
  readonly other: FakeIssuer;
}

async function startWorld(
  t: Parameters<typeof startIssuer>[0],
  rules: readonly Entry[] = [FOREIGN_ACTORS, OPEN],
): Promise<World> {
  const [idp, other] = [await startIssuer(t), await startIssuer(t)];
  const server = await start(t, trusting([entry(idp), entry(other, { name: 'other' })], rules));
  return { server, idp, other };
}

const subject = (subject_token: string): Form => ({ subject_token, subject_token_type: type('jwt') });
const actor = (actor_token: string): Form => ({ actor_token, actor_token_type: type('jwt') });

/** A token of ours about a foreign subject. */
async function ownAbout(server: TestServer, token: string): Promise<string> {
  const answer = await exchange(server, subject(token));
  assertIssued(server, answer);
  return String(answer.body.access_token);
}

test('names each actor by its own issuer, over hops of different issuers (RFC 8693 section 4.1; TE-73c)', async (t) => {
  const { server, idp, other } = await startWorld(t);
  const first = await exchange(server, { ...subject(idp.sign()), ...actor(idp.sign({ sub: 'agent' })) });
  const second = await exchange(server, {
    subject_token: String(first.body.access_token),
    ...actor(other.sign({ sub: 'agent' })),
  });
  assertIssued(server, second);
  const { sub, act } = claimsOf(second.body.access_token);
  assert.deepEqual([sub, readAct(act, server.issuer)], ['idp:ada', [`agent@${other.url}`, `agent@${idp.url}`]]);
  const third = { subject_token: String(second.body.access_token), ...(await acting(server)) };
  assert.deepEqual(await actorsOf(server, third), ['agent', `agent@${other.url}`, `agent@${idp.url}`]);
});

test('refuses an actor token with an act claim without a rule that allows it, whatever its issuer', async (t) => {
  const closed = await startWorld(t, [FOREIGN_ACTORS]);
  const open = await startWorld(t, [changed(FOREIGN_ACTORS, { actor: { delegated: 'allow' } })]);
  for (const { server, idp } of [closed, open]) {
    assert.deepEqual(await actorsOf(server, actor(idp.sign({ sub: 'agent' }))), [`agent@${idp.url}`]);
  }
  const delegated = ({ idp }: World): Form => actor(idp.sign({ sub: 'agent', act: { sub: 'tool' } }));
  await refuseActor(closed.server, delegated(closed), 'no_rule_for_actor');
  assert.deepEqual(await actorsOf(open.server, delegated(open)), [`agent@${open.idp.url}`]);
});

test('adds no hop if the actor is the current one already, by either of its names', async (t) => {
  const { server, idp, other } = await startWorld(t);
  const agent = idp.sign({ sub: 'agent' });
  const delegated = await exchange(server, { ...subject(idp.sign()), ...actor(agent) });
  const subject_token = String(delegated.body.access_token);
  const own = await ownAbout(server, agent);
  for (const again of [agent, own]) {
    assert.deepEqual(await actorsOf(server, { subject_token, ...actor(again) }), [`agent@${idp.url}`]);
  }
  const namesake = await ownAbout(server, other.sign({ sub: 'agent' }));
  assert.deepEqual(await actorsOf(server, { subject_token, ...actor(namesake) }), ['other:agent', `agent@${idp.url}`]);
});

test('matches may_act with either name of the actor (RFC 8693 section 4.4)', async (t) => {
  const { server, idp, other } = await startWorld(t);
  const own = await ownAbout(server, idp.sign({ sub: 'agent' }));
  const stranger = await ownAbout(server, other.sign({ sub: 'agent' }));
  for (const may_act of [
    { iss: idp.url, sub: 'agent' },
    { iss: server.issuer, sub: 'idp:agent' },
    { iss: server.issuer, sub: 'idp:agent', client_id: 'gateway' },
  ]) {
    const form = subject(idp.sign({ may_act }));
    assert.deepEqual(await actorsOf(server, { ...form, ...actor(own) }), ['idp:agent']);
    await refuseActor(server, { ...form, ...actor(stranger) }, 'may_act');
  }
  const mixed = subject(idp.sign({ may_act: { iss: idp.url, sub: 'idp:agent' } }));
  await refuseActor(server, { ...mixed, ...actor(own) }, 'may_act');
});

test('copies may_act until a new actor is added, and not after (RFC 8693 section 4.4)', async (t) => {
  const { server, idp } = await startWorld(t);
  const may_act = { sub: 'agent' };
  const agent = actor(idp.sign({ sub: 'agent' }));
  await refuseActor(server, subject(idp.sign({ may_act })), 'may_act');
  const hop = await exchange(server, { ...subject(idp.sign({ may_act })), ...agent });
  assertIssued(server, hop);
  assert.equal(claimsOf(hop.body.access_token).may_act, undefined);
  const further = { subject_token: String(hop.body.access_token), ...(await acting(server)) };
  assert.deepEqual(
    await actorsOf(server, further),
    ['agent', `agent@${idp.url}`],
    'it restricts the next actor no longer',
  );
  const either = { iss: server.issuer, sub: 'gateway' };
  const copied = await exchange(server, subject(idp.sign({ may_act: either })));
  assert.deepEqual(claimsOf(copied.body.access_token).may_act, either);
  const subject_token = String(copied.body.access_token);
  await refuseActor(server, { subject_token, ...agent }, 'may_act');
  assert.deepEqual(await actorsOf(server, { subject_token }), []);
});

/** A parser that ignores case reads these as `sub`, `iss`, `act`, `sub_id`, `may_act` and `lineage`. */
const LOOK_ALIKES = {
  SUB: 'gateway',
  '\u017fub': 'gateway',
  Iss: 'https://login.example',
  ACT: { sub: 'x' },
  Sub_ID: {},
  MAY_ACT: {},
  Lineage: [],
};

test('reads a chain hop by hop without recursion, and stops at its limit', () => {
  let act: Record<string, unknown> = { sub: 'a' };
  for (let i = 1; i < 1_000_000; i++) act = { sub: 'a', act };
  const ours = { issuer: 'https://idp.example', vouchesFor: 'everyone' } as const;
  assert.equal(parseAct(act, ours), 'malformed');
  const foreign = { issuer: 'https://idp.example', vouchesFor: 'its own subjects' } as const;
  const bot = { iss: 'https://idp.example', sub: 'bot' };
  const named = { ...bot, sub_id: { format: 'iss_sub', ...bot } };
  assert.deepEqual(
    parseAct(
      { ...named, sub_profile: 'ai_agent', cnf: { jkt: 'k' }, may_act: bot, lineage: ['l'], ...LOOK_ALIKES },
      foreign,
    ),
    [{ ...bot, others: { sub_id: named.sub_id, sub_profile: 'ai_agent' } }],
  );
  for (const subId of [
    { format: 'iss_sub', iss: 'https://login.example', sub: 'agent' },
    { format: 'iss_sub', iss: bot.iss, sub: 'other' },
    { format: 'email', email: 'ada@example.com' },
    { format: 'aliases', identifiers: [named.sub_id] },
    { ...bot },
    { ...named.sub_id, SUB: 'other' },
    { ...named.sub_id, identifiers: [] },
    'bot',
    null,
  ])
    for (const act of [
      { ...bot, sub_id: subId },
      { ...bot, act: { ...bot, sub_id: subId } },
    ])
      assert.equal(parseAct(act, foreign), 'not vouched', JSON.stringify(act));
  const shallow = { sub: 'b', act: { sub: 'a', iss: 'https://other.example' } };
  assert.deepEqual(parseAct(shallow, ours), [
    { iss: 'https://idp.example', sub: 'b' },
    { iss: 'https://other.example', sub: 'a' },
  ]);
});

test('names a refused actor in tokenErrorCode, with a stable text (RFC 8693 section 2.2.2)', async (t) => {
  const idp = await startIssuer(t);
  const rule = changed(FOREIGN_ACTORS, { subject: { issuer: ['self', 'idp'] }, actor: { issuer: ['idp'] } });
  const server = await start(t, changed(trusting(entry(idp), [rule]), { tokenErrorCode: 'invalid_request' }));
  const refused = await exchange(server, { ...subject(idp.sign()), ...actor(idp.sign()) });
  assertRefused(server, refused, { ...ACTOR_NOT_ALLOWED, error: 'invalid_request', reason: 'actor_is_subject' });
  assert.deepEqual(await actorsOf(server, { ...subject(idp.sign()), ...actor(idp.sign({ sub: 'agent' })) }), [
    `agent@${idp.url}`,
  ]);
});
