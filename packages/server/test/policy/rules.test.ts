// Which rule decides, what it looks at, and how far what it grants may reach.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ACTOR_NOT_ALLOWED,
  API,
  acting,
  assertIssued,
  assertRefused,
  BACKEND,
  exchange,
  forgedToken,
  REQUESTED_TYPE_REFUSED,
  SCOPE_REFUSED,
  SUBJECT_REFUSED,
  startBasic,
  subjectToken,
  TARGET_REFUSED,
  withRules,
} from '../support/basics.ts';
import { type Configuration, changed, edited } from '../support/configuration.ts';
import { type Answer, claimsOf, type Form, start, type TestServer, type } from '../support/harness.ts';

const GRANT = `grant: { audiences: [${API}], scopes: [read] }`;
const NOBODY = { ...SUBJECT_REFUSED, reason: 'no_rule_for_subject' };
const ruleOf = (server: TestServer, answer: Answer): string | undefined => server.audit(answer)?.rule;

test('what no rule allows is refused', async (t) => {
  const closed = await start(t, withRules());
  assertRefused(closed, await exchange(closed), NOBODY);
  const open = await start(t, withRules(`{ client: gateway, subject: { issuer: self }, ${GRANT} }`));
  assertIssued(open, await exchange(open));
});

test('the first rule whose client, subject, actor and target match decides', async (t) => {
  const server = await start(
    t,
    withRules(
      `{ name: of another client, client: stranger, ${GRANT} }`,
      `{ name: of another subject, client: gateway, subject: { clients: [agent] }, ${GRANT} }`,
      `{ name: with an actor, client: gateway, actor: { required: true, clients: [agent] }, ${GRANT} }`,
      `{ name: for the backend, client: gateway, grant: { audiences: [${BACKEND}], scopes: [read] } }`,
      `{ name: first, client: [stranger, gateway], ${GRANT} }`,
      `{ name: second, client: gateway, ${GRANT} }`,
    ),
  );
  const ruled = async (form: Form): Promise<string | undefined> => ruleOf(server, await exchange(server, form));
  assert.equal(await ruled({ audience: API }), 'first');
  assert.equal(await ruled({ audience: BACKEND }), 'for the backend');
  assert.equal(await ruled({ audience: API, ...(await acting(server)) }), 'with an actor');
  assert.equal(await ruled({ subject_token: await forgedToken(server, { client_id: 'agent' }) }), 'of another subject');
  const answer = await exchange(server, { audience: API });
  assert.deepEqual(
    server.audit(answer)?.mismatches?.flatMap(({ rule, part }) => (part === 'client' ? [] : [[rule, part]])),
    [
      ['of another subject', 'subject'],
      ['with an actor', 'actor'],
      ['for the backend', 'target'],
    ],
    'the audit row tells why the others did not',
  );
});

test('skips rules for other subjects and targets, so that a client may have thousands of rules', async (t) => {
  const many = Array.from(
    { length: 200 },
    (_, index) => `{ name: subject ${index}, client: gateway, subject: { clients: [stranger-${index}] }, ${GRANT} }`,
  );
  const server = await start(
    t,
    withRules(
      ...many,
      `{ name: for the agent, client: gateway, subject: { clients: [agent] }, ${GRANT} }`,
      `{ name: watched, client: gateway, mode: audit, ${GRANT} }`,
      `{ name: for the backend, client: gateway, grant: { audiences: [${BACKEND}], scopes: [read] } }`,
      `{ name: last, client: gateway, actor: { forbidden: true }, ${GRANT} }`,
    ),
  );
  const ofAgent = { subject_token: await forgedToken(server, { client_id: 'agent' }) };
  assert.equal(ruleOf(server, await exchange(server, { ...ofAgent, audience: API })), 'for the agent');
  const last = await exchange(server, { audience: API });
  assert.equal(ruleOf(server, last), 'last');
  assert.deepEqual(
    server.audit(last)?.shadows?.map(({ rule }) => rule),
    ['watched'],
  );
  assert.equal(ruleOf(server, await exchange(server, { audience: BACKEND })), 'for the backend');
  const refused = await exchange(server, { audience: API, ...(await acting(server)) });
  assertRefused(server, refused, { ...ACTOR_NOT_ALLOWED, reason: 'no_rule_for_actor' });
  assert.equal(server.audit(refused)?.mismatches?.length, 100, 'a row does not tell of thousands of rules');
});

test('requested type and scope are judged by that rule alone; a later rule never helps out', async (t) => {
  const narrow = `{ name: narrow, client: gateway, grant: { audiences: [${API}], scopes: [read], types: [jwt] } }`;
  const wide = `{ name: wide, client: gateway, grant: { audiences: [${API}], scopes: [read, write], types: [access_token, jwt] } }`;
  const server = await start(t, withRules(narrow, wide));
  const swapped = await start(t, withRules(wide, narrow));
  const type1 = await exchange(server, { requested_token_type: type('access_token') });
  assertRefused(server, type1, { ...REQUESTED_TYPE_REFUSED, reason: 'requested_token_type_not_granted' });
  const scope = { requested_token_type: type('jwt'), scope: 'read write' };
  const answer = await exchange(server, scope);
  assertRefused(server, answer, { ...SCOPE_REFUSED, reason: 'scope_exceeded' });
  assert.equal(ruleOf(server, answer), 'narrow');
  assertIssued(swapped, await exchange(swapped, { requested_token_type: type('access_token') }));
  assertIssued(swapped, await exchange(swapped, scope));
});

test('when no rule matches, the one that came furthest speaks, wherever it stands', async (t) => {
  const client = `{ client: stranger, ${GRANT} }`;
  const subject = `{ client: gateway, subject: { clients: [agent] }, ${GRANT} }`;
  const actor = `{ client: gateway, actor: { required: true, clients: [agent] }, ${GRANT} }`;
  const target = `{ client: gateway, grant: { audiences: [${BACKEND}], scopes: [read] } }`;
  const actorSpeaks = { ...ACTOR_NOT_ALLOWED, reason: 'no_rule_for_actor' };
  const targetSpeaks = { ...TARGET_REFUSED, reason: 'target_not_granted' };
  for (const [rules, refused] of [
    [[client], NOBODY],
    [[subject, client], NOBODY],
    [[client, actor, subject], actorSpeaks],
    [[actor, target], targetSpeaks],
    [[target, actor, subject, client], targetSpeaks],
  ] as const) {
    const server = await start(t, withRules(...rules));
    assertRefused(server, await exchange(server, { audience: API }), refused);
    const open = await start(t, withRules(...rules, `{ client: gateway, ${GRANT} }`));
    assertIssued(open, await exchange(open, { audience: API }));
  }
});

test('a rule chooses subjects by issuer, proven type and client', async (t) => {
  const matches = async (subject: string, form: Form = {}): Promise<boolean> => {
    const server = await start(t, withRules(`{ client: gateway, subject: ${subject}, ${GRANT} }`));
    const answer = await exchange(server, form);
    if (answer.status !== 200) assertRefused(server, answer, NOBODY);
    return answer.status === 200;
  };
  assert.equal(await matches('{ issuer: self }'), true);
  assert.equal(await matches('{ issuer: [https://idp.example, self] }'), true);
  assert.equal(await matches('{ issuer: https://idp.example }'), false);
  assert.equal(await matches('{ types: [access_token] }'), true);
  assert.equal(await matches('{ types: [access_token] }', { subject_token_type: type('jwt') }), true);
  assert.equal(await matches('{ types: [jwt] }', { subject_token_type: type('jwt') }), false);
  assert.equal(await matches('{ clients: [agent, gateway] }'), true);
  assert.equal(await matches('{ clients: gateway }'), true);
  assert.equal(await matches('{ clients: [agent] }'), false);
});

/** `gateway` is an API with this audience, and may exchange what is presented to it. */
const asResource = (base: Configuration, resource: string): Configuration =>
  changed(base, { clients: edited('gateway', { resource }) });

test('the caller must have a claim on the subject token: issued to it, addressed to it, or its origin named by the rule (TE-24)', async (t) => {
  const rule = (subject: string) => withRules(`{ client: gateway, subject: ${subject}, ${GRANT} }`);
  const asked = async (base: Configuration, claims: Record<string, unknown>): Promise<[TestServer, Answer]> => {
    const server = await start(t, base);
    return [server, await exchange(server, { subject_token: await forgedToken(server, claims) })];
  };
  const others = { client_id: 'stranger', aud: BACKEND };
  for (const [base, claims] of [
    [rule('{ issuer: self }'), others],
    [rule('{}'), others],
    [rule('{ clients: [agent] }'), others],
    [asResource(rule('{ issuer: self }'), API), others],
    [asResource(rule('{ issuer: self }'), API), { ...others, aud: `${API}/v1` }],
  ] as const) {
    const [server, answer] = await asked(base, claims);
    assertRefused(server, answer, NOBODY);
  }
  for (const [base, claims] of [
    [rule('{ issuer: self }'), { ...others, client_id: 'gateway' }],
    [rule('{ issuer: self }'), { ...others, aud: 'gateway' }],
    [rule('{ clients: [stranger] }'), others],
    [asResource(rule('{ issuer: self }'), BACKEND), others],
    [asResource(rule('{ issuer: self }'), BACKEND), { ...others, aud: [API, BACKEND] }],
  ] as const) {
    const [server, answer] = await asked(base, claims);
    assertIssued(server, answer, JSON.stringify([base.rules, claims]));
  }
});

test('the audience that a client is may be written with a slash, as everywhere (RFC 3986 section 6.2.3)', async (t) => {
  const yaml = withRules(`{ client: gateway, subject: { issuer: self }, ${GRANT} }`);
  for (const audience of [BACKEND, `${BACKEND}/`]) {
    const server = await start(t, asResource(yaml, audience));
    const subject_token = await forgedToken(server, { client_id: 'stranger', aud: BACKEND });
    assertIssued(server, await exchange(server, { subject_token }), audience);
  }
});

test('a rule may require an actor, forbid one, or name those who may act (TE-68)', async (t) => {
  const ask = async (actor: string, form: (server: TestServer) => Promise<Form>): Promise<number> => {
    const server = await start(t, withRules(`{ client: gateway, actor: ${actor}, ${GRANT} }`));
    const answer = await exchange(server, await form(server));
    if (answer.status !== 200) assertRefused(server, answer, { ...ACTOR_NOT_ALLOWED, reason: 'no_rule_for_actor' });
    return answer.status;
  };
  const nobody = async () => ({});
  const agent = (server: TestServer) => acting(server);
  const gatewaysOwn = (server: TestServer) => acting(server, { sub: 'stranger', client_id: 'gateway' });
  assert.deepEqual(
    [
      await ask('{ required: true, clients: [agent] }', agent),
      await ask('{ required: true, clients: [agent] }', nobody),
    ],
    [200, 400],
  );
  assert.deepEqual(
    [await ask('{ forbidden: true }', nobody), await ask('{ forbidden: true }', gatewaysOwn)],
    [200, 400],
  );
  assert.deepEqual([await ask('{ clients: [agent] }', nobody), await ask('{ clients: [agent] }', agent)], [200, 200]);
  assert.equal(await ask('{ clients: [agent] }', gatewaysOwn), 400);
  // Without a name the actor token needs an origin as the subject token does.
  assert.deepEqual(
    [await ask('{}', gatewaysOwn), await ask('{}', agent), await ask('{ issuer: self }', agent)],
    [200, 400, 400],
  );
});

test('scope is what subject, client, rule and every target have in common, and asking for more is refused (TE-53)', async (t) => {
  const server = await start(
    t,
    withRules(`{ client: gateway, grant: { audiences: [${API}, ${BACKEND}], scopes: [read, admin] } }`),
  );
  const subject = (scope: string): Promise<string> => forgedToken(server, { scope });
  const given = await exchange(server, { subject_token: await subject('read write admin'), audience: API });
  assert.equal(given.body.scope, 'read', 'write is not in the rule, admin not in the client');
  for (const [scope, form] of [
    ['read write', { scope: 'write' }],
    ['read admin', { scope: 'admin' }],
    ['openid', { scope: 'read' }],
    ['read', { scope: 'read admin', audience: BACKEND }],
  ] as const) {
    const answer = await exchange(server, { subject_token: await subject(scope), ...form });
    assertRefused(server, answer, { ...SCOPE_REFUSED, reason: 'scope_exceeded' });
  }
  const none = await exchange(server, { subject_token: await subject('write') });
  assertRefused(server, none, { ...SCOPE_REFUSED, reason: 'scope_empty' });
  const without = await exchange(server, { subject_token: await forgedToken(server, { scope: undefined }) });
  assertRefused(server, without, { ...SCOPE_REFUSED, reason: 'scope_empty' });
});

test('lifetime is the least that target, rule, subject and actor leave (TE-35, TE-53)', async (t) => {
  const server = await startBasic(t);
  const now = Math.floor(server.clock.now / 1000);
  const life = async (form: Form): Promise<unknown> => {
    const { body } = await exchange(server, form);
    const { iat, exp } = claimsOf(body.access_token);
    assert.equal(body.expires_in, Number(exp) - Number(iat));
    return body.expires_in;
  };
  assert.equal(await life({ audience: API }), 1800, 'the rule');
  assert.equal(await life({ audience: [API, BACKEND], scope: 'read' }), 600, 'the shorter of two targets');
  assert.equal(await life({ subject_token: await forgedToken(server, { exp: now + 90 }) }), 90, 'the subject');
  assert.equal(await life(await acting(server, { exp: now + 45 })), 45, 'the actor');
  assert.equal(await life({ subject_token: await subjectToken(server), audience: BACKEND }), 600, 'the target');
});
