// A rule in audit mode is watched before it decides: what it would have said is in the row, and nothing else comes of it.
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
  SUBJECT_REFUSED,
  subjectToken,
  TARGET_REFUSED,
  withRules,
} from '../support/basics.ts';
import { beside } from '../support/command.ts';
import { start, type } from '../support/harness.ts';

const grant = (scopes: string, more = ''): string => `grant: { audiences: [${API}], scopes: [${scopes}]${more} }`;
const NOBODY = { ...SUBJECT_REFUSED, reason: 'no_rule_for_subject' };

test('a rule in audit mode allows nothing: the row tells what it would have given', async (t) => {
  const rule = (mode: string): string => `{ name: new, client: gateway, ${mode}${grant('read')} }`;
  const [watched, enforced] = [await start(t, withRules(rule('mode: audit, '))), await start(t, withRules(rule('')))];
  const answer = await exchange(watched);
  assertRefused(watched, answer, NOBODY);
  assert.deepEqual(watched.audit(answer)?.shadows, [{ rule: 'new', targets: [API], scope: ['read'] }]);
  const twin = await exchange(enforced);
  assertIssued(enforced, twin);
  assert.deepEqual([enforced.audit(twin)?.shadows, enforced.audit(twin)?.rule], [undefined, 'new']);
});

test('it takes nothing from the rule that decides, neither before it nor after it', async (t) => {
  const watched = `{ name: strict, mode: audit, client: gateway, ${grant('read', ', lifetime: 1m')} }`;
  const enforced = `{ name: lax, client: gateway, ${grant('read, write')} }`;
  for (const [rules, shadows] of [
    [[watched, enforced], [{ rule: 'strict', targets: [API], scope: ['read'] }]],
    [[enforced, watched], undefined],
    [[enforced], undefined],
  ] as const) {
    const server = await start(t, withRules(...rules));
    const answer = await exchange(server);
    assertIssued(server, answer);
    assert.deepEqual([answer.body.scope, answer.body.expires_in], ['read write', 3600]);
    assert.deepEqual([server.audit(answer)?.rule, server.audit(answer)?.shadows], ['lax', shadows]);
  }
});

test('where it would have refused, the reason is told: type, scope, depth, acr', async (t) => {
  const watched = (name: string, more: string): string =>
    `{ name: ${name}, mode: audit, client: gateway, actor: { clients: [agent] }, ${more} }`;
  const server = await start(
    t,
    withRules(
      watched('types', grant('read', ', types: [jwt]')),
      watched('scope', grant('admin')),
      watched('depth', grant('read', ', maxDepth: 0')),
      watched('client acts', `act: client, ${grant('read')}`),
      watched('good', grant('read')),
      `{ name: decides, client: gateway, actor: { clients: [agent] }, ${grant('read, write')} }`,
    ),
  );
  const answer = await exchange(server, await acting(server));
  assertIssued(server, answer);
  assert.deepEqual(server.audit(answer)?.shadows, [
    { rule: 'types', reason: 'requested_token_type_not_granted' },
    { rule: 'scope', reason: 'scope_empty' },
    { rule: 'depth', reason: 'chain_too_deep' },
    { rule: 'client acts', targets: [API], scope: ['read'] },
    { rule: 'good', targets: [API], scope: ['read'] },
  ]);
  assert.equal(answer.body.scope, 'read write');
  const alone = await exchange(server);
  assert.equal(server.audit(alone)?.shadows?.find(({ rule }) => rule === 'client acts')?.reason, 'actor_is_subject');
});

test('what it would have matched does not change the sentence of a refusal', async (t) => {
  const near = { name: 'near', client: 'gateway', grant: { audiences: [BACKEND], scopes: ['read'] } };
  const far = `{ name: far, client: gateway, actor: { required: true, clients: [agent] }, ${grant('read')} }`;
  const server = await start(t, withRules({ ...near, mode: 'audit' }, far));
  const answer = await exchange(server, { audience: API });
  assertRefused(server, answer, { ...ACTOR_NOT_ALLOWED, reason: 'no_rule_for_actor' });
  assert.deepEqual(
    server.audit(answer)?.mismatches?.map(({ rule, what }) => [rule, what]),
    [
      ['near', 'grant.audiences'],
      ['far', 'actor.required'],
    ],
  );
  const enforced = await start(t, withRules(near, far));
  assertRefused(enforced, await exchange(enforced, { audience: API }), {
    ...TARGET_REFUSED,
    reason: 'target_not_granted',
  });
});

test('a condition in audit mode is asked like any other, and its claims are recorded', async (t) => {
  const rule = `{ name: red, mode: audit, client: gateway, when: 'subject.claims.tenant == "red"', ${grant('read')} }`;
  const server = await start(t, withRules(rule, `{ name: all, client: gateway, ${grant('read')} }`));
  for (const [tenant, shadows] of [
    ['red', [{ rule: 'red', targets: [API], scope: ['read'] }]],
    ['blue', undefined],
  ] as const) {
    const answer = await exchange(server, { subject_token: await forgedToken(server, { tenant }) });
    assertIssued(server, answer);
    assert.deepEqual(
      [server.audit(answer)?.shadows, server.audit(answer)?.facts],
      [shadows, { 'subject.claims.tenant': tenant }],
    );
  }
});

test('it gives no refresh token and uses up nothing', async (t) => {
  const rule = `{ name: refreshes, mode: audit, client: gateway, ${grant('read', ', types: [refresh_token], refreshToken: true')} }`;
  const server = await start(t, withRules(rule));
  const answer = await exchange(server, { requested_token_type: type('refresh_token') });
  assertRefused(server, answer, NOBODY);
  assert.deepEqual(server.audit(answer)?.shadows, [{ rule: 'refreshes', reason: 'requested_token_type_needs_grant' }]);
  const enforced = await start(
    t,
    withRules(`{ name: refreshes, client: gateway, ${grant('read', ', refreshToken: true')} }`),
  );
  assertIssued(enforced, await exchange(enforced));
});

test('explain says of it that it is only watched, and what it would have done, now and from the row', async (t) => {
  const server = await start(
    t,
    withRules(
      `{ name: gives, mode: audit, client: gateway, ${grant('read')} }`,
      `{ name: refuses, mode: audit, client: gateway, ${grant('admin')} }`,
      `{ name: decides, client: gateway, ${grant('read, write')} }`,
    ),
  );
  const subject_token = await subjectToken(server);
  const answer = await exchange(server, { subject_token });
  assertIssued(server, answer);
  const now = await beside(t, server, ['explain', '--client', 'gateway', '--subject-token', subject_token]);
  const then = await beside(t, server, ['explain', '--request', String(answer.headers.get('x-request-id'))]);
  for (const { code, stdout } of [now, then]) {
    assert.equal(code, 0);
    const rules = stdout.slice(stdout.indexOf('The rules'), stdout.indexOf('\n\nThe token would say'));
    assert.equal(
      `${rules.trimEnd()}\n`,
      `The rules, in order
    “gives” is only watched (mode: audit): it would allow “read” at ${API}
    “refuses” is only watched (mode: audit): it would decide, and refuse: subject, client, rule and targets have no scope in common
  → “decides” decides
`,
    );
  }
});
