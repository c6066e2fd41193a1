// The actor profile: what an actor is, inherited chains, and the errors, introspection and metadata of delegated tokens.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { API, BACKEND, exchange, forgedToken, gateway, subjectToken } from '../support/basics.ts';
import { type Configuration, changed, type Entry, edited } from '../support/configuration.ts';
import { type Answer, claimsOf, type Form, read, start, type TestServer, type } from '../support/harness.ts';
import { entry, startIssuer } from '../support/issuer.ts';
import { BESIDE, basic, introspect, life, plain, refresh, refreshTokenOf, revoke, VAULT } from '../support/life.ts';
import { newProver } from '../support/prover.ts';
import { granting, JOBS, redeemAlone, redeemingOf } from '../support/redeeming.ts';

const kinds: Configuration = {
  clients: edited('agent', { subProfile: ['ai_agent', 'service'] }),
};
const profiled = (rules: readonly Entry[] = [BESIDE], issuers: readonly Entry[] = []): Configuration =>
  changed(life(rules, issuers, `\${ISSUER}`), kinds, { clients: edited('gateway', { subProfile: 'service' }) });

const tokenOf = async (server: TestServer, id: string): Promise<string> =>
  String((await server.token({ grant_type: 'client_credentials' }, basic(id))).body.access_token);
const asActor = (actor_token: string): Form => ({ actor_token, actor_token_type: type('access_token') });
const issued = ({ status, body, text }: Answer) => {
  assert.equal(status, 200, text);
  return claimsOf(body.access_token);
};

suite('kinds of parties (sub_profile)', () => {
  test('a client has its kind where a token is about it and where it acts; the earlier actors are copied exactly (AP-01, AP-02, AP-03, AP-04)', async (t) => {
    const server = await start(t, profiled());
    const agent = await tokenOf(server, 'agent');
    assert.equal(claimsOf(agent).sub_profile, 'ai_agent service');
    const first = issued(await exchange(server, { ...asActor(agent), audience: API }));
    const hop = { sub: 'agent', iss: server.issuer, sub_profile: 'ai_agent service' };
    assert.deepEqual([first.sub, first.sub_profile, first.act], ['gateway', 'service', hop]);
    // An actor that a later configuration, or another server, described otherwise.
    const inherited = { sub: 'plain', iss: server.issuer, sub_profile: 'native_app', since: 7, x: { act: [null] } };
    const subject_token = await forgedToken(server, { act: { ...inherited, act: hop } });
    const second = issued(await exchange(server, { subject_token, ...asActor(agent) }));
    assert.deepEqual(second.act, { ...hop, act: { ...inherited, act: hop } });
    const copied = issued(await exchange(server, { subject_token }));
    assert.deepEqual(copied.act, { ...inherited, act: hop });
    const same = await forgedToken(server, { act: { sub: 'agent', iss: server.issuer } });
    const unchanged = issued(await exchange(server, { subject_token: same, ...asActor(agent) }));
    assert.deepEqual(unchanged.act, { sub: 'agent', iss: server.issuer }, 'the outermost actor is left as it is');
  });

  test('the calling client has its kind, too, and a rule can ask for it; without an actor there is no act (AP-06)', async (t) => {
    const acts = { ...BESIDE, act: 'client', actor: { forbidden: true } };
    const server = await start(t, changed(profiled([acts]), { clients: edited('other', { subProfile: 'ai_agent' }) }));
    const as = { client_id: 'other', client_secret: 'other-secret' };
    const { act } = issued(await exchange(server, as));
    assert.deepEqual(act, { sub: 'other', iss: server.issuer, sub_profile: 'ai_agent' });
    const without = await start(t, profiled());
    assert.equal(issued(await exchange(without, as)).act, undefined, 'another client_id than sub is not an actor');
  });

  test('of a foreign actor, its issuer says the kind; a malformed one is left out', async (t) => {
    const idp = await startIssuer(t);
    const rule = { ...BESIDE, actor: { issuer: ['idp'], types: ['jwt'] } };
    const server = await start(t, profiled([rule], [entry(idp)]));
    for (const [said, kind] of [
      ['ai_agent', 'ai_agent'],
      ['ai_agent service', 'ai_agent service'],
      ['', undefined],
      [' ai_agent', undefined],
      ['ai\u0000agent', undefined],
      [['ai_agent'], undefined],
      ['x'.repeat(300), undefined],
    ] as const) {
      const actor_token = idp.sign({ sub: 'bot', sub_profile: said });
      const { act } = issued(await exchange(server, { actor_token, actor_token_type: type('jwt') }));
      const { sub_profile } = act as { sub_profile?: string };
      assert.equal(sub_profile, kind, JSON.stringify(said));
    }
  });

  test('a refreshed token keeps the chain and the kinds, and so does one that is exchanged for the refresh token (AP-10)', async (t) => {
    const server = await start(t, profiled());
    const hop = { sub: 'agent', iss: server.issuer, sub_profile: 'ai_agent service' };
    const token = await refreshTokenOf(server, {
      ...asActor(await tokenOf(server, 'agent')),
      audience: [API, BACKEND],
    });
    const refreshed = await refresh(server, token);
    assert.deepEqual([issued(refreshed).act, issued(refreshed).sub_profile], [hop, 'service']);
    const subject = { subject_token: String(refreshed.body.refresh_token), subject_token_type: type('refresh_token') };
    const exchanged = issued(await exchange(server, { ...subject, audience: API }));
    assert.deepEqual([exchanged.act, exchanged.sub_profile], [hop, 'service']);
  });
});

test('introspection shows the whole chain and the kinds, and says where a chain is not whole (AP-12)', async (t) => {
  const server = await start(t, profiled());
  const agent = asActor(await tokenOf(server, 'agent'));
  for (const audience of [API, VAULT]) {
    const { body } = await exchange(server, { ...agent, audience });
    const answer = await introspect(server, body.access_token);
    const { iss, sub, sub_profile, act, chain_complete } = answer.body;
    const hop = { sub: 'agent', iss: server.issuer, sub_profile: 'ai_agent service' };
    assert.deepEqual(
      [iss, sub, sub_profile, act, chain_complete],
      [server.issuer, 'gateway', 'service', hop, undefined],
    );
    await revoke(server, body.access_token);
    assert.deepEqual((await introspect(server, body.access_token)).body, { active: false });
  }
  const partial = await forgedToken(server, { chain_complete: false, act: { sub: 'plain', iss: server.issuer } });
  const derived = await exchange(server, { subject_token: partial, ...agent });
  assert.equal(issued(derived).chain_complete, false);
  assert.equal((await introspect(server, derived.body.access_token)).body.chain_complete, false);
  const whole = await forgedToken(server, { chain_complete: 'no', act: { sub: 'plain', iss: server.issuer } });
  assert.equal(issued(await exchange(server, { subject_token: whole })).chain_complete, undefined);
});

test('with the codes of the RFC, the metadata has the members of the profile, and an actor that may not act gets actor_unauthorized (AP-05, AP-07, AP-08, AP-11, AP-13)', async (t) => {
  const shallow = { ...BESIDE, grant: { ...(BESIDE.grant as Configuration), maxDepth: 4 } };
  const strict = changed(profiled([shallow]), { tokenErrorCode: 'invalid_request' });
  const server = await start(t, strict);
  const metadataOf = async ({ issuer }: TestServer) =>
    (await read(await fetch(`${issuer}/.well-known/oauth-authorization-server`))).body;
  const types = ['access_token', 'refresh_token', 'jwt'].map(type);
  const { authorization_grant_profiles_supported, actor_profile_token_exchange, entity_profiles_supported } =
    await metadataOf(server);
  assert.deepEqual(authorization_grant_profiles_supported, ['urn:ietf:params:oauth:grant-profile:actor-profile']);
  const members = actor_profile_token_exchange as Record<string, string[]>;
  assert.deepEqual(Object.keys(members), [
    'subject_token_types_supported',
    'actor_token_types_supported',
    'requested_token_types_supported',
  ]);
  assert.deepEqual(new Set(members.requested_token_types_supported), new Set(types));
  const words = ['service', 'ai_agent'];
  assert.deepEqual(
    Object.values(entity_profiles_supported as Record<string, string[]>).map((list) => new Set(list)),
    Array(3).fill(new Set(words)),
  );
  const other = await start(t, profiled());
  assert.equal((await metadataOf(other)).actor_profile_token_exchange, undefined);

  const agent = asActor(await tokenOf(server, 'agent'));
  const earlier = ['other', 'plain', 'api', 'vault'];
  const chain = (depth: number): unknown =>
    depth === 0 ? undefined : { sub: earlier[depth - 1], iss: server.issuer, act: chain(depth - 1) };
  const errorOf = async (form: Form) => {
    const { status, body } = await exchange(server, form);
    return [status, body.error];
  };
  const deep = async (depth: number) => ({ subject_token: await forgedToken(server, { act: chain(depth) }), ...agent });
  assert.equal(issued(await exchange(server, await deep(3))).sub, 'gateway', 'four actors');
  assert.deepEqual(await errorOf(await deep(4)), [400, 'invalid_request']);
  assert.deepEqual(await errorOf(asActor(await subjectToken(server, plain))), [400, 'actor_unauthorized']);
  const delegated = server.forge({ ...claimsOf(await tokenOf(server, 'agent')), act: chain(1) });
  assert.deepEqual(await errorOf(asActor(delegated)), [400, 'actor_unauthorized'], 'an actor that is itself acted for');
  assert.deepEqual(await errorOf(asActor('x.y.z')), [400, 'invalid_request']);
  const may_act = { sub: 'agent', iss: server.issuer };
  const subject_token = await forgedToken(server, { may_act });
  assert.equal(issued(await exchange(server, { subject_token, ...agent })).may_act, undefined);
  assert.deepEqual(await errorOf({ subject_token }), [400, 'actor_unauthorized'], 'gateway is not the agent');
});

test('a bound subject token is continued with its key, or bound to the key of the actor where a rule says so (AP-09)', async (t) => {
  const strict = await start(t, profiled());
  const rebinding = await start(
    t,
    profiled([{ ...BESIDE, subject: { ...(BESIDE.subject as Configuration), constrained: 'accept' } }]),
  );
  const [own, another] = [newProver(), newProver()];
  const ask = async (server: TestServer, prover?: typeof own) => {
    const subject_token = await forgedToken(server, { cnf: { jkt: own.jkt } });
    const form = { grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange', ...gateway, subject_token };
    const types = { subject_token_type: type('access_token'), audience: API };
    const headers: Record<string, string> = prover === undefined ? {} : { DPoP: prover.prove(server) };
    return server.token({ ...form, ...types, ...asActor(await tokenOf(server, 'agent')) }, headers);
  };
  const keyOf = async (answer: Promise<Answer>) => (issued(await answer).cnf as { jkt: string }).jkt;
  assert.equal(await keyOf(ask(strict, own)), own.jkt, 'continued');
  assert.equal((await ask(strict, another)).status, 400);
  assert.equal((await ask(strict)).status, 400);
  assert.equal(await keyOf(ask(rebinding, another)), another.jkt, 'bound to the other key');
  assert.equal((await ask(rebinding)).status, 400, 'never without a key');
  assert.equal((await exchange(strict, { subject_token: await subjectToken(strict) })).body.token_type, 'Bearer');
});

test('an assertion with actors is redeemed once, unless it is bound to a key, whatever the entry says (AP-14)', async (t) => {
  const idp = await startIssuer(t);
  const server = await start(t, redeemingOf([granting(idp, { workload: {} })], JOBS));
  const jwtOf = (claims: Record<string, unknown> = {}) =>
    idp.sign({ aud: server.issuer, sub: 'job-1', stage: 'test', ...claims });
  const often = jwtOf();
  for (let time = 0; time < 2; time++) assert.equal((await redeemAlone(server, often)).status, 200);
  const acted = jwtOf({ act: { sub: 'bot', iss: idp.url } });
  assert.equal((await redeemAlone(server, acted)).status, 200);
  const again = await redeemAlone(server, acted);
  assert.deepEqual([again.status, server.audit(again)?.reason], [400, 'assertion_replayed']);
});
