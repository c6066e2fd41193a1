// Delegation over real hops: every token was issued by the server and exchanged again; none is forged.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAct } from '../../src/primitives/principal.ts';
import { act, readAct, refuseActor } from '../support/actors.ts';
import {
  ACTOR_NOT_ALLOWED,
  API,
  assertIssued,
  assertRefused,
  client,
  exchange,
  named,
  SUBJECT_REFUSED,
  withRules,
} from '../support/basics.ts';
import { added, type Configuration, changed, edited } from '../support/configuration.ts';
import { type Answer, claimsOf, type Form, start, type TestServer, type } from '../support/harness.ts';
import { introspect } from '../support/life.ts';

const ELSEWHERE = 'https://idp.example';
const AGENTS = Array.from({ length: 12 }, (_, index) => `agent-${index}`);

/** Twelve agents that may act, each with the grant of the rule. */
const agents = (grant: string, rule = ''): Configuration =>
  changed(
    withRules(
      `{ name: agents, client: gateway, actor: { clients: [${AGENTS.join(', ')}] }, ${rule}grant: { audiences: [${API}], scopes: [read], ${grant} } }`,
    ),
    { clients: added(...AGENTS.map((id) => client(id, { secret: { plain: id } }))) },
  );

async function actAs(server: TestServer, id: string): Promise<Form> {
  const own = await server.token({ grant_type: 'client_credentials', client_id: id, client_secret: id });
  return { actor_token: String(own.body.access_token), actor_token_type: type('access_token') };
}

/** One hop: exchanges the last token with the actor, which becomes the outermost one. */
const hop = async (server: TestServer, last: Answer | undefined, actor: Form = {}): Promise<Answer> =>
  exchange(server, { ...actor, ...(last && { subject_token: String(last.body.access_token) }) });

const actors = (server: TestServer, { body }: Answer): string[] =>
  readAct(claimsOf(body.access_token).act, server.issuer);

test('issues a token without act for the subject, without an actor token: impersonation (RFC 8693 section 1.1; TE-50)', async (t) => {
  const server = await start(t, agents('types: [access_token, jwt]'));
  const answer = await hop(server, undefined);
  assertIssued(server, answer);
  const { sub, act: acting } = claimsOf(answer.body.access_token);
  assert.deepEqual([sub, acting], ['gateway', undefined]);
});

test('keeps the subject and names the actor in act, with an actor token: delegation (RFC 8693 section 1.1; TE-51)', async (t) => {
  const server = await start(t, agents('types: [access_token, jwt]'));
  const answer = await hop(server, undefined, await actAs(server, 'agent-0'));
  assertIssued(server, answer);
  const { sub, act: acting, client_id } = claimsOf(answer.body.access_token);
  assert.deepEqual([sub, acting], ['gateway', { sub: 'agent-0', iss: server.issuer }]);
  assert.equal(client_id, 'gateway', 'the calling client, not the actor (RFC 8693 section 4.3)');
});

for (const [grant, depth] of [
  ['maxDepth: 10', 10],
  ['lifetime: 10m', 5],
  ['maxDepth: 1', 1],
] as const) {
  test(`allows ${depth} actors with { ${grant} }, the last one outermost, and refuses one more (RFC 8693 section 4.1; TE-61, TE-69)`, async (t) => {
    const server = await start(t, agents(grant));
    let last: Answer | undefined;
    const expected: string[] = [];
    for (const agent of AGENTS.slice(0, depth)) {
      last = await hop(server, last, await actAs(server, agent));
      assertIssued(server, last, agent);
      expected.unshift(agent);
      assert.deepEqual(actors(server, last), expected);
      assert.equal(claimsOf(last.body.access_token).sub, 'gateway');
    }
    const beyond = await hop(server, last, await actAs(server, 'agent-11'));
    assertRefused(server, beyond, { ...ACTOR_NOT_ALLOWED, reason: 'chain_too_deep' });
    assert.equal(server.audit(beyond)?.detail, `${depth + 1} actors, ${depth} allowed`);
    const kept = await hop(server, last);
    assert.deepEqual(actors(server, kept), expected, 'without a new actor it may be exchanged further');
  });
}

test('keeps all three hops if A acts for the subject, B after A, and A again', async (t) => {
  const server = await start(t, agents('maxDepth: 3'));
  const [a, b] = [await actAs(server, 'agent-0'), await actAs(server, 'agent-1')];
  const first = await hop(server, undefined, a);
  const second = await hop(server, first, b);
  const third = await hop(server, second, a);
  assert.deepEqual(actors(server, third), ['agent-0', 'agent-1', 'agent-0']);
  const again = await hop(server, third, a);
  assert.deepEqual(actors(server, again), ['agent-0', 'agent-1', 'agent-0'], 'the current actor adds no hop');
  const fourth = await hop(server, again, b);
  assertRefused(server, fourth, { ...ACTOR_NOT_ALLOWED, reason: 'chain_too_deep' });
});

test('returns act and may_act in introspection as they are in the token (RFC 8693 section 4.1; TE-63, IN-04)', async (t) => {
  const server = await start(t, agents('types: [access_token]'));
  const first = await hop(server, undefined, await actAs(server, 'agent-0'));
  const second = await hop(server, first, await actAs(server, 'agent-1'));
  const { act: told } = (await introspect(server, second.body.access_token)).body;
  assert.deepEqual(told, claimsOf(second.body.access_token).act);
  assert.deepEqual(readAct(told, server.issuer), ['agent-1', 'agent-0']);
  const may_act = { iss: server.issuer, sub: 'agent-0' };
  const bound = server.forge({ ...claimsOf(first.body.access_token), act: undefined, may_act });
  assert.deepEqual((await introspect(server, bound)).body.may_act, may_act);
  const clean = await hop(server, undefined);
  assert.equal('act' in (await introspect(server, clean.body.access_token)).body, false);
});

test('accepts a token with a former actor that is disabled now', async (t) => {
  const fixed = changed(agents('types: [access_token]'), { issuer: 'https://login.example' });
  const before = await start(t, fixed);
  const one = await hop(before, undefined, await actAs(before, 'agent-0'));
  const two = await hop(before, one, await actAs(before, 'agent-1'));
  await before.close();
  const after = await start(t, changed(fixed, { clients: edited('agent-0', { disabled: true }) }), {
    folder: before.folder,
  });
  assertIssued(after, await hop(after, two));
  assertRefused(after, await hop(after, one), { ...SUBJECT_REFUSED, reason: 'subject_token_client_disabled' });
});

test('makes the calling client the actor with act: client, without an actor token', async (t) => {
  const rule = agents('types: [access_token], maxDepth: 2', 'act: client, ');
  const server = await start(t, changed(rule, named('ada', 'tool', 'a', 'b')));
  const ada = (claims: Record<string, unknown> = {}): Form => ({
    subject_token: server.forge({ ...forAda(server), ...claims }),
  });
  const acting = async (form: Form): Promise<string[]> => {
    const answer = await exchange(server, form);
    assertIssued(server, answer, JSON.stringify(form));
    return actors(server, answer);
  };
  assert.deepEqual(await acting(ada()), ['gateway']);
  assert.deepEqual(await acting(ada({ act: act('tool') })), ['gateway', 'tool']);
  assert.deepEqual(await acting(ada({ act: act('gateway', 'tool') })), ['gateway', 'tool'], 'it acts already');
  assert.deepEqual(
    await acting({ ...ada(), ...(await actAs(server, 'agent-0')) }),
    ['agent-0'],
    'the actor token counts',
  );
  await refuseActor(server, ada({ act: act('a', 'b') }), 'chain_too_deep');
  await refuseActor(
    server,
    { ...ada(), subject_token: server.forge({ ...forAda(server), sub: 'gateway' }) },
    'actor_is_subject',
  );
  await refuseActor(server, ada({ may_act: { sub: 'agent-0' } }), 'may_act');
  const bound = await exchange(server, ada({ may_act: { sub: 'gateway' } }));
  assert.deepEqual(actors(server, bound), ['gateway']);
  assert.equal(claimsOf(bound.body.access_token).may_act, undefined, 'it is used up by the hop');
  const kept = await exchange(server, ada({ may_act: { sub: 'gateway' }, act: act('gateway') }));
  assert.deepEqual(claimsOf(kept.body.access_token).may_act, { iss: server.issuer, sub: 'gateway' }, 'no hop, no use');
});

/** The claims of a token about ada, issued to the gateway. */
const forAda = (server: TestServer): Record<string, unknown> => {
  const now = Math.floor(server.clock.now / 1000);
  return {
    iss: server.issuer,
    sub: 'ada',
    aud: API,
    client_id: 'gateway',
    iat: now,
    exp: now + 600,
    jti: crypto.randomUUID(),
    scope: 'read',
  };
};

test('accepts a chain of 8192 bytes of JSON, refuses one byte more, and truncates nothing', async (t) => {
  const issuers = [{ issuer: ELSEWHERE, name: 'elsewhere', accepts: ['jwt'], audiences: [API] }];
  const server = await start(t, changed(agents('types: [access_token], maxDepth: 10'), named('ada'), { issuers }));
  const empty = JSON.stringify(formatAct(Array.from({ length: 10 }, () => ({ iss: ELSEWHERE, sub: '' }))));
  const names = (bytes: number): string[] =>
    Array.from({ length: 10 }, (_, index) => 'n'.repeat(index < 9 ? 760 : bytes - empty.length - 9 * 760));
  const form = (bytes: number): Form => ({
    subject_token: server.forge({
      ...forAda(server),
      act: formatAct(names(bytes).map((sub) => ({ iss: ELSEWHERE, sub }))),
    }),
  });
  const exact = await exchange(server, form(8192));
  assertIssued(server, exact);
  assert.equal(Buffer.byteLength(JSON.stringify(claimsOf(exact.body.access_token).act)), 8192);
  await refuseActor(server, form(8193), 'chain_too_large');
});
